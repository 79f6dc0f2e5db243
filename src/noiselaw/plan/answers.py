"""Answers as frozen records: numbers with their intervals, whether they are known, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noiselaw.fit.outlook import Expected

__all__ = ["Crossing", "Difference", "Gain", "Leader", "Limits", "Loss", "Losses", "Pilot", "Reach"]


@dataclass(frozen=True)
class Pilot:
    """A small measurement that would answer a question, found by simulating pilots from what was fitted.

    Parameters
    ----------
    depths, cells
        The levels to measure beside those there are.
    seeds
        Replicates of each.
    success
        The share of simulated pilots that answered; NaN when none was simulated.
    sentence
        What to measure.
    """

    depths: tuple[float, ...] = ()
    cells: tuple[int, ...] = ()
    seeds: int = 1
    success: float = float("nan")
    sentence: str = ""


@dataclass(frozen=True)
class Gain:
    """What ``factor`` times as much of depth or cells would add, in bits."""

    along: Literal["depth", "cells"]
    factor: float
    bits: Expected
    sentence: str


@dataclass(frozen=True)
class Limits:
    """Whether depth or cells hold a representation back, and what more of each would add."""

    representation: str
    signal: str
    u: float
    n_train: float
    limited_by: Literal["depth", "cells", "neither", "unknown"]
    depth: tuple[Gain, ...]
    cells: tuple[Gain, ...]
    known: bool
    sentence: str
    pilot: Pilot | None = None


@dataclass(frozen=True)
class Reach:
    """The depth that reaches a fraction of what is reachable; an end the data leave open is 0 or infinite."""

    representation: str
    signal: str
    fraction: float
    depth: float
    low: float
    high: float
    status: str
    known: bool
    sentence: str
    extrapolated: bool = False
    pilot: Pilot | None = None


@dataclass(frozen=True)
class Difference:
    """How many bits more ``first`` keeps than ``second`` at one depth, paired over seeds."""

    first: str
    second: str
    bits: float
    standard_error: float
    low: float
    high: float
    n_seeds: int
    freedom: float


@dataclass(frozen=True)
class Leader:
    """Which representation keeps most at a depth."""

    signal: str
    u: float
    n_train: float
    best: str
    differences: tuple[Difference, ...]
    known: bool
    sentence: str
    pilot: Pilot | None = None


@dataclass(frozen=True)
class Crossing:
    """Where the curves of two representations cross, as an interval of depth."""

    signal: str
    first: str
    second: str
    depth: float
    low: float
    high: float
    known: bool
    sentence: str
    extrapolated: bool = False


@dataclass(frozen=True)
class Loss:
    """What one signal loses to measurement noise at a depth, in bits (Eq. 7)."""

    signal: str
    bits: float
    low: float
    high: float
    status: str


@dataclass(frozen=True)
class Losses:
    """Which signal loses most."""

    representation: str
    u: float
    most: str
    losses: tuple[Loss, ...]
    known: bool
    sentence: str
    notes: Mapping[str, str] = field(default_factory=dict)
