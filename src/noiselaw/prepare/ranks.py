"""Genes of a cell by rank, as Geneformer reads them (Theodoris et al. 2023): counts over the gene's usual count."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
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


def ranked(prepared: Prepared, medians: FloatArray, *, shuffled: bool = False) -> Prepared:
    """Return counts as ranks: the gene with the highest count over its median is 1; absent genes are not stored.

    Genes that tie stand in the order of the features or, ``shuffled``, in an order that each cell's name sets: the same
    whenever and beside whichever others the cell is ranked. A gene without a median (no training cell has it) is left
    out.
    """
    values, names = prepared.values, prepared.names if shuffled else None
    parts = [slice(start, start + _ROWS) for start in range(0, max(values.shape[0], 1), _ROWS)]
    blocks = [_ranked(values[part], medians, None if names is None else names[part]) for part in parts]
    return replace(prepared, view="ranks", values=sparse.vstack(blocks, format="csr", dtype=np.float32))


def _ranked(counts: sparse.csr_matrix, medians: FloatArray, names: NDArray[np.str_] | None) -> sparse.csr_matrix:
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    scaled = counts.data / medians[counts.indices]
    known = np.isfinite(scaled) & (scaled > 0)
    row, column, scaled = row[known], counts.indices[known], scaled[known]
    order = np.lexsort((column if names is None else _scrambled(names, row, column), -scaled, row))
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=counts.shape[0]))])
    rank: NDArray[np.float32] = np.empty(len(row), dtype=np.float32)
    rank[order] = np.arange(len(row)) - starts[row[order]] + 1
    return sparse.csr_matrix((rank, column, starts), shape=counts.shape)


def _scrambled(names: NDArray[np.str_], row: IntArray, column: IntArray) -> NDArray[np.uint64]:
    """Return a number for each entry that follows from its cell's name and its column only (splitmix64 of both)."""
    hashes = [int.from_bytes(blake2b(str(name).encode(), digest_size=8).digest(), "little") for name in names]
    x = np.array(hashes, dtype=np.uint64)[row] + column.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
