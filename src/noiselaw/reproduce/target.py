"""What a target of the paper is, and what reproducing one gives: numbers beside the printed ones, pictures, remarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from noiselaw.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["STANDINGS", "Absent", "Check", "Maker", "Picture", "Result", "Standing", "Target", "Workplace"]


class Absent(InputError):
    """A published table, data, weights or a library that a target needs are not there."""


Standing = Literal["same", "truncated", "dash", "different", "holds", "fails", "unprinted", "elsewhere"]

#: How a number of ours stands to the paper: what pages call it, and whether it speaks for reproduction.
STANDINGS: Mapping[Standing, tuple[str, bool]] = {
    "same": ("same", True),
    "truncated": ("same, truncated in print", True),
    "dash": ("dash, as printed", True),
    "different": ("differs", False),
    "holds": ("holds", True),
    "fails": ("does not hold", False),
    "unprinted": ("not printed", True),
    "elsewhere": ("other data", True),
}


@dataclass(frozen=True)
class Check:
    """One number of ours beside what the paper prints.

    Parameters
    ----------
    what
        What it is the number of.
    ours
        By the published procedure; NaN where that gives none.
    standing
        How it stands to the printed one.
    printed
        As printed, or the statement that is judged; empty where the paper prints neither.
    recommended, low, high
        The sound fit's number and its 95 % interval; NaN where there is none.
    status, reason
        Of the sound fit; or, for a statement, why it is judged so.
    unit
        Of all of these.
    """

    what: str
    ours: float
    standing: Standing
    printed: str = ""
    recommended: float = np.nan
    low: float = np.nan
    high: float = np.nan
    status: str = ""
    reason: str = ""
    unit: str = "bits"

    @property
    def difference(self) -> float:
        """Ours minus the printed number; NaN where one of them is none."""
        try:
            return self.ours - float(self.printed)
        except ValueError:
            return float("nan")


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure and what it shows."""

    figure: Figure
    caption: str


@dataclass(frozen=True, eq=False)
class Result:
    """What reproducing a target gave.

    Parameters
    ----------
    rows
        Every number, one row each, for whoever computes with them.
    checks
        Those that are held against the paper.
    pictures
        The figure, drawn again.
    remarks
        What a reader must know to judge it.
    partial
        Which part of the target it is, where the rest could not be made; it is then never said to reproduce.
    """

    rows: pd.DataFrame
    checks: tuple[Check, ...] = ()
    pictures: tuple[Picture, ...] = ()
    remarks: tuple[str, ...] = ()
    partial: str = ""

    @property
    def against(self) -> list[Check]:
        """The numbers that do not come out as printed, and statements that do not hold."""
        return [check for check in self.checks if not STANDINGS[check.standing][1]]

    @property
    def verdict(self) -> str:
        """Say in a few words whether the target reproduces."""
        held = [check for check in self.checks if check.standing not in ("unprinted", "elsewhere")]
        if not held:
            elsewhere = any(check.standing == "elsewhere" for check in self.checks)
            return "drawn from other data" if elsewhere else "drawn; nothing printed to compare"
        if self.partial:
            return f"{self.partial}: {len(held) - len(self.against)} of {len(held)} hold"
        if not self.against:
            return f"reproduces ({len(held)} of {len(held)})"
        return f"{len(held) - len(self.against)} of {len(held)} reproduce"


@dataclass(frozen=True)
class Workplace:
    """Where a study finds its data and keeps what it measured, and how many processes it may use."""

    data: Path
    out: Path
    workers: int = 1


#: Makes a target's result from the published measurements (a folder) or from data (a workplace); a text says why not.
Maker = Callable[[Path], Result] | str
Runner = Callable[[Workplace], Result] | str


@dataclass(frozen=True)
class Target:
    """A table, figure or theorem of the paper.

    Parameters
    ----------
    name
        ``table-3``, ``figure-1a``.
    title
        What it is, in a few words.
    from_measurements, from_data
        What makes it in either mode; a text where nothing can, saying why.
    files
        The published tables that the first needs.
    needs
        What the second needs, in words.
    data
        Files and folders of the user's that it may use.
    """

    name: str
    title: str
    from_measurements: Maker
    from_data: Runner
    files: tuple[str, ...] = ()
    needs: str = ""
    data: tuple[str, ...] = ()
