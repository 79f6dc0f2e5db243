"""Frozen nouns that travel between rooms.

They hold values and answer simple questions about them; the verbs live in the rooms above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = [
    "Dataset",
    "Embedding",
    "Estimate",
    "Fit",
    "History",
    "Interval",
    "Matrix",
    "Pairs",
    "Prepared",
    "Split",
    "to_json",
]

#: A two-dimensional array: dense, scipy sparse, or one that reads from disk (see ``noiselaw.arrays``).
Matrix = Any
FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
View = Literal["counts", "lognorm", "ranks", "image"]
Kind = Literal["counts", "images"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Observations and what is known about each of them.

    Parameters
    ----------
    name
        How tables and reports call it.
    observations
        Counts, (n observations, n features); or images, (n observations, height, width, 3) of uint8.
    names
        One unique name per observation, (n observations,).
    features
        One name per feature, (n features,); of images the three colours.
    annotations
        One row per observation: the columns that label signals, groups and positions may come from.
    matrices
        By name, matrices with one row per observation (protein abundances, coordinates).
    provenance
        Where the numbers came from (path, hash, where counts were found), as text.
    """

    name: str
    observations: Matrix
    names: NDArray[np.str_]
    features: NDArray[np.str_]
    annotations: pd.DataFrame
    matrices: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Whether the observations are counts or images."""
        return "images" if len(self.observations.shape) == 4 else "counts"


@dataclass(frozen=True, eq=False)
class Split:
    """Rows for training and rows held out.

    ``train`` is in random order: its first N rows are the training set of size N, so that sizes are nested.
    ``test`` is sorted.
    """

    train: IntArray
    test: IntArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """What a signal says about held-out observations: n pairs of an embedding's row and a value of Y.

    Parameters
    ----------
    rows
        Rows of the dataset whose embeddings are X, (n,).
    values
        Y itself: labels (n,) or abundances (n, p). None when Y is taken from ``partners``.
    partners
        Rows of the dataset that Y is taken from, (n,), or None.
    groups
        Pairs with equal entries are not independent (one clone, one donor), (n,), or None.
    ceiling_bits
        What no representation can exceed, in bits (H(Y) for labels); NaN when there is no known ceiling.
    dropped
        By reason, how many held-out observations have no pair (``{"missing label": 861}``).
    profile
        With ``partners``: None when Y is their embedding; else how many leading components of their profile before the
        channel Y is, 0 for every prepared feature.
    against_all
        Where Y is whether an observation is of one class: that class, so that an embedding of predicted labels is read
        as whether it predicts that class; else empty.
    """

    rows: IntArray
    values: NDArray[Any] | None
    partners: IntArray | None = None
    groups: IntArray | None = None
    ceiling_bits: float = float("nan")
    dropped: Mapping[str, int] = field(default_factory=dict)
    profile: int | None = None
    against_all: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Observations as a representation takes them.

    Parameters
    ----------
    view
        What ``values`` are: ``counts`` or ``lognorm`` of the selected features, ``ranks`` or ``image``.
    values
        (n observations, n selected features); of images (n observations, 3, height, width), which may be drawn when
        they are asked for (see :class:`noiselaw.prepare.ImageView`).
    names, features
        Their names.
    library_size
        Molecules per observation over *all* features, after the channel, (n,); NaN for images.
    level
        The channel's level, for models that look up what was computed elsewhere.
    seed
        The study's seed, for the same models; None outside a study. It seeds nothing.
    labels
        For models that learn from labels: one for each observation as text, (n,). Only training observations have
        them; a held-out observation's label never travels with it.
    """

    view: View
    values: Matrix
    names: NDArray[np.str_]
    features: NDArray[np.str_]
    library_size: FloatArray
    level: float = float("nan")
    seed: int | None = None
    labels: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: IntArray | slice) -> Prepared:
        """Return the observations ``rows``, in that order."""
        labels = None if self.labels is None else self.labels[rows]
        values, names, library_size = self.values[rows], self.names[rows], self.library_size[rows]
        return replace(self, values=values, names=names, library_size=library_size, labels=labels)


@dataclass(frozen=True)
class History:
    """How a training went: why it stopped, which epoch was kept, and named curves (one value per epoch)."""

    stop_reason: str = "closed form"
    epochs: int = 0
    best_epoch: int = 0
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Embedding:
    """Held-out observations as a representation sees them: ``values`` (n, d), in the order they were given."""

    values: FloatArray
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """How many bits X holds about Y, and how far to trust it.

    Parameters
    ----------
    bits
        Mutual information in bits, never clipped; NaN when it could not be estimated.
    standard_error
        Its standard error in bits; NaN when unknown.
    status
        ``ok``; ``warned`` (read ``reason``); ``failed`` (``bits`` is NaN).
    reason
        One sentence for a status that is not ok.
    ceiling_bits
        What the estimate cannot exceed (H(Y) for labels), NaN when unknown.
    extrapolated_bits
        A guess at the value for infinitely many pairs; no bound. NaN when not made.
    n_pairs
        How many pairs were measured.
    diagnostics
        Named facts about the estimate (duplicates, which base won, ...), JSON-ready.
    """

    bits: float
    standard_error: float = float("nan")
    status: Literal["ok", "warned", "failed"] = "ok"
    reason: str = ""
    ceiling_bits: float = float("nan")
    extrapolated_bits: float = float("nan")
    n_pairs: int = 0
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Interval:
    """A range at a stated confidence; an end the data do not bound is ``-inf`` or ``inf``."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class Fit:
    """A law laid through measurements.

    Parameters
    ----------
    law
        The law's registered name.
    parameters
        By name, the best values; NaN where the data do not determine one.
    intervals
        By name, the interval of each parameter; one end is infinite where the data bound only the other.
    status
        One of the statuses of :mod:`noiselaw.fit.diagnose`; only ``ok`` supports every number.
    reason
        One sentence that a biologist understands.
    n_points
        How many measurements were fitted.
    x_range
        Smallest and largest x fitted (for a joint law, of its first variable).
    residual_sd
        Standard deviation of the residuals, in bits.
    diagnostics
        Named facts (AICc of rivals, covariance, protocol), JSON-ready.
    """

    law: str
    parameters: Mapping[str, float]
    intervals: Mapping[str, Interval]
    status: str
    reason: str
    n_points: int
    x_range: tuple[float, float]
    residual_sd: float = float("nan")
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


def to_json(value: Any) -> Any:
    """Return records, arrays and numbers as JSON has them: what is unknown or not finite is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if hasattr(value, "tolist"):
        return to_json(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return None if value is not value or str(value) in ("<NA>", "NaT") else str(value)
