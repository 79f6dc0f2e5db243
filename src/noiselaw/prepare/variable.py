"""Which genes vary more than their mean explains: the ranking of Seurat v3 on sparse counts.

The same numbers as ``scanpy.pp.highly_variable_genes(flavor="seurat_v3")`` (Stuart et al. 2019), without an AnnData
object and without copying the training cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from noiselaw.arrays import take_rows
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noiselaw.records import FloatArray, IntArray, Matrix

__all__ = ["Moments", "Ranking", "moments", "rank_genes"]

#: Rows read at once: a copy of this many is the most that a pass over the counts needs. Changing it moves sums of
#: clipped counts in their last digit.
_ROWS = 8192
#: Points under a loess window below which it would thread through the genes instead of smoothing them
#: (and, at none, crash the library).
_WINDOW = 10
#: Wider windows tried when the asked-for one is singular, as it is where thinning leaves few distinct means.
_WIDER = (0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Moments:
    """Totals, means and variances of each gene (n genes,) over ``n`` cells, of which ``n_empty`` hold no molecule."""

    n: int
    n_empty: int
    total: FloatArray
    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True, eq=False)
class Ranking:
    """How variable each gene is (n genes,), by which method, and why it is not the asked-for one (else "")."""

    score: FloatArray
    method: str
    fallback: str = ""


def _blocks(counts: Matrix, rows: IntArray) -> Iterator[sparse.csr_matrix]:
    for start in range(0, len(rows), _ROWS):
        block = sparse.csr_matrix(take_rows(counts, rows[start : start + _ROWS]), dtype=np.float64)
        block.sum_duplicates()
        yield block


def _per_gene(block: sparse.csr_matrix, values: FloatArray) -> FloatArray:
    sums: FloatArray = np.bincount(block.indices, weights=values, minlength=block.shape[1]).astype(
        np.float64, copy=False
    )
    return sums


def moments(counts: Matrix, rows: IntArray) -> Moments:
    """Return the moments of every gene over ``rows`` of ``counts`` (n cells, n genes)."""
    total, squares = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    n_empty = 0
    for block in _blocks(counts, rows):
        total += _per_gene(block, block.data)
        squares += _per_gene(block, block.data**2)
        n_empty += int((np.asarray(block.sum(axis=1)) == 0).sum())
    n = len(rows)
    # On integers this form is exact, so a gene that does not vary has a variance of exactly 0.
    variance = (n * squares - total**2) / (n * max(n - 1, 1))
    return Moments(n, n_empty, total, total / n, variance)


def _smooth(x: FloatArray, y: FloatArray, span: float) -> FloatArray | str:
    """Return the loess fit of y on x (degree 2), or in a few words why there is none."""
    if int(span * len(x)) < _WINDOW:
        return f"{len(x)} varying genes are too few"
    model = require("skmisc.loess", "Choosing variable genes").loess(x, y, span=span, degree=2)
    try:
        model.fit()
    except ValueError as error:
        text = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        return text.rstrip(".")
    fitted = np.asarray(model.outputs.fitted_values)
    return fitted if np.isfinite(fitted).all() else "the fit is not finite"


def _trend(found: Moments, span: float) -> tuple[FloatArray | None, float, str]:
    """Return log10 of the variance expected at each gene's mean, the span that gave it, and why it is another one."""
    varying = found.variance > 0
    x, y = np.log10(found.mean[varying]), np.log10(found.variance[varying])
    reason = ""
    for tried in (span, *(wider for wider in _WIDER if wider > span)):
        fitted = _smooth(x, y, tried)
        if not isinstance(fitted, str):
            expected = np.zeros(len(found.mean))
            expected[varying] = fitted
            return expected, tried, reason
        reason = reason or f"loess with span {span:g} failed ({fitted})"
    return None, span, reason


def _standardised_variance(
    counts: Matrix, rows: IntArray, found: Moments, kept: IntArray, expected: FloatArray
) -> FloatArray:
    """Return the variance of each kept gene's standardised counts, clipped at √n as in Seurat v3."""
    deviation = np.sqrt(10**expected)
    clip = np.full(counts.shape[1], np.inf)
    clip[kept] = deviation * np.sqrt(found.n) + found.mean[kept]
    total, squares = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for block in _blocks(counts, rows):
        clipped = np.minimum(block.data, clip[block.indices])
        total += _per_gene(block, clipped)
        squares += _per_gene(block, clipped**2)
    mean = found.mean[kept]
    spread = found.n * mean**2 + squares[kept] - 2 * total[kept] * mean
    score: FloatArray = spread / ((found.n - 1) * deviation**2)
    return score


def rank_genes(counts: Matrix, rows: IntArray, found: Moments, kept: IntArray, span: float) -> Ranking:
    """Score how variable the genes ``kept`` (columns of ``counts``) are over ``rows``.

    Where loess cannot be fitted with ``span`` (few genes, or few distinct means after heavy thinning) wider spans
    are tried, then variance over mean takes its place; ``Ranking.fallback`` says so.
    """
    part = Moments(found.n, found.n_empty, found.total[kept], found.mean[kept], found.variance[kept])
    expected, used, reason = _trend(part, span)
    if expected is None:
        score = np.divide(part.variance, part.mean, out=np.zeros(len(kept)), where=part.mean > 0)
        return Ranking(score, "variance over mean", f"{reason}; genes ranked by variance over mean instead")
    score = _standardised_variance(counts, rows, found, kept, expected)
    return Ranking(score, f"seurat_v3 (span {used:g})", f"{reason}; span {used:g} used instead" if reason else "")
