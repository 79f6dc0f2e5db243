"""Cells stored by AnnData or MuData in HDF5 or zarr: only what is asked for is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pandas as pd

from noiselaw.errors import InputError
from noiselaw.io.source import Place, Source, as_text, unread, width
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["of_group", "of_shared"]

#: Encodings of matrices that have one row per cell.
_TABLES = frozenset({"array", "csr_matrix", "csc_matrix", "csr", "csc", "dataframe"})


def of_group(group: Any, backed: bool) -> Source:
    """Return a stored AnnData (an open HDF5 or zarr group) as a source; only what is asked for is read.

    With ``backed`` the counts stay on disk.
    """
    element = require("anndata.io", "Reading stored cells").read_elem
    annotations = element(group["obs"])
    features = _index_of(group["var"])
    places = {f"layers/{key}": Place(_stored(item, backed), features) for key, item in _members(group, "layers")}
    if "X" in group:
        places["X"] = Place(_stored(group["X"], backed), features)
    if "raw" in group and "X" in group["raw"]:
        places["raw"] = Place(_stored(group["raw"]["X"], backed), _index_of(group["raw"]["var"]))
    kept = {key: item for key, item in _members(group, "obsm") if _encoding(item) in _TABLES}
    matrices = {key: (_stored(item, False), _stored_width(item)) for key, item in kept.items()}
    return Source(annotations, places, matrices, unread(key for key, _ in _members(group, "obsm") if key not in kept))


def of_shared(group: Any) -> pd.DataFrame:
    """Return the columns that a stored MuData keeps for all its modalities."""
    if "obs" not in group:
        return pd.DataFrame()
    table: pd.DataFrame = require("anndata.io", "Reading stored cells").read_elem(group["obs"])
    return table


def _stored(item: Any, backed: bool) -> Callable[[], Any]:
    def load() -> Any:
        library = require("anndata.io", "Reading stored cells")
        _check_whole(item)
        if not backed:
            return library.read_elem(item)
        return library.sparse_dataset(item) if _encoding(item)[:3] in ("csr", "csc") else item

    return load


def _check_whole(item: Any) -> None:
    """Refuse a sparse matrix in zarr of which a piece was not copied: zarr would read zeros in its place."""
    if _encoding(item)[:3] not in ("csr", "csc"):
        return
    data: Any = item["data"]
    if isinstance(data, _zarr_arrays()) and data.nchunks_initialized < data.nchunks:
        missing = data.nchunks - data.nchunks_initialized
        raise InputError(f"{missing} of {data.nchunks} pieces of the matrix are missing. Copy the whole folder again.")


def _zarr_arrays() -> tuple[Any, ...]:
    module = sys.modules.get("zarr")
    return (module.Array,) if module is not None else ()


def _members(group: Any, folder: str) -> list[tuple[str, Any]]:
    return [(str(key), group[folder][key]) for key in group[folder]] if folder in group else []


def _encoding(item: Any) -> str:
    named = item.attrs.get("encoding-type", item.attrs.get("h5sparse_format"))
    return str(named) if named is not None else "array" if hasattr(item, "dtype") else "unknown"


def _stored_width(item: Any) -> int:
    if "shape" in item.attrs:
        return int(item.attrs["shape"][1])
    if "column-order" in item.attrs:
        return len(item.attrs["column-order"])
    return width(item)


def _index_of(table: Any) -> Any:
    """Return the row names of a stored table without reading its columns."""
    element = require("anndata.io", "Reading stored cells").read_elem
    return as_text(element(table[table.attrs.get("_index", "_index")]))
