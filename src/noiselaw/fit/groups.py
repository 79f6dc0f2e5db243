"""One law through every group of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.fit.adequacy import HIDDEN
from noiselaw.fit.curve import Protocol, fit_points, with_rivals
from noiselaw.fit.partners import cautioned
from noiselaw.fit.points import Points, points_of
from noiselaw.fit.units import refuse_nats
from noiselaw.laws import law_of
from noiselaw.table import numbers_of, repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.laws import Law
    from noiselaw.records import Fit

__all__ = ["adequacy_of", "fit_groups", "fit_table", "grouping", "mixed_in", "row_of", "variables_of"]

#: Columns by which the measurements table is grouped when nothing else is asked for.
_USUAL = ("dataset", "signal", "channel", "representation", "n_train", "probe")
#: Columns of the measurements table that never tell curves apart.
_NO_GROUPS = ("level", "u", "u_unit", "n_test", "seed", "status", "reason", "diagnostics", "n_pairs", "ceiling_bits")
_LEAST_LEVELS = 4


def grouping(table: pd.DataFrame, law: str | Law, x: str | Sequence[str] | None, by: Sequence[str] | None) -> list[str]:
    """Return the columns that tell groups apart: ``by``, or those of the measurements table that ``law`` leaves."""
    if by is not None:
        return list(by)
    columns = _variables(law_of(law), x)
    return [name for name in _USUAL if name in table.columns and name not in columns]


def variables_of(law: str | Law, x: str | Sequence[str] | None) -> dict[str, str]:
    """Return the column of each of the law's variables."""
    chosen = law_of(law)
    return dict(zip(chosen.variables, _variables(chosen, x), strict=True))


def mixed_in(
    table: pd.DataFrame,
    law: str | Law,
    x: str | Sequence[str] | None,
    by: Sequence[str],
    used: Sequence[str | float | None] = (),
) -> list[str]:
    """Return columns in which rows of one group differ although each of their values has a curve of its own.

    Parameters
    ----------
    table, law, x, by
        As in :func:`fit_groups`.
    used
        Columns that are something else: bits, errors, replicates, ceilings.
    """
    chosen = law_of(law)
    columns = _variables(chosen, x)
    if any(name not in table.columns for name in (*columns, *by)):
        return []
    taken = {*columns, *by, *_NO_GROUPS, *(name for name in used if isinstance(name, str))}
    found: list[str] = []
    for name in map(str, table.columns):
        if name not in taken and _divides(table, name, columns[0], list(by)):
            before, after = (
                table.groupby(keys).ngroups if keys else 1 for keys in ([*by, *found], [*by, *found, name])
            )
            found += [name] if after > before else []
    return found


def _divides(table: pd.DataFrame, name: str, x: str, by: list[str]) -> bool:
    """Return whether two values of a column or more have enough different ``x`` for a curve, within one group."""
    if table[name].nunique() > len(table) / _LEAST_LEVELS:
        return False
    levels = table.groupby([*by, name], observed=True)[x].nunique()
    enough = levels[levels >= _LEAST_LEVELS]
    return bool((enough.groupby(level=by).size() > 1).any() if by else len(enough) > 1)


def fit_groups(
    table: pd.DataFrame,
    law: str | Law = "noise",
    x: str | Sequence[str] | None = None,
    y: str = "bits",
    error: str | None = None,
    by: Sequence[str] | None = None,
    *,
    seed: str | None = None,
    ceiling: str | float | None = None,
    protocol: Protocol = "recommended",
    confidence: float = 0.95,
    rivals: bool = True,
) -> dict[tuple[Any, ...], Fit]:
    """Lay ``law`` through each group of ``table``; return the fits by the groups' values of ``by``, in their order.

    Parameters
    ----------
    table
        Measurements: ours, or anybody's with one row per measurement. Rows whose status is ``failed`` are left out;
        rows that repeat another in every column count once (the paper's protocol takes rows as they are).
    law, protocol, confidence, rivals
        As in :func:`fit_law`.
    x
        The column of the law's variable (two for a joint law); ``u`` and ``n_train`` where not given.
    y, error
        The columns of bits and of their standard errors; ``standard_error`` is used where there is one.
    by
        Columns whose combinations are fitted one by one. Where not given, those of the measurements table that are
        there and are not ``x``; a fit whose rows then look like several curves says so.
    seed
        The column that tells replicates apart; ``seed`` is used where there is one that is not in ``by``.
    ceiling
        A number of bits, or the column that holds it; ``ceiling_bits`` is used where there is one.

    Raises
    ------
    InputError
        If a column is absent or does not hold numbers, or a column of units says nats.
    UsageError
        If the name of ``y`` says nats, or one column is asked to be two things.
    """
    refuse_nats(table, y)
    chosen = law_of(law)
    columns = _variables(chosen, x)
    by, asked = grouping(table, chosen, x, by), by is not None
    error = error or ("standard_error" if y == "bits" and "standard_error" in table.columns else None)
    seed = seed or ("seed" if "seed" in table.columns and "seed" not in by else None)
    if ceiling is None and y == "bits" and "ceiling_bits" in table.columns:
        ceiling = "ceiling_bits"
    named = [y, *columns, *by, *(name for name in (error, seed) if name)]
    for name in [*named, *([ceiling] if isinstance(ceiling, str) else [])]:
        if name not in table.columns:
            raise InputError(f"The table has no column {name!r}. {nearest(name, table.columns)}")
    twice = sorted({name for name in columns if name in by})
    if twice:
        raise UsageError(f"{twice[0]!r} is the law's variable and cannot also tell groups apart. Leave it out of by.")
    mixed = [] if asked else mixed_in(table, chosen, x, by, (y, error, seed, ceiling))
    groups = list(table.groupby(by, dropna=False, sort=False, observed=True)) if by else [((), table)]
    curves: list[Points] = []
    fits: list[Fit] = []
    for _, rows in groups:
        once = rows if protocol == "paper" else rows[~repeated(rows)]
        usable = _usable(once, y)
        values = [numbers_of(usable, name) for name in columns]
        points = points_of(
            chosen,
            values[0] if len(values) == 1 else values,
            usable[y],
            None if error is None else numbers_of(usable, error),
            None if seed is None else usable[seed].astype(str),
        )
        top = _ceiling(usable, ceiling)
        curves.append(points)
        fit = fit_points(chosen, points, ceiling=top, protocol=protocol, confidence=confidence)
        fits.append(_noted(fit, len(rows) - len(once), _differ(rows, mixed)))
    if rivals:
        fits = with_rivals(fits, curves)
    fits = [cautioned(fit, rows) for fit, (_, rows) in zip(fits, groups, strict=True)]
    return {tuple(key) if by else (): fit for (key, _), fit in zip(groups, fits, strict=True)}


