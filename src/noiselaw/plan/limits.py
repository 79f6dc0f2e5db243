"""Whether depth or cells are the limit, and what more of each would add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.plan.answers import Gain, Limits
from noiselaw.plan.measured import LEAST_LEVELS, averaged
from noiselaw.plan.outlook import lay
from noiselaw.plan.words import because, bits, number, span, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.plan.measured import Measured
    from noiselaw.plan.outlook import Expected, Outlook
    from noiselaw.records import FloatArray

__all__ = ["FACTORS", "Verdict", "limits", "outlook_of", "points_for", "verdict"]

FACTORS = (2.0, 5.0, 10.0)
#: A gain that is surely below this many bits is called nothing worth paying for.
LITTLE = 0.1
Verdict = Literal["depth", "cells", "neither", "unknown"]


def points_for(curve: Measured) -> tuple[tuple[str, ...], tuple[FloatArray, ...], FloatArray]:
    """Return what one representation's measurements vary, where they lie, and their bits averaged over replicates.

    Training size is a variable where four sizes or more were measured; else the largest size alone is looked at.
    """
    u, n, values = averaged(curve.table)
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
        If there are too few points.
    """
    variables, x, values = points_for(curve)
    return lay(variables, x, values, curve.ceiling)[0]


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
        How much more to ask for; the verdict rests on the largest.
    outlook
        What was laid through ``curve`` before.
    """
    if not factors or min(factors) <= 1:
        raise UsageError(f"factors must be above 1, such as 2, 5, 10; got {list(factors)}.")
    ahead = outlook or outlook_of(curve)
    here = {"u": u or curve.depth} | ({"N": n or curve.cells} if "N" in ahead.variables else {})
    unit = curve.unit
    depth = tuple(_gain(ahead, "depth", factor, here, unit) for factor in factors)
    cells = tuple(_gain(ahead, "cells", factor, here, unit) for factor in factors) if "N" in here else ()
    limit, difference = verdict(ahead, max(factors), **here)
    model, signal = curve.names("representation")[0], curve.names("signal")[0]
    largest = max(factors)
    told = _sentence(model, signal, limit, largest, depth[-1].bits, cells[-1].bits if cells else None, curve)
    return Limits(
        representation=model,
        signal=signal,
        u=here["u"],
        n_train=here.get("N", curve.cells),
        limited_by=limit,
        depth=depth,
        cells=cells,
        difference=difference,
        known=limit != "unknown",
        sentence=told,
    )


def verdict(outlook: Outlook, factor: float, **here: float) -> tuple[Verdict, Expected | None]:
    """Return what limits, beyond doubt, and by how much the gain from depth exceeds that from cells.

    The two gains err together, so that their difference is asked for itself rather than read off their intervals.
    """
    if "N" not in outlook.variables:
        return "unknown", None
    point = (here.get("u", outlook.largest[0]), here.get("N", outlook.largest[1]))
    deeper, larger = outlook.times(point, "u", factor), outlook.times(point, "N", factor)
    difference = outlook.ask("contrast", [(1.0, deeper), (-1.0, larger)])
    gains = [outlook.ask("gain", [(1.0, more), (-1.0, point)]) for more in (deeper, larger)]
    if max(gain.high for gain in gains) <= LITTLE:
        return "neither", difference
    if difference.low > 0:
        return "depth", difference
    return ("cells", difference) if difference.high < 0 else ("unknown", difference)


def _gain(outlook: Outlook, along: Literal["depth", "cells"], factor: float, here: dict[str, float], unit: str) -> Gain:
    variable = {"depth": "u", "cells": "N"}[along]
    expected = outlook.gain(variable, factor, **here)
    target = here[variable] * factor
    where = f"{number(target)} {unit}".rstrip() if along == "depth" else f"{target:,.0f} cells"
    said = f"{times(factor).capitalize()} the {along} ({where}) would add {bits(expected.value)}"
    said += f" ({span(expected.low, expected.high)})"
    return Gain(along, factor, expected, said + _label(expected) + ".")


def _label(expected: Expected) -> str:
    if not expected.extrapolated:
        return ""
    return f"; this lies {number(expected.beyond)} times outside what was measured and is an extrapolation"


def _sentence(
    model: str, signal: str, limit: Verdict, factor: float, depth: Expected, cells: Expected | None, curve: Measured
) -> str:
    more = times(factor)
    about = f"{model} about {signal}"
    gained = f"{more} the depth would add {bits(depth.value)} ({span(depth.low, depth.high)})"
    if cells is None:
        sizes = len(curve.table["n_train"].dropna().unique())
        told = "no training size is given" if not sizes else f"only {sizes} training size{'s were' * (sizes > 1)}"
        told += " was measured" if sizes == 1 else " measured" if sizes else ""
        return f"{about}: {gained}. Whether cells limit it cannot be told, {because(told)}."
    both = f"{gained}, {more} the cells {bits(cells.value)} ({span(cells.low, cells.high)})"
    if limit == "depth":
        return f"{about} is limited by depth: {both}."
    if limit == "cells":
        return f"{about} is limited by cells: {both}."
    if limit == "neither":
        return f"{about} is near its limit: {both}."
    return f"{about}: whether depth or cells limit it cannot be told, because the two gains could be equal: {both}."
