"""Whether depth or cells are the limit, and what more of each would add."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from noiselaw.errors import InputError, UsageError
from noiselaw.fit.outlook import Expected, lay
from noiselaw.plan.answers import Gain, Limits
from noiselaw.plan.measured import LEAST_LEVELS, averaged
from noiselaw.plan.words import amount, because, bits, number, span, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from noiselaw.fit.outlook import Outlook
    from noiselaw.plan.measured import Measured
    from noiselaw.records import FloatArray

__all__ = ["FACTORS", "Verdict", "limits", "outlook_of", "points_for", "verdict"]

FACTORS = (2.0, 5.0, 10.0)
#: A representation is near its limit where the largest gains asked for are surely below this many bits. Published grids
#: allow no narrower promise: curves that looked flat still rose by a few tenths of a bit over the next tenfold.
LITTLE = 1.0 / 3.0
#: Bits measured above the ceiling by more than this share contradict it.
EXCESS = 1.1
Verdict = Literal["depth", "cells", "neither", "unknown"]


def points_for(curve: Measured) -> tuple[tuple[str, ...], tuple[FloatArray, ...], FloatArray]:
    """Return what one representation's measurements vary, where they lie, and their bits averaged over replicates.

    Training size is a variable where four sizes or more were measured; else the largest size alone is looked at.
    """
    u, n, values = averaged(curve.table)
    levels = len(np.unique(u))
    if levels < LEAST_LEVELS:
        model = curve.names("representation")[0]
        raise InputError(
            f"{model} was measured at {levels} level{'s' * (levels > 1)} of {curve.noun}, and a prediction needs at "
            f"least {LEAST_LEVELS}. Measure it at more levels, or plan for another representation."
        )
    if len(np.unique(n[np.isfinite(n)])) >= LEAST_LEVELS:
        known = np.isfinite(n)
        return ("u", "N"), (u[known], n[known]), values[known]
    top = n == np.max(n) if np.isfinite(n).any() else np.ones(len(n), dtype=bool)
    return ("u",), (u[top],), values[top]


def outlook_of(curve: Measured) -> Outlook:
    """Lay every form through one representation's measurements of one signal.

    Raises
    ------
    InputError
        If there are too few levels or points.
    """
    variables, x, values = points_for(curve)
    ceiling = float("nan") if _exceeded(curve) else curve.ceiling
    return replace(lay(variables, x, values, ceiling)[0], surely=_surely(curve))


def _top(curve: Measured) -> pd.DataFrame:
    """Return the rows with a number of bits at the greatest depth and training size."""
    rows = curve.table
    top = rows["n_train"].isna() if rows["n_train"].isna().all() else rows["n_train"] == rows["n_train"].max()
    found: pd.DataFrame = rows[top & (rows["depth"] == rows.loc[top, "depth"].max())].dropna(subset=["bits"])
    return found


def _exceeded(curve: Measured) -> bool:
    """Return whether more was measured than the ceiling allows, beyond noise: then it is wrong, or the bits are."""
    return float(_top(curve)["bits"].mean()) > EXCESS * curve.ceiling


def _surely(curve: Measured) -> float:
    """Return the lower end of the 95 % interval of the bits measured at the greatest depth and training size."""
    rows = _top(curve)
    if rows.empty:
        return float("nan")
    error = np.sqrt((rows["standard_error"].astype(float) ** 2).sum(skipna=False)) / len(rows)
    return float(rows["bits"].mean() - 1.96 * error)


def limits(
    curve: Measured,
    u: float | None = None,
    n: float | None = None,
    factors: Sequence[float] = FACTORS,
    outlook: Outlook | None = None,
) -> Limits:
    """Say whether depth or cells hold one representation of one signal back, and what more of each would add.

    Parameters
    ----------
    curve
        Measurements of one representation about one signal.
    u, n
        The depth and training size asked about; the largest measured where not given.
    factors
        How much more to ask for; the verdict rests on the largest. Where u is bounded, no more than there is.
    outlook
        What was laid through ``curve`` before.

    Raises
    ------
    UsageError
        If a factor is not above 1, or ``u`` is more than there is.
    """
    if not factors or min(factors) <= 1:
        raise UsageError(f"factors must be above 1, such as 2, 5, 10; got {list(factors)}.")
    ahead = outlook or outlook_of(curve)
    here = {"u": u or curve.depth} | ({"N": n or curve.cells} if "N" in ahead.variables else {})
    top = curve.greatest * (1 + 1e-9)
    if here["u"] > top:
        raise UsageError(
            f"u is at most {amount(curve.greatest, curve.unit)}, an observation as it is; got {number(here['u'])}."
        )
    had = [factor for factor in factors if here["u"] * factor <= top]
    # Of factors beyond what there is, one gain: that of all there is.
    depth = tuple(_gain(ahead, "depth", factor, here, curve) for factor in had)
    if len(had) < len(factors):
        depth += (_rest(ahead, here, curve),)
    cells = tuple(_gain(ahead, "cells", factor, here, curve) for factor in factors) if "N" in here else ()
    start = ahead.bits(**here)
    limit = "unknown" if start.extrapolated else verdict(ahead, max(factors), curve.greatest, **here)
    model, signal = curve.names("representation")[0], curve.names("signal")[0]
    largest = max(factors)
    told = _sentence(model, signal, limit, largest, depth[-1], cells[-1].bits if cells else None, curve, start)
    if _exceeded(curve):
        seen = bits(float(_top(curve)["bits"].mean()))
        told += f" The ceiling of {bits(curve.ceiling)} is not used: {seen} were measured, so one of the two is wrong."
    return Limits(
        representation=model,
        signal=signal,
        u=here["u"],
        n_train=here.get("N", curve.cells),
        limited_by=limit,
        depth=depth,
        cells=cells,
        known=limit != "unknown",
        sentence=told,
    )


def verdict(outlook: Outlook, factor: float, greatest: float = np.inf, **here: float) -> Verdict:
    """Return what limits: the gain whose interval lies above the other's, neither if both are surely little.

    Either interval misses on the wrong side in one case of 40, so that a verdict is wrong in at most one of 20. No more
    depth is asked for than the ``greatest``.
    """
    if "N" not in outlook.variables:
        return "unknown"
    point = (here.get("u", outlook.largest[0]), here.get("N", outlook.largest[1]))
    further = min(factor, max(greatest / point[0], 1.0))
    deeper, larger = outlook.times(point, "u", further), outlook.times(point, "N", factor)
    depth, cells = (outlook.ask("gain", [(1.0, more), (-1.0, point)]) for more in (deeper, larger))
    depth = depth if further > 1 else Expected(0.0, 0.0, 0.0)
    if max(depth.high, cells.high) <= LITTLE:
        return "neither"
    if depth.low > cells.high:
        return "depth"
    return "cells" if cells.low > depth.high else "unknown"


def _gain(
    outlook: Outlook, along: Literal["depth", "cells"], factor: float, here: dict[str, float], curve: Measured
) -> Gain:
    variable = {"depth": "u", "cells": "N"}[along]
    expected = outlook.gain(variable, factor, **here)
    target = here[variable] * factor
    where = amount(target, curve.unit) if along == "depth" else f"{target:,.0f} {curve.things}"
    what = curve.noun if along == "depth" else curve.things
    said = f"{times(factor).capitalize()} the {what} ({where}) would add {bits(expected.value)}"
    said += f" (95 % interval {span(expected.low, expected.high)})"
    return Gain(along, factor, expected, said + _label(expected) + ".")


def _rest(outlook: Outlook, here: dict[str, float], curve: Measured) -> Gain:
    """Return what all the depth that there is would add, where u is bounded."""
    factor = curve.greatest / here["u"]
    where = amount(curve.greatest, curve.unit)
    if factor <= 1 + 1e-9:
        told = f"No more {curve.noun} can be had: {where} is an observation as it is."
        return Gain("depth", 1.0, Expected(0.0, 0.0, 0.0), told)
    expected = outlook.gain("u", factor, **here)
    said = f"All the {curve.noun} that can be had ({where}, an observation as it is) would add {bits(expected.value)}"
    return Gain(
        "depth", factor, expected, f"{said} (95 % interval {span(expected.low, expected.high)}){_label(expected)}."
    )


def _label(expected: Expected) -> str:
    if not expected.extrapolated:
        return ""
    return f"; this lies {number(expected.beyond)} times outside what was measured and is an extrapolation"


def _sentence(
    model: str,
    signal: str,
    limit: Verdict,
    factor: float,
    deeper: Gain,
    cells: Expected | None,
    curve: Measured,
    start: Expected,
) -> str:
    more = times(factor)
    about = f"{model} about {signal}"
    depth = deeper.bits
    if deeper.factor > 1:
        much = f"{more} the {curve.noun}" if deeper.factor == factor else f"all the {curve.noun} that can be had"
        gained = f"{much} would add {bits(depth.value)} ({span(depth.low, depth.high)})"
    else:
        gained = f"more {curve.noun} cannot be had than {amount(curve.greatest, curve.unit)}, an observation as it is"
    if cells is None:
        sizes = len(curve.table["n_train"].dropna().unique())
        told = "no training size is given" if not sizes else f"only {sizes} training size{'s were' * (sizes > 1)}"
        told += " was measured" if sizes == 1 else " measured" if sizes else ""
        return f"{about}: {gained}. Whether {curve.things} limit it cannot be told, {because(told)}."
    both = f"{gained}, {more} the {curve.things} {bits(cells.value)} ({span(cells.low, cells.high)})"
    if start.extrapolated:
        outside = f"because this lies {number(start.beyond)} times outside what was measured"
        return f"{about}: whether {curve.noun} or {curve.things} limit it there cannot be told, {outside}: {both}."
    both += _label(max(depth, cells, key=lambda gain: gain.beyond))
    if limit == "depth":
        return f"{about} is limited by {curve.noun}: {both}."
    if limit == "cells":
        return f"{about} is limited by {curve.things}: {both}."
    if limit == "neither":
        return f"{about} is near its limit: {both}."
    why = "because the intervals of the two gains overlap"
    return f"{about}: whether {curve.noun} or {curve.things} limit it cannot be told, {why}: {both}."
