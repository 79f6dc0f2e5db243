"""From a measurements table to the arrays of one picture: the upper storey's first half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError, UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from noiselaw.records import FloatArray

__all__ = ["Replicates", "ceiling_of", "largest_size", "one_panel", "only", "replicates", "top_level", "unit_of"]

#: What one picture can show only one of.
_PANEL = ("dataset", "signal", "channel", "probe")


@dataclass(frozen=True, eq=False)
class Replicates:
    """The measurements of one curve.

    Parameters
    ----------
    x, y, error
        Per level (or size) mean over replicates and its standard error, (n,): over seeds where there are several,
        else as the probe gave it; NaN when unknown.
    every_x, every_y
        Each replicate, (m,).
    """

    x: FloatArray
    y: FloatArray
    error: FloatArray
    every_x: FloatArray
    every_y: FloatArray


def one_panel(table: pd.DataFrame, **wanted: str | None) -> pd.DataFrame:
    """Return the rows of one picture: those that match every ``wanted`` that is not None, and hold a number.

    Raises
    ------
    UsageError
        If a wanted name is not there, or rows of several datasets, signals, channels or probes are left.
    InputError
        If a column is missing.
    """
    for name in ("bits", "representation"):
        if name not in table.columns:
            raise InputError(f"A picture needs the column {name!r}. {nearest(name, table.columns)}")
    for name, value in wanted.items():
        if value is None:
            continue
        present = table[name].dropna().unique()
        if value not in present:
            raise UsageError(f"There is no {name} {value!r} in the table. {nearest(value, present)}")
        table = table[table[name] == value]
    for name in _PANEL:
        left = list(table[name].dropna().unique()) if name in table.columns else []
        if len(left) > 1:
            listed = ", ".join(map(str, left))
            raise UsageError(f"One picture shows one {name}; the table holds {len(left)} ({listed}). Pass {name}=….")
    known: pd.DataFrame = table.loc[np.isfinite(table["bits"].to_numpy(float, na_value=np.nan))]
    return known


#: Replicates whose largest training set is smaller than this share of the largest of all are not yet finished.
_UNFINISHED = 0.8


def largest_size(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with each replicate's largest training set (all rows, where sizes are not given).

    Replicates that have not reached the size of the others are left out.
    """
    if "n_train" not in rows.columns or rows["n_train"].isna().all():
        return rows
    keys = [name for name in ("representation", "seed") if name in rows.columns]
    size = rows["n_train"].astype(float)
    own = size.groupby([rows[name] for name in keys], dropna=False).transform("max")
    everyone = size.groupby(rows["representation"]).transform("max")
    return rows[(size == own) & (own >= _UNFINISHED * everyone)]


#: Without a column of levels, depths within this share of the greatest are one level (realised depths vary a little).
_SAME_DEPTH = 0.9


def top_level(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows measured at the highest level (the least noise)."""
    if "level" not in rows.columns:
        top = rows["u"].max()
        return rows if np.isnan(top) else rows.loc[rows["u"] >= _SAME_DEPTH * top]
    u = rows.groupby("level")["u"].mean().dropna()
    return rows if u.empty else rows.loc[rows["level"] == u.idxmax()]


def replicates(rows: pd.DataFrame, x: str) -> Replicates:
    """Return the curve of one representation against ``x`` (``"u"`` or ``"n_train"``), replicates summarised."""
    step = "level" if x == "u" and "level" in rows.columns else x
    known = rows[rows[x].notna()]
    grouped = known.groupby(step)
    number, spread = grouped["bits"].count(), grouped["bits"].std()
    error: pd.Series[float] = spread / np.sqrt(number)
    if "standard_error" in known.columns:
        error = error.where(number > 1, grouped["standard_error"].mean())
    order = np.argsort(grouped[x].mean().to_numpy(float))
    return Replicates(
        x=grouped[x].mean().to_numpy(float)[order],
        y=grouped["bits"].mean().to_numpy(float)[order],
        error=error.to_numpy(float, na_value=np.nan)[order],
        every_x=known[x].to_numpy(float),
        every_y=known["bits"].to_numpy(float),
    )


def only(rows: pd.DataFrame, column: str) -> str:
    """Return the one value of ``column``; empty where there is none, or several."""
    values = list(rows[column].dropna().unique()) if column in rows.columns else []
    return str(values[0]) if len(values) == 1 else ""


def unit_of(rows: pd.DataFrame) -> str:
    """Return the unit of u as the table names it; empty where it names none or several."""
    return only(rows, "u_unit")


def ceiling_of(rows: pd.DataFrame) -> float:
    """Return the bits that nothing can exceed in ``rows``: the largest over seeds, as fits and the planner take it.

    Seeds hold out other observations, whose labels have another entropy; NaN where no ceiling is known.
    """
    known = rows["ceiling_bits"].dropna() if "ceiling_bits" in rows.columns else rows["bits"].iloc[:0]
    return float(known.max()) if len(known) else float("nan")
