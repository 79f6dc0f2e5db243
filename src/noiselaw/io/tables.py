"""Matrices that come with the counts (abundances, coordinates), as tables with one row per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.arrays import as_csr, as_dense, is_backed, is_sparse
from noiselaw.errors import InputError
from noiselaw.io.source import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noiselaw.records import Matrix

__all__ = ["as_frame", "as_table", "check_sound", "spread"]

#: Fuller sparse matrices are smaller, and faster, as dense tables.
_DENSE_FROM = 0.25
#: Indices looked at together.
_PIECE = 1 << 22


def check_sound(x: Matrix) -> None:
    """Refuse a sparse matrix, in memory or on disk, that points outside itself: compiled code would follow it.

    Raises
    ------
    InputError
        If it does.
    """
    if not is_sparse(x) or x.format not in ("csr", "csc"):
        return
    parts = x.group if is_backed(x) else {"indptr": x.indptr, "indices": x.indices, "data": x.data}
    major, minor = x.shape if x.format == "csr" else x.shape[::-1]
    indptr, stored = np.asarray(parts["indptr"][:]).astype(np.int64), int(parts["indices"].shape[0])
    sound = len(indptr) == major + 1 and indptr[0] == 0 and bool((np.diff(indptr) >= 0).all())
    sound = sound and int(indptr[-1]) == stored == int(parts["data"].shape[0])
    for start in range(0, stored if sound else 0, _PIECE):
        indices = np.asarray(parts["indices"][start : start + _PIECE])
        sound = sound and 0 <= int(indices.min()) and int(indices.max()) < minor
    if not sound:
        raise InputError("Expected a sound sparse matrix; its indices point outside it. Copy or write the file again.")


def as_table(values: Any, names: NDArray[np.str_], matrix: str) -> pd.DataFrame:
    """Return ``values`` as a table with one row per cell, in the cells' order."""
    if values.shape[0] != len(names):
        raise InputError(
            f"The matrix {matrix!r} must have one row per cell ({len(names)}); it has {values.shape[0]}. "
            "Keep the same cells in both."
        )
    if isinstance(values, pd.DataFrame):
        return _in_order(values, names, matrix)
    values = values if values.ndim == 2 else np.reshape(values, (len(names), -1))
    return as_frame(values, names, [f"{matrix}_{j}" for j in range(values.shape[1])])


def as_frame(values: Any, names: NDArray[np.str_], columns: Sequence[str]) -> pd.DataFrame:
    """Return an array or a sparse matrix (n, p) as a table; sparse stays sparse where that is smaller."""
    index = pd.Index(names)
    if not is_sparse(values):
        return pd.DataFrame(as_dense(values), index=index, columns=list(columns))
    check_sound(values)
    values = as_csr(values)
    if values.nnz >= _DENSE_FROM * max(values.shape[0] * values.shape[1], 1):
        return pd.DataFrame(values.toarray(), index=index, columns=list(columns))
    accessor: Any = pd.DataFrame.sparse
    table: pd.DataFrame = accessor.from_spmatrix(values.tocsc(), index=index, columns=list(columns))
    return table


def _in_order(table: pd.DataFrame, names: NDArray[np.str_], matrix: str) -> pd.DataFrame:
    rows = as_text(table.index)
    if np.array_equal(rows, names) or np.array_equal(rows, np.arange(len(rows)).astype(np.str_)):
        return table.set_axis(pd.Index(names), axis=0)
    if len(set(rows.tolist())) == len(rows) and set(rows.tolist()) == set(names.tolist()):
        return table.set_axis(pd.Index(rows), axis=0).reindex(pd.Index(names))
    strangers = rows[~np.isin(rows, names)]
    what = f"{str(strangers[0])!r} is no cell here" if len(strangers) else "a name occurs twice"
    raise InputError(f"The rows of matrix {matrix!r} must be named like the cells; {what}. Keep the same cells.")


def spread(table: pd.DataFrame, names: NDArray[np.str_], modality: str) -> pd.DataFrame:
    """Return the rows of another assay's ``table`` that belong to the cells ``names``; cells it lacks are NaN.

    Raises
    ------
    InputError
        If it shares no cell with them.
    """
    if not table.index.is_unique:
        raise InputError(f"Every cell of the modality {modality!r} needs a name of its own. Rename repeated ones.")
    if not table.index.isin(names).any():
        raise InputError(
            f"The modality {modality!r} must have rows for the cells whose counts are measured; it shares none of "
            f"their names (it has {str(table.index[0])!r}, they have {str(names[0])!r}). Name the same cells alike."
        )
    return table.reindex(pd.Index(names))
