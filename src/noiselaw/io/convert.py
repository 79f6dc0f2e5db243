"""Objects in memory as datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.io.assays import of_assays
from noiselaw.io.assemble import assemble
from noiselaw.io.source import Place, Source, as_text, given, unread, width
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.records import Dataset, Matrix

__all__ = ["from_anndata", "from_arrays", "of_anndata"]


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
        Non-negative integers of any numeric type; an array, a sparse matrix, or a table.
    names, features
        Names of rows and columns; a table's own, or numbered, unless given.
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
    if isinstance(counts, pd.DataFrame):
        names = counts.index.tolist() if names is None else names
        features = counts.columns.tolist() if features is None else features
        counts = counts.to_numpy()
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
    extra = {key: (given(value), width(value)) for key, value in (matrices or {}).items()}
    source = Source(table, {"X": Place(given(counts), columns)}, extra, {"format": "arrays"})
    return assemble(source, name, "X", None if not extra else list(extra))


def of_anndata(data: Any) -> Source:
    """Return an AnnData object as a source, without copying its matrices."""
    features = as_text(data.var_names)
    places = {f"layers/{key}": Place(given(data.layers[key]), features) for key in data.layers}
    if data.X is not None:
        places["X"] = Place(given(data.X), features)
    if data.raw is not None and data.raw.X is not None:
        places["raw"] = Place(given(data.raw.X), as_text(data.raw.var_names))
    kept = {key: value for key, value in data.obsm.items() if _is_table(value)}
    matrices = {key: (given(value), width(value)) for key, value in kept.items()}
    return Source(data.obs, places, matrices, {"format": "AnnData", **unread(set(data.obsm) - set(kept))})


def _is_table(value: Any) -> bool:
    """Return whether an entry of ``obsm`` has rows and columns; others (lists of receptors) have not."""
    return isinstance(value, pd.DataFrame | np.ndarray) or sparse.issparse(value)
