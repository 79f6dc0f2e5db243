"""What models that learn from labels are told: the labels of training observations, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError
from noiselaw.randomness import generator
from noiselaw.signals import Labels
from noiselaw.sweep.pieces import read_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noiselaw.records import Dataset, IntArray, Pairs
    from noiselaw.represent.base import Representation
    from noiselaw.sweep.store import Store

__all__ = ["labels_of", "lessons_of"]


def lessons_of(models: Sequence[Representation], dataset: Dataset) -> dict[str, Pairs]:
    """Return, by annotation column, every observation's label, for each column that one of ``models`` learns from.

    Raises
    ------
    InputError
        If there is no such column, it says nothing, or some observations have no label.
    """
    everything = np.arange(len(dataset.names))
    found = {}
    for column in sorted({model.learns_from for model in models} - {""}):
        lesson = Labels(column)
        pairs = found[column] = lesson.pair(dataset, everything, generator(0, "lessons"))
        absent = sum(pairs.dropped.values())
        if absent:
            raise InputError(
                f"A model learns from the column {column!r}, in which {absent} of {len(everything)} observations have "
                "no label. Leave those observations out, or label them."
            )
    return found


def labels_of(store: Store, key: str, rows: IntArray) -> NDArray[np.str_] | None:
    """Return the labels of training observations ``rows``, or None where ``key`` is empty: nothing is to be learnt."""
    if not key:
        return None
    values: NDArray[np.str_] = np.asarray(read_pairs(store, key).values)[rows]
    return values
