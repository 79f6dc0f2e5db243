"""Measurements as the planner takes them: named columns, bits and nothing else, replicates told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.fit.partners import both_noisy
from noiselaw.fit.points import points_of
from noiselaw.fit.units import refuse_nats
from noiselaw.laws import NoiseLaw
from noiselaw.plan.words import greatest, noun, observed
from noiselaw.table import numbers_of, read_table, repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["LEAST_LEVELS", "Measured", "averaged", "level_depths", "measured", "read_measured"]

LEAST_LEVELS = 4
#: Other people's names for two of our columns.
_ALIASES = {
    "representation": ("representation", "algorithm", "method", "model"),
    "signal": ("signal", "task", "target"),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """Measurements about one subject or several, under the names of the measurements table.

    Parameters
    ----------
    table
        Columns ``u``, ``depth`` (the mean u of a level over its replicates), ``n_train``, ``bits``, ``standard_error``,
        ``seed``, ``ceiling_bits``, ``representation``, ``signal``, ``u_unit``, ``law`` (that of bits against depth) and
        those of ``keys``.
    keys
        Columns that tell subjects apart, beside signal and representation.
    unit
        Of u.
    """

    table: pd.DataFrame
    keys: tuple[str, ...]
    unit: str = ""

    def subjects(self) -> list[tuple[dict[str, str], Measured]]:
        """Return what the table is about, one entry for every combination of ``keys``."""
        if not self.keys:
            return [({}, self)]
        groups = self.table.groupby(list(self.keys), dropna=False, sort=False, observed=True)
        return [
            (dict(zip(self.keys, map(str, key), strict=True)), _of(rows.reset_index(drop=True), self.keys))
            for key, rows in groups
        ]

    def about(self, **values: str) -> Measured:
        """Return the rows in which columns have these values."""
        table = self.table
        for name, value in values.items():
            there = table[name].unique()
            if value not in there:
                raise UsageError(f"There is no {name} {value!r} in the table. {nearest(value, there)}")
            table = table[table[name] == value]
        return replace(self, table=table.reset_index(drop=True))

    def names(self, column: str) -> list[str]:
        """Return the different values of a column, in order of appearance."""
        return [str(value) for value in self.table[column].unique()]

    @property
    def noun(self) -> str:
        """Return what u is called in sentences: depth, or signal-to-noise where its unit counts no molecules."""
        return noun(self.unit)

    @property
    def greatest(self) -> float:
        """Return the most that u can be; infinite where nothing bounds it."""
        return greatest(self.unit)

    @property
    def law(self) -> str:
        """Return the law of bits against depth: ``noise``, or ``two_sided`` where Y is a partner as noisy as X."""
        return str(self.table["law"].iloc[0])

    @property
    def things(self) -> str:
        """Return what was measured: cells, or observations where u counts no molecules."""
        return observed(self.unit)

    @property
    def depth(self) -> float:
        """Return the deepest level's depth, averaged over its replicates."""
        return float(self.table["depth"].max())

    @property
    def cells(self) -> float:
        """Return the largest training size; NaN when unknown."""
        return float(self.table["n_train"].max())

    @property
    def ceiling(self) -> float:
        """Return what nothing can exceed, in bits; NaN when unknown."""
        return float(self.table["ceiling_bits"].max())


def read_measured(source: str | Path, **columns: Any) -> Measured:
    """Read a table (.csv, .parquet) or a run's folder; ``columns`` are those of :func:`measured`."""
    path = Path(source)
    return measured(read_table(path / "measurements.parquet" if path.is_dir() else path), **columns)