def fit_table(
    table: pd.DataFrame,
    law: str | Law = "noise",
    x: str | Sequence[str] | None = None,
    y: str = "bits",
    error: str | None = None,
    by: Sequence[str] | None = None,
    *,
    seed: str | None = None,
    ceiling: str | float | None = None,
    protocol: Protocol = "recommended",
    confidence: float = 0.95,
    rivals: bool = True,
) -> pd.DataFrame:
    """Lay ``law`` through each group of ``table``; return one row per group.

    Parameters are those of :func:`fit_groups`. Columns: those of ``by``; each parameter with ``_low`` and ``_high``;
    ``status``, ``reason``, ``n_points``, ``left_out``, ``residual_sd``; and those of :func:`adequacy_of`.
    """
    chosen = law_of(law)
    fits = fit_groups(
        table,
        chosen,
        x,
        y,
        error,
        by,
        seed=seed,
        ceiling=ceiling,
        protocol=protocol,
        confidence=confidence,
        rivals=rivals,
    )
    keys = grouping(table, chosen, x, by)
    rows = [{**dict(zip(keys, key, strict=True)), **row_of(fit)} for key, fit in fits.items()]
    return pd.DataFrame(rows)


def row_of(fit: Fit) -> dict[str, Any]:
    """Return a fit as a row of a table."""
    row: dict[str, Any] = {"law": fit.law}
    for name, value in fit.parameters.items():
        interval = fit.intervals[name]
        row |= {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    row |= {
        "status": fit.status,
        "reason": fit.reason,
        "n_points": fit.n_points,
        "left_out": fit.diagnostics["left_out"],
        "residual_sd": fit.residual_sd,
    }
    return row | adequacy_of(fit)


def adequacy_of(fit: Fit) -> dict[str, Any]:
    """Return how the law does beside its rivals; unknown where they were not laid through the points.

    ``aicc_behind`` is by how much the best form beats it, ``best_form`` which one that is; ``hidden_k_error`` the mean
    error in bits at the k highest levels, predicted from the rest.
    """
    rivals = fit.diagnostics.get("rivals", {})
    own = rivals.get(fit.law, {})
    unknown = float("nan")
    judged = {name: rival["aicc"] for name, rival in rivals.items() if np.isfinite(rival["aicc"])}
    return {
        "aicc_behind": own.get("behind", unknown),
        "best_form": min(judged, key=lambda name: judged[name]) if judged else "",
        **{f"hidden_{k}_error": own.get(f"hidden_{k}", unknown) for k in HIDDEN[1:]},
    }


def _variables(law: Law, x: str | Sequence[str] | None) -> list[str]:
    if x is None:
        return [{"u": "u", "N": "n_train"}[name] for name in law.variables]
    columns = [x] if isinstance(x, str) else list(x)
    if len(columns) != len(law.variables):
        wanted = ", ".join(law.variables)
        raise UsageError(f"This law needs one column for each of ({wanted}); got {', '.join(columns)}.")
    return columns


def _usable(rows: pd.DataFrame, y: str) -> pd.DataFrame:
    """Return ``rows`` with numbers in ``y``, those of failed measurements unknown."""
    bits = pd.Series(numbers_of(rows, y), index=rows.index)
    if "status" in rows.columns:
        bits = bits.mask(rows["status"].astype(str) == "failed")
    return rows.assign(**{y: bits})


def _differ(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if rows[name].nunique(dropna=False) > 1]


def _noted(fit: Fit, copies: int, mixed: Sequence[str]) -> Fit:
    """Return a fit that says what its rows make doubtful: exact copies, counted once, and several curves in one."""
    said = []
    if copies:
        rows = "1 row is an exact copy" if copies == 1 else f"{copies} rows are exact copies"
        said.append(f"{rows} of others and counted once; a column of seeds would tell replicates apart.")
    if mixed:
        said.append(
            f"Rows that differ in {', '.join(mixed)} are fitted as one curve; if they are several, name it in by."
        )
    if not said:
        return fit
    noted = {"copies": copies, "mixed": list(mixed)}
    return replace(fit, reason=" ".join([fit.reason, *said]), diagnostics={**fit.diagnostics, **noted})


def _ceiling(rows: pd.DataFrame, ceiling: str | float | None) -> float | None:
    if not isinstance(ceiling, str):
        return ceiling
    values = pd.Series(numbers_of(rows, ceiling)).dropna()
    return float(values.max()) if len(values) else None
