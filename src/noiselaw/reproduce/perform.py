"""A target made in one of the two modes, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from noiselaw.errors import UsageError
from noiselaw.reproduce.compute import measured
from noiselaw.reproduce.pages import Outcome
from noiselaw.reproduce.published import refuse_strange_folder
from noiselaw.reproduce.target import Result, Target, Workplace
from noiselaw.reproduce.targets import target as named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["perform", "reproduce", "result_of"]


def result_of(target: Target, source: Path | Workplace) -> Result | str:
    """Return what ``target`` gives from a folder of published measurements or from data; a text says why nothing."""
    if isinstance(source, Workplace):
        return target.from_data if isinstance(target.from_data, str) else target.from_data(source)
    refuse_strange_folder(source)
    return target.from_measurements if isinstance(target.from_measurements, str) else target.from_measurements(source)


def perform(target: Target, source: Path | Workplace) -> Outcome:
    """Make ``target`` and say what came of it and what it cost."""
    result, seconds = measured(lambda: result_of(target, source))
    return Outcome(target, "data" if isinstance(source, Workplace) else "measurements", result, seconds)


def reproduce(target: str, source: str | Path | Workplace) -> pd.DataFrame:
    """Compute ``target`` from the published measurements in a folder, or from data.

    Parameters
    ----------
    target
        A name of ``TARGETS``: ``table-3``, ``figure-1a``, ...
    source
        The folder with the published .csv files, or a :class:`Workplace` with data to measure.

    Returns
    -------
    DataFrame
        For tables: ``printed``, ``paper`` (our number by the published procedure, NaN for a dash), ``agreement``, and
        ``recommended`` with ``low``, ``high``, ``status``, ``reason``.

    Raises
    ------
    UsageError
        If there is no such target, or it cannot be made from this source (saying why).
    InputError
        If a file is absent.
    """
    chosen = named(target)
    found = result_of(chosen, source if isinstance(source, Workplace) else Path(source))
    if isinstance(found, str):
        raise UsageError(f"{target} cannot be made from this source. {found}")
    return found.rows
