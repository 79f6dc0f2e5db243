"""Objects in memory and stored groups (HDF5, zarr) as sources of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, nearest
from noiselaw.io.assemble import assemble
from noiselaw.io.source import Place, Source, as_text
from noiselaw.io.tables import as_frame, spread
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noiselaw.records import Dataset, Matrix

__all__ = ["from_anndata", "from_arrays", "measured_modality", "of_anndata", "of_assays", "of_group", "of_shared"]

#: What the modality that carries RNA counts is called, in this order.
_RNA = ("rna", "gex", "RNA", "Gene Expression")


def from_anndata(
    data: Any,
    *,
    counts: str = "auto",
    name: str = "dataset",
    modality: str | None = None,
    matrices: Sequence[str] | None = None,
) -> Dataset:
    """Return the counts, annotations and matrices of an AnnData or MuData object, which stays as it is.

    Parameters
    ----------
    data
        An AnnData, or a MuData whose RNA modality is measured and whose other modalities become matrices.
    counts
        ``"auto"`` takes ``layers["counts"]``, else ``X`` when it holds counts, else ``raw.X``; or ``"X"``, ``"raw"``,
        ``"layers/NAME"``. What was taken is said in ``provenance["counts"]``.
    name
        How tables call the dataset.
    modality
        The modality of a MuData that holds the counts; ``"rna"`` unless named.
    matrices
        Names of the ``obsm`` entries or modalities to take; all panels (at most 5,000 columns wide) unless named.

    Raises
    ------
    InputError
        If there are no counts, or names, rows or matrices do not fit.
    """
    if isinstance(data, require("anndata", "Reading AnnData").AnnData):
        if modality is not None:
            raise InputError(f"An AnnData has no modalities; got modality={modality!r}. Leave it out.")
        return assemble(of_anndata(data), name, counts, matrices)
    if hasattr(data, "mod") and isinstance(data, require("mudata", "Reading MuData").MuData):
        assays = {key: of_anndata(value) for key, value in data.mod.items()}
        return assemble(of_assays(assays, data.obs, modality), name, counts, matrices)
    raise InputError(
        f"Expected an AnnData or MuData object; got {type(data).__name__}. "
        "Pass a path to noiselaw.io.read, or arrays to noiselaw.io.from_arrays."
    )


def from_arrays(
    counts: Matrix,
    *,
    names: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    annotations: pd.DataFrame | Mapping[str, Any] | None = None,
    matrices: Mapping[str, Any] | None = None,
    name: str = "dataset",
) -> Dataset:
    """Return a dataset of a matrix of counts (n observations, n features), dense or sparse, and what goes with it.

    Parameters
    ----------
    counts
        Non-negative integers of any numeric type.
    names, features
        Names of rows and columns; numbered unless given.
    annotations
        One row per observation, in the same order.
    matrices
        By name, tables or arrays with one row per observation.
    name
        How tables call the dataset.

    Raises
    ------
    InputError
        If these are no counts, or lengths do not fit.
    """
    if getattr(counts, "ndim", 0) != 2:
        raise InputError(
            "Expected a matrix of counts, cells × genes; got something else. Pass an array or sparse matrix."
        )
    rows = as_text(np.arange(counts.shape[0]) if names is None else names)
    columns = as_text(np.arange(counts.shape[1]) if features is None else features)
    table = pd.DataFrame(index=rows) if annotations is None else pd.DataFrame(annotations)
    for what, length in (("names", len(rows)), ("annotations", len(table))):
        if length != counts.shape[0]:
            raise InputError(f"Expected {counts.shape[0]} {what}, one per row of counts; got {length}.")
    table = table.set_axis(pd.Index(rows), axis=0)
    extra = {key: (_given(value), _width(value)) for key, value in (matrices or {}).items()}
    source = Source(table, {"X": Place(_given(counts), columns)}, extra, {"format": "arrays"})
    return assemble(source, name, "X", None if not extra else list(extra))


def of_assays(assays: Mapping[str, Source], shared: pd.DataFrame, modality: str | None) -> Source:
    """Return the assay that is measured, with the others as matrices and the columns that all of them share."""
    chosen = measured_modality(assays, modality)
    rna = assays[chosen]
    names = as_text(rna.annotations.index)
    shared = shared.set_axis(pd.Index(as_text(shared.index)), axis=0)
    own = set(rna.annotations.columns) | {f"{chosen}:{column}" for column in rna.annotations.columns}
    added = shared.loc[~shared.index.duplicated(), [column for column in shared.columns if column not in own]]
    annotations = rna.annotations.set_axis(pd.Index(names), axis=0).join(added.reindex(pd.Index(names).unique()))
    others = {
        key: (_panel(assay, names, key), len(assay.places["X"].features))
        for key, assay in assays.items()
        if key != chosen and "X" in assay.places
    }
    return Source(annotations, rna.places, {**others, **rna.matrices}, {**rna.provenance, "modality": chosen})


def measured_modality(assays: Mapping[str, Any], modality: str | None) -> str:
    """Return the name of the modality that holds the counts.

    Raises
    ------
    InputError
        If it is not there, or none is called like RNA and none was named.
    """
    if modality is not None:
        if modality not in assays:
            raise InputError(f"There is no modality called {modality!r}. {nearest(modality, assays)}")
        return modality
    for name in _RNA:
        if name in assays:
            return name
    if len(assays) == 1:
        return next(iter(assays))
    raise InputError(f"Expected a modality called 'rna'; got {', '.join(assays)}. Name the one to measure: modality=.")


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
    matrices = {key: (_stored(item, False), _stored_width(item)) for key, item in _members(group, "obsm")}
    return Source(annotations, places, matrices)


def of_shared(group: Any) -> pd.DataFrame:
    """Return the columns that a stored MuData keeps for all its modalities."""
    if "obs" not in group:
        return pd.DataFrame()
    table: pd.DataFrame = require("anndata.io", "Reading stored cells").read_elem(group["obs"])
    return table


def of_anndata(data: Any) -> Source:
    """Return an AnnData object as a source, without copying its matrices."""
    features = as_text(data.var_names)
    places = {f"layers/{key}": Place(_given(data.layers[key]), features) for key in data.layers}
    if data.X is not None:
        places["X"] = Place(_given(data.X), features)
    if data.raw is not None and data.raw.X is not None:
        places["raw"] = Place(_given(data.raw.X), as_text(data.raw.var_names))
    matrices = {key: (_given(value), _width(value)) for key, value in data.obsm.items()}
    return Source(data.obs, places, matrices, {"format": "AnnData"})


def _given(value: Any) -> Callable[[], Any]:
    return lambda: value


def _stored(item: Any, backed: bool) -> Callable[[], Any]:
    def load() -> Any:
        library = require("anndata.io", "Reading stored cells")
        if not backed:
            return library.read_elem(item)
        return library.sparse_dataset(item) if _encoding(item)[:3] in ("csr", "csc") else item

    return load


def _members(group: Any, folder: str) -> list[tuple[str, Any]]:
    return [(str(key), group[folder][key]) for key in group[folder]] if folder in group else []


def _encoding(item: Any) -> str:
    return str(item.attrs.get("encoding-type", item.attrs.get("h5sparse_format", "")))


def _width(value: Any) -> int:
    return int(value.shape[1]) if value.ndim > 1 else 1


def _stored_width(item: Any) -> int:
    if "shape" in item.attrs:
        return int(item.attrs["shape"][1])
    if "column-order" in item.attrs:
        return len(item.attrs["column-order"])
    return _width(item)


def _index_of(table: Any) -> Any:
    """Return the row names of a stored table without reading its columns."""
    element = require("anndata.io", "Reading stored cells").read_elem
    return as_text(element(table[table.attrs.get("_index", "_index")]))


def _panel(assay: Source, names: Any, modality: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        place = assay.places["X"]
        rows = as_text(assay.annotations.index)
        return spread(as_frame(place.load(), rows, place.features.tolist()), names, modality)

    return load
