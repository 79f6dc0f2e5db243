"""Several assays of the same cells: one is measured, the others become matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from noiselaw.errors import InputError, nearest
from noiselaw.io.source import Source, as_text
from noiselaw.io.tables import as_frame, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["of_assays"]

#: What the modality that carries RNA counts is called, in this order.
_RNA = ("rna", "gex", "RNA", "Gene Expression")


def of_assays(assays: Mapping[str, Source], shared: pd.DataFrame, modality: str | None) -> Source:
    """Return the assay that is measured, with the others as matrices and the columns that all of them share."""
    chosen = _measured(assays, modality)
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


def _measured(assays: Mapping[str, Any], modality: str | None) -> str:
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


def _panel(assay: Source, names: Any, modality: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        place = assay.places["X"]
        rows = as_text(assay.annotations.index)
        return spread(as_frame(place.load(), rows, place.features.tolist()), names, modality)

    return load