def measured(
    table: pd.DataFrame,
    x: str = "u",
    n: str | None = None,
    y: str = "bits",
    by: Sequence[str] | None = None,
    *,
    error: str | None = None,
    seed: str | None = None,
    representation: str | None = None,
    signal: str | None = None,
    ceiling: str | float | None = None,
    unit: str | None = None,
) -> Measured:
    """Take a table: ours, or anybody's with one row per measurement.

    Parameters
    ----------
    table
        The measurements. Rows whose ``status`` is ``failed`` and rows without a number of bits are left out; rows that
        repeat another in every column count once.
    x, n, y
        Columns of depth, training size (``n_train`` if there is one) and bits.
    by
        Columns that tell subjects apart; ``dataset``, ``channel`` and ``probe`` if there are such.
    error, seed
        Columns of standard errors and replicates; ``standard_error`` and ``seed`` if there are such.
    representation, signal
        Columns of these; a column with the name (or ``algorithm``, ``method``, ``model``; ``task``, ``target``).
    ceiling
        Bits that nothing can exceed, or their column; ``ceiling_bits`` if there is one.
    unit
        Of depth; that in ``u_unit`` if there is one, else the name of its column.

    Raises
    ------
    UsageError
        If the column of bits holds nats, or one column is asked to be two things.
    InputError
        If a column is absent or holds no numbers, or fewer than four depths were measured.
    """
    for name in (x, y, n, error, seed, representation, signal, *(by or ())):
        if name is not None and name not in table.columns:
            raise InputError(f"The table has no column {name!r}. {nearest(name, table.columns)}")
    refuse_nats(table, y)
    table = table[~repeated(table)]
    found = {
        "representation": representation or _alias(table, "representation", by),
        "signal": signal or _alias(table, "signal", by),
    }
    keys = [name for name in (by if by is not None else ("dataset", "channel", "probe")) if name in table.columns]
    keys = [name for name in keys if name not in found.values()]
    twice = sorted({x, y, *([n] if n else [])} & {*keys, *[v for v in found.values() if v]})
    if twice:
        raise UsageError(f"{twice[0]!r} is measured and cannot also tell groups apart. Leave it out of by.")
    size = n or ("n_train" if "n_train" in table.columns else None)
    _refuse_twice({"depth": x, "training size": size, "bits": y, "standard errors": error})
    taken = pd.DataFrame({"u": numbers_of(table, x), "bits": numbers_of(table, y)})
    taken["n_train"] = np.nan if size is None else numbers_of(table, size)
    spread = error or ("standard_error" if y == "bits" and "standard_error" in table.columns else None)
    taken["standard_error"] = np.nan if spread is None else numbers_of(table, spread)
    top = ceiling if ceiling is not None else "ceiling_bits" if y == "bits" and "ceiling_bits" in table else np.nan
    taken["ceiling_bits"] = numbers_of(table, top) if isinstance(top, str) else float(top)
    replicate = seed or ("seed" if "seed" in table.columns else None)
    taken["seed"] = 0 if replicate is None else pd.factorize(table[replicate])[0]
    for role, column in found.items():
        plain = {"representation": "the representation", "signal": y if y != "bits" else "the signal"}[role]
        taken[role] = plain if column is None else table[column].astype(str).to_numpy()
    for name in keys:
        taken[name] = table[name].astype(str).to_numpy()
    taken["law"] = _laws(table, [name for name in (*keys, found["signal"]) if name])
    usable = np.isfinite(taken["bits"].to_numpy(float)) & np.isfinite(taken["u"].to_numpy(float))
    if "status" in table.columns:
        usable &= table["status"].astype(str).to_numpy() != "failed"
    taken["u_unit"] = unit or _units(table, x)
    if x == "u" and "level" in table.columns:
        taken["level"] = table["level"].to_numpy()
    taken = taken[usable].reset_index(drop=True)
    _check(taken)
    taken["depth"] = _depths(taken, keys)
    levels = int(taken["depth"].nunique())
    if levels < LEAST_LEVELS:
        raise InputError(
            f"A plan needs at least {LEAST_LEVELS} different depths; the table has {levels}. Measure the same data at "
            "more noise levels, e.g. noiselaw run --levels 8."
        )
    return _of(taken, tuple(keys))


def _refuse_twice(roles: dict[str, str | None]) -> None:
    """Refuse a column that is asked to be two things."""
    seen: dict[str, str] = {}
    for role, name in roles.items():
        if name is not None and name in seen:
            raise UsageError(f"{name!r} cannot be both {seen[name]} and {role}. Name the column of each.")
        if name is not None:
            seen[name] = role


def _of(table: pd.DataFrame, keys: tuple[str, ...]) -> Measured:
    """Return rows with the unit of their depth; none where they have several."""
    units = table["u_unit"].unique()
    return Measured(table, keys, str(units[0]) if len(units) == 1 else "")


def _laws(table: pd.DataFrame, by: list[str]) -> Any:
    """Return the law of bits against depth that each row's signal follows."""
    if not by:
        return "two_sided" if both_noisy(table) else "noise"
    laws = pd.Series("noise", index=range(len(table)))
    for _, rows in table.reset_index(drop=True).groupby(by, dropna=False, sort=False, observed=True):
        if both_noisy(rows):
            laws[rows.index] = "two_sided"
    return laws.to_numpy()


def _depths(table: pd.DataFrame, keys: list[str]) -> FloatArray:
    """Return each row's depth: the mean u of its level where levels are told, else of the rows with about its u."""
    groups = table.groupby([*keys, "level"], dropna=False)["u"] if "level" in table.columns else None
    if groups is not None:
        return np.asarray(groups.transform("mean").to_numpy(float), dtype=float)
    return level_depths(table["u"].to_numpy(float))


def level_depths(u: FloatArray) -> FloatArray:
    """Return for each measurement the mean depth of its level: replicates realise a level a little differently."""
    labels = points_of(NoiseLaw(), u, np.zeros(len(u))).labels
    means = np.bincount(labels, u) / np.bincount(labels)
    return np.asarray(means[labels])


def averaged(rows: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return depth, size and bits with replicates averaged, one entry for each level and size."""
    mean = (
        pd.DataFrame({"u": rows["depth"].to_numpy(float), "n": rows["n_train"].to_numpy(float)})
        .assign(bits=rows["bits"].to_numpy(float))
        .groupby(["u", "n"], dropna=False, sort=True)["bits"]
        .mean()
        .reset_index()
    )
    return mean["u"].to_numpy(float), mean["n"].to_numpy(float), mean["bits"].to_numpy(float)


def _check(table: pd.DataFrame) -> None:
    if table.empty:
        raise InputError("The table has no row with a depth and a number of bits; there is nothing to plan from.")
    if (table["u"] <= 0).any():
        raise InputError(
            f"Depth must be above 0; got {table['u'].min():g}. Pass depths such as UMI per cell, not logarithms."
        )
    if (table["n_train"] <= 0).any():
        raise InputError(f"Training sizes must be above 0; got {table['n_train'].min():g}. Pass numbers of cells.")


def _alias(table: pd.DataFrame, role: str, by: Sequence[str] | None) -> str | None:
    folded = {str(name).lower(): str(name) for name in table.columns}
    return next((folded[name] for name in _ALIASES[role] if name in folded), None)


def _units(table: pd.DataFrame, x: str) -> Any:
    """Return each row's unit of depth; where a table says nothing, what its column is called."""
    if "u_unit" not in table.columns:
        return "" if x == "u" else x
    return table["u_unit"].astype("string").fillna("").str.replace("/", " per ").to_numpy(object)
