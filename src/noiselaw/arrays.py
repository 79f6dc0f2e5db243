"""The only file that asks whether an array is sparse, dense or on disk.

A *matrix* here is a numpy array (or memory map), a scipy sparse matrix or array, AnnData's sparse matrices on disk
(``anndata.abc.CSRDataset``, ``CSCDataset``), an ``h5py.Dataset`` or a ``zarr.Array``; observations are its rows.
Whatever can be done block by block is, so that no whole copy is made and a matrix on disk is never loaded at once.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from scipy import sparse

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from noiselaw.records import IntArray, Matrix

__all__ = [
    "LARGEST_COUNT",
    "Block",
    "as_csr",
    "as_dense",
    "blocks",
    "by_rows",
    "canonical",
    "check_counts",
    "check_finite",
    "column_sums",
    "copied",
    "is_backed",
    "is_sparse",
    "row_chunks",
    "row_sums",
    "same_kind",
    "take_rows",
    "total",
]

#: No observation holds more molecules of one feature than this.
LARGEST_COUNT = 2**31 - 1

#: Stored entries of a block: a few MB, so that a block's work stays in the processor's cache.
_ENTRIES = 2**19

_Layout = Literal["csr", "csc", "dense"]


class Block(NamedTuple):
    """A part of a matrix in memory: which ``rows`` and ``columns`` it spans, and its CSR, CSC or dense ``values``."""

    rows: slice
    columns: slice
    values: Any

    @property
    def entries(self) -> NDArray[Any]:
        """The stored entries, in the order in which they lie."""
        entries: NDArray[Any] = self.values.data if _in_memory_sparse(self.values) else self.values
        return entries


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """Return classes of a library that is loaded: nobody can hand over an object of one that is not."""
    found = sys.modules.get(module)
    return tuple(getattr(found, name) for name in names) if found is not None else ()


def _in_memory_sparse(x: Matrix) -> bool:
    return bool(sparse.issparse(x))


def _backed_layout(x: Matrix) -> _Layout | None:
    if isinstance(x, _loaded("anndata.abc", "CSRDataset")):
        return "csr"
    if isinstance(x, _loaded("anndata.abc", "CSCDataset")):
        return "csc"
    if isinstance(x, _loaded("h5py", "Dataset") + _loaded("zarr", "Array")):
        return "dense"
    return None


def _layout(x: Matrix) -> _Layout:
    """Return how the entries of ``x`` lie, refusing what is no matrix."""
    layout = _backed_layout(x)
    if layout is None and _in_memory_sparse(x):
        layout = "csc" if x.format == "csc" else "csr"
    elif layout is None and isinstance(x, np.ndarray):
        layout = "dense"
    if layout is None:
        raise InputError(
            "A matrix must be a numpy array, a scipy sparse matrix, or one on disk (AnnData's, h5py, zarr); got "
            f"{type(x).__module__}.{type(x).__qualname__}. Pass the matrix itself, e.g. adata.X or frame.to_numpy()."
        )
    if len(x.shape) != 2:
        raise InputError(
            f"A matrix must have two dimensions, (observations, features); got shape {tuple(x.shape)}. "
            "Reshape it to one row per observation."
        )
    return layout


def is_sparse(x: Matrix) -> bool:
    """Return whether ``x`` stores only some of its entries, in memory or on disk."""
    return _layout(x) != "dense"


def is_backed(x: Matrix) -> bool:
    """Return whether ``x`` reads from disk through a library (a numpy memory map counts as memory)."""
    return _backed_layout(x) is not None


def _runs(length: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _cuts(indptr: IntArray, entries: int) -> list[int]:
    """Cut the major axis into runs of at most ``entries`` stored entries, or of one row that has more."""
    cuts, last = [0], len(indptr) - 1
    while cuts[-1] < last:
        reach = int(np.searchsorted(indptr, int(indptr[cuts[-1]]) + entries, side="right")) - 1
        cuts.append(max(reach, cuts[-1] + 1))
    return cuts


def _compressed_part(x: Any, start: int, stop: int) -> Any:
    """Return rows (columns of CSC) ``start`` to ``stop`` of a canonical matrix, without copying its entries."""
    first, last = int(x.indptr[start]), int(x.indptr[stop])
    shape = (stop - start, x.shape[1]) if x.format == "csr" else (x.shape[0], stop - start)
    part = _family(x)[x.format](shape, dtype=x.dtype)
    # Set one by one, because the constructor copies whatever is a small part of a larger array.
    part.data, part.indices, part.indptr = x.data[first:last], x.indices[first:last], x.indptr[start : stop + 1] - first
    part.has_canonical_format = True
    return part


def _family(x: Any) -> dict[str, Any]:
    """Return the constructors of sparse arrays if ``x`` is one, else of sparse matrices (as AnnData keeps them)."""
    if isinstance(x, sparse.sparray):
        return {"csr": sparse.csr_array, "csc": sparse.csc_array}
    return {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix}


def blocks(x: Matrix, entries: int = _ENTRIES) -> Iterator[Block]:
    """Iterate over ``x`` in the order in which its entries lie: by rows, or by columns where it is CSC.

    Blocks of a matrix in memory are views; those of a matrix on disk are read as they are needed. Each holds about
    ``entries`` stored entries; sparse ones have sorted indices without duplicates.
    """
    layout, backed = _layout(x), is_backed(x)
    rows, columns = int(x.shape[0]), int(x.shape[1])
    if layout == "dense":
        for part in _runs(rows, max(1, entries // max(1, columns))):
            yield Block(part, slice(0, columns), np.asarray(x[part]))
        return
    x = canonical(x)
    for start, stop in pairwise(_cuts(np.asarray(x.group["indptr"]) if backed else x.indptr, entries)):
        part = slice(start, stop)
        if not backed:
            values = _compressed_part(x, start, stop)
        else:
            values = canonical(x[part] if layout == "csr" else x[:, part])
        yield Block(part, slice(0, columns), values) if layout == "csr" else Block(slice(0, rows), part, values)


def canonical(x: Matrix) -> Matrix:
    """Return a sparse matrix in memory as CSR (or CSC, where it is) with sorted indices and duplicates summed.

    ``x`` itself where it is so already, is dense or on disk.
    """
    if not _in_memory_sparse(x):
        return x
    if x.format not in ("csr", "csc"):
        x = x.tocsr()
    if x.has_canonical_format:
        return x
    x = x.copy()
    x.sum_duplicates()
    return x


def by_rows(x: Matrix) -> Matrix:
    """Return ``x`` itself, or as CSR in memory where it is CSC, so that its entries lie row by row."""
    return as_csr(x) if _layout(x) == "csc" else canonical(x)


def row_chunks(x: Matrix, rows: int | None = None) -> Iterator[tuple[slice, Any]]:
    """Iterate over ``x`` by consecutive rows as CSR (from any sparse matrix) or dense blocks in memory.

    CSC is turned into CSR once, in memory; every other kind is read as it is needed. By default a block has as many
    ``rows`` as hold about half a million stored entries.
    """
    x = by_rows(x)
    if rows is None:
        yield from ((block.rows, block.values) for block in blocks(x))
        return
    for part in _runs(int(x.shape[0]), rows):
        yield part, canonical(x[part])


def as_csr(x: Matrix) -> Any:
    """Return ``x`` as CSR in memory, with sorted indices and duplicates summed; ``x`` itself where it is so already."""
    if _layout(x) == "dense":
        parts = [sparse.csr_matrix(block.values) for block in blocks(x)]
        return sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix(x.shape, dtype=x.dtype)
    return canonical((x.to_memory() if is_backed(x) else x).tocsr())


def as_dense(x: Matrix) -> NDArray[Any]:
    """Return ``x`` as a dense array in memory; ``x`` itself where it is one already."""
    if _layout(x) == "dense":
        return np.asarray(x[:] if is_backed(x) else x)
    dense: NDArray[Any] = (x.to_memory() if is_backed(x) else x).toarray()
    return dense


def same_kind(values: Any, like: Matrix) -> Any:
    """Return in-memory ``values`` laid out as ``like``: dense, CSR or CSC, sparse matrix or sparse array."""
    layout = _layout(like)
    if layout == "dense":
        return as_dense(values)
    return _family(like)[layout](values)


def copied(x: Matrix) -> Any:
    """Return a copy of ``x`` in memory as CSR, CSC or dense."""
    layout = _layout(x)
    if layout == "dense":
        return np.array(x[:] if is_backed(x) else x)
    return x.to_memory() if is_backed(x) else _family(x)[layout](x, copy=True)


def take_rows(x: Matrix, rows: IntArray) -> Any:
    """Return the observations ``rows``, in that order (repeats allowed), in memory as CSR, CSC or dense."""
    if not is_backed(x):
        _layout(x)
        return canonical(x)[rows]
    # Files are read in order and each row once.
    wanted, back = np.unique(np.asarray(rows), return_inverse=True)
    by_lists = isinstance(x, _loaded("zarr", "Array"))
    return (x.oindex if by_lists else x)[wanted][back]


def _major_sums(values: Any, dtype: Any) -> NDArray[Any]:
    sums = np.zeros(len(values.indptr) - 1, dtype=dtype)
    filled = np.flatnonzero(np.diff(values.indptr))
    if len(filled):
        sums[filled] = np.add.reduceat(values.data, values.indptr[filled], dtype=dtype)
    return sums


def _sums(x: Matrix, axis: Literal[0, 1]) -> NDArray[Any]:
    """Sum along ``axis`` in int64 (whole-number dtypes) or float64, block by block."""
    layout, length = _layout(x), int(x.shape[1 - axis])
    dtype = np.dtype(np.float64 if np.issubdtype(x.dtype, np.floating) else np.int64)
    sums = np.zeros(length, dtype=dtype)
    for block in blocks(x):
        part = block.columns if axis == 0 else block.rows
        if layout == "dense":
            sums[part] += block.values.sum(axis=axis, dtype=dtype)
        elif (layout == "csr") == (axis == 1):
            sums[part] += _major_sums(block.values, dtype)
        else:
            # Exact for whole numbers up to 2^53.
            sums += np.bincount(block.values.indices, block.values.data, length).astype(dtype, copy=False)
    return sums


def total(x: Matrix) -> int:
    """Return the sum of a matrix of counts."""
    # Sums of whole numbers are exact in float64 up to 2^53, and in any order.
    return int(sum(float(block.entries.sum(dtype=np.float64)) for block in blocks(x)))


def row_sums(x: Matrix) -> NDArray[Any]:
    """Return the total of each observation, (n observations,): int64 for whole-number dtypes, else float64."""
    return _sums(x, 1)


def column_sums(x: Matrix) -> NDArray[Any]:
    """Return the total of each feature, (n features,): int64 for whole-number dtypes, else float64."""
    return _sums(x, 0)


def check_counts(
    x: Matrix,
    names: Sequence[str] | NDArray[Any] | None = None,
    features: Sequence[str] | NDArray[Any] | None = None,
    *,
    allow_zero: bool = False,
) -> None:
    """Refuse what cannot be counts of molecules (n observations, n features). Whole numbers of any dtype are fine.

    Parameters
    ----------
    x, names, features
        The matrix, and the names of its cells and genes for the message; their positions by default.
    allow_zero
        Accept a matrix without a single molecule (what strong thinning leaves).

    Raises
    ------
    InputError
        Naming the first entry (by observation, then feature) that is negative, not finite, fractional or too large;
        or saying that the matrix is empty.
    """
    _check_shape(x)
    found = _first_bad(x, _not_counts)
    if found is not None:
        rule, remedy = _fault(found[2])
        raise InputError(f"{rule}; {_where(*found, names, features)} {remedy}")
    if not allow_zero and not any(block.entries.any() for block in blocks(x)):
        raise InputError(f"A matrix of counts must hold at least one molecule; all {x.shape} entries are 0.")


def check_finite(
    x: Matrix,
    names: Sequence[str] | NDArray[Any] | None = None,
    features: Sequence[str] | NDArray[Any] | None = None,
) -> None:
    """Refuse an empty matrix and entries that are no finite real numbers, naming the first (see `check_counts`)."""
    _check_shape(x)
    found = _first_bad(x, lambda values: ~np.isfinite(values))
    if found is not None:
        raise InputError(f"Values must be finite; {_where(*found, names, features)} Drop or impute them beforehand.")


def _check_shape(x: Matrix) -> None:
    _layout(x)
    if 0 in x.shape:
        raise InputError(
            f"The matrix is empty: {x.shape[0]} observations × {x.shape[1]} features. "
            "Check the file and the filters applied to it."
        )
    if x.dtype.kind not in "biuf":
        raise InputError(f"A matrix must hold real numbers; got dtype {x.dtype}. Convert it first, e.g. to float32.")


def _fault(value: float) -> tuple[str, str]:
    """Say which rule ``value`` breaks, and what to do."""
    if not np.isfinite(value):
        return "Counts must be finite", "Drop such entries or load the raw counts."
    if value < 0:
        return "Counts must not be negative", "The matrix looks scaled or background-corrected; pass the raw counts."
    if value > LARGEST_COUNT:
        return f"Counts must not exceed {LARGEST_COUNT}", "Check what the matrix holds."
    remedy = 'The matrix looks already normalised; pass the raw counts (in AnnData often layers["counts"] or raw.X).'
    return "Counts must be whole numbers", remedy


def _where(row: int, column: int, value: float, names: Any, features: Any) -> str:
    observation = f"observation {row}" if names is None else f"cell {str(names[row])!r}"
    feature = f"feature {column}" if features is None else f"gene {str(features[column])!r}"
    return f"{observation} has {value:.10g} for {feature}."


def _not_counts(values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Mark entries that are no counts; None, at the cost of reading them once or twice, where there are none."""
    if values.size == 0 or values.dtype.kind == "b":
        return None
    # NaN makes both comparisons false; 2**31, unlike LARGEST_COUNT, is exact in float32.
    bounded = bool(values.min() >= 0 and float(values.max()) < 2**31)
    if bounded and (values.dtype.kind in "iu" or np.array_equal(values, np.trunc(values))):
        return None
    bad: NDArray[np.bool_] = ~((values >= 0) & (values < 2**31) & (values == np.trunc(values)))
    return bad


def _first_bad(x: Matrix, mark: Any) -> tuple[int, int, float] | None:
    """Return row, column and value of the first entry, by rows, that ``mark`` marks."""
    first = None
    for block in blocks(x):
        bad = mark(block.entries)
        if bad is None or not bad.any():
            continue
        row, column, value = _position(block, bad)
        candidate = (row + block.rows.start, column + block.columns.start, value)
        first = candidate if first is None else min(first, candidate)
        if block.columns.start == 0 and block.columns.stop == x.shape[1]:
            break  # blocks of rows: nothing earlier can follow
    return first


def _position(block: Block, bad: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Return row, column (within the block) and value of its first marked entry, by rows."""
    values, stored = block.values, np.flatnonzero(bad)
    if _in_memory_sparse(values):
        major, minor = np.searchsorted(values.indptr, stored, side="right") - 1, values.indices[stored]
        rows, columns = (major, minor) if values.format == "csr" else (minor, major)
    else:
        rows, columns = np.divmod(stored, values.shape[1])
    at = int(np.lexsort((columns, rows))[0])
    return int(rows[at]), int(columns[at]), float(block.entries.flat[stored[at]])
