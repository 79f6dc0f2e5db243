"""What every format is reduced to before a dataset is made of it: names, tables, and where counts may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from noiselaw.records import Matrix

__all__ = ["Place", "Source", "as_text", "given", "unread", "width"]


@dataclass(frozen=True, eq=False)
class Place:
    """A place where counts may be: how to get at them, and their features."""

    load: Callable[[], Matrix]
    features: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Source:
    """An opened file or object.

    Parameters
    ----------
    annotations
        One row per observation, indexed by its name.
    places
        By location (``X``, ``raw``, ``layers/NAME``), the matrices that may hold counts.
    matrices
        By name, how to get a table, array or sparse matrix with one row per observation, and its number of columns.
    provenance
        What is known about the source, as text.
    """

    annotations: pd.DataFrame
    places: Mapping[str, Place]
    matrices: Mapping[str, tuple[Callable[[], Any], int]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)


def as_text(names: Any) -> NDArray[np.str_]:
    """Return ``names`` as an array of text; bytes are decoded."""
    listed = [name.decode() if isinstance(name, bytes) else str(name) for name in np.asarray(names).tolist()]
    return np.array(listed, dtype=np.str_)


def given(value: Any) -> Callable[[], Any]:
    """Return how to get at ``value``, which is there already."""
    return lambda: value


def width(value: Any) -> int:
    """Return the number of columns."""
    return int(value.shape[1]) if value.ndim > 1 else 1


def unread(names: Iterable[str]) -> dict[str, str]:
    """Return what provenance says of entries that are no tables."""
    listed = ", ".join(sorted(names))
    return {"matrices not read": f"{listed} (no table of one row per cell)"} if listed else {}
