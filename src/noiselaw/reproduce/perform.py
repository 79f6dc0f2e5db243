"""A target made in one of the two modes, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from noiselaw.errors import MissingDependency, UsageError
from noiselaw.reproduce.compute import measured, spent
from noiselaw.reproduce.pages import Outcome
from noiselaw.reproduce.published import refuse_strange_folder
from noiselaw.reproduce.target import Absent, Result, Target, Workplace
from noiselaw.reproduce.targets import target as named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["data_state", "perform", "reproduce", "result_of"]


def result_of(target: Target, source: Path | Workplace) -> Result | str:
    """Return what ``target`` gives from a folder of published measurements or from data; a text says why nothing."""
    if isinstance(source, Workplace):
        return target.from_data if isinstance(target.from_data, str) else target.from_data(source)
    refuse_strange_folder(source)
    return target.from_measurements if isinstance(target.from_measurements, str) else target.from_measurements(source)


def perform(target: Target, source: Path | Workplace, *, lenient: bool = False) -> Outcome:
    """Make ``target`` and say what came of it and what it cost.

    ``lenient`` takes data, weights or libraries that are not there as the reason why nothing came of it.
    """

    def make() -> Result | str:
        try:
            return result_of(target, source)
        except (Absent, MissingDependency) as error:
            if not lenient:
                raise
            return str(error)

    if not isinstance(source, Workplace):
        return Outcome(target, "measurements", *measured(make))
    before = sum(spent(source.out).values())
    result, seconds = measured(make)
    there = tuple(name for name in target.data if (source.data / name).exists())
    return Outcome(target, "data", result, seconds, sum(spent(source.out).values()) - before, there)


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
        For tables: ``printed``, ``paper`` (our number by the published procedure, NaN for a dash), ``agreement``
        (``elsewhere`` where they come from other data than the printed ones), and ``recommended`` with ``low``,
        ``high``, ``status``, ``reason``.

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


def data_state(target: Target, work: Workplace) -> str:
    """Say what a target needs to be measured again, and which of it is there."""
    if isinstance(target.from_data, str):
        return f"no: {target.from_data}"
    if not target.data:
        return target.needs
    files = ", ".join(f"{name} ({'here' if (work.data / name).exists() else 'absent'})" for name in target.data)
    return f"{files}; {target.needs}" if target.needs else files
