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

#: Rows read at once, few enough to stay in the processor's cache. Changing it moves scores in their last digit.
_ROWS = 512
#: Points under a loess window below which it would thread through the genes instead of smoothing them
#: (and, at none, crash the library).
_WINDOW = 10
#: Wider windows tried when the asked-for one is singular, as it is where thinning leaves few distinct means.
_WIDER = (0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums, sums of squares, means and variances of genes (n genes,) over ``n`` cells, ``n_empty`` of them empty."""

    n: int
    n_empty: int
    total: FloatArray
    squares: FloatArray
    mean: FloatArray
    variance: FloatArray

    def take(self, genes: IntArray) -> Moments:
        """Return the moments of ``genes`` only."""
        columns = (self.total, self.squares, self.mean, self.variance)
        return Moments(self.n, self.n_empty, *(values[genes] for values in columns))


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
    return Moments(n, n_empty, total, squares, total / n, variance)


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
    """Return the variance of the standardised counts of genes ``kept`` (whose moments are ``found``).

    As in Seurat v3, a standardised count is clipped at √n.
    """
    deviation = np.sqrt(10**expected)
    clip = np.full(counts.shape[1], np.inf)
    clip[kept] = deviation * np.sqrt(found.n) + found.mean
    # Few counts are clipped: what clipping takes off is summed, not what it leaves.
    excess, excess_squares = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for block in _blocks(counts, rows):
        limits = clip[block.indices]
        high = np.flatnonzero(block.data > limits)
        genes, values, limits = block.indices[high], block.data[high], limits[high]
        excess += np.bincount(genes, weights=values - limits, minlength=len(excess))
        excess_squares += np.bincount(genes, weights=values**2 - limits**2, minlength=len(excess))
    total, squares = found.total - excess[kept], found.squares - excess_squares[kept]
    mean = found.mean
    spread = found.n * mean**2 + squares - 2 * total * mean
    score: FloatArray = spread / ((found.n - 1) * deviation**2)
    return score


def rank_genes(counts: Matrix, rows: IntArray, found: Moments, kept: IntArray, span: float) -> Ranking:
    """Score how variable the genes ``kept`` (columns of ``counts``) are over ``rows``.

    Where loess cannot be fitted with ``span`` (few genes, or few distinct means after heavy thinning) wider spans
    are tried, then variance over mean takes its place; ``Ranking.fallback`` says so.
    """
    part = found.take(kept)
    expected, used, reason = _trend(part, span)
    if expected is None:
        score = np.divide(part.variance, part.mean, out=np.zeros(len(kept)), where=part.mean > 0)
        return Ranking(score, "variance over mean", f"{reason}; genes ranked by variance over mean instead")
    score = _standardised_variance(counts, rows, part, kept, expected)
    return Ranking(score, f"seurat_v3 (span {used:g})", f"{reason}; span {used:g} used instead" if reason else "")
