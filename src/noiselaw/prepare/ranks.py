"""Genes of a cell by rank, as Geneformer reads them (Theodoris et al. 2023): counts over the gene's usual count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from noiselaw.arrays import take_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, IntArray, Matrix, Prepared

__all__ = ["nonzero_medians", "ranked"]

#: Rows read, or ranked, at once.
_ROWS = 4096


def nonzero_medians(counts: Matrix, rows: IntArray, columns: IntArray) -> FloatArray:
    """Return the median of each of ``columns`` over the cells of ``rows`` that have it; NaN where none has."""
    starts = range(0, len(rows), _ROWS)
    blocks = [sparse.csr_matrix(take_rows(counts, rows[start : start + _ROWS]))[:, columns] for start in starts]
    chosen = sparse.vstack(blocks, format="csc").astype(np.float64)
    chosen.sum_duplicates()
    chosen.eliminate_zeros()
    ends = chosen.indptr
    return np.array([np.median(chosen.data[a:b]) if b > a else np.nan for a, b in zip(ends, ends[1:], strict=False)])


def ranked(prepared: Prepared, medians: FloatArray) -> Prepared:
    """Return counts as ranks: the gene with the highest count over its median is 1; absent genes are not stored.

    Genes that tie stand in the order of the features. A gene without a median (no training cell has it) is left out.
    """
    values = prepared.values
    starts = range(0, max(values.shape[0], 1), _ROWS)
    blocks = [_ranked(values[start : start + _ROWS], medians) for start in starts]
    return replace(prepared, view="ranks", values=sparse.vstack(blocks, format="csr", dtype=np.float32))


def _ranked(counts: sparse.csr_matrix, medians: FloatArray) -> sparse.csr_matrix:
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    scaled = counts.data / medians[counts.indices]
    known = np.isfinite(scaled) & (scaled > 0)
    row, column, scaled = row[known], counts.indices[known], scaled[known]
    order = np.lexsort((column, -scaled, row))
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=counts.shape[0]))])
    rank: NDArray[np.float32] = np.empty(len(row), dtype=np.float32)
    rank[order] = np.arange(len(row)) - starts[row[order]] + 1
    return sparse.csr_matrix((rank, column, starts), shape=counts.shape)
