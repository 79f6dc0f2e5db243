"""The planner inside the page: the outlook of every curve, written out as code, with what its sliders may ask.

What the page shows at depth u and N cells equals ``outlook_of(curve).bits(u=u, N=N)``, its gain
``ask("gain", [(1, (u, N)), (-1, largest measured)])``, and its best design ``spend(curve, budget, costs, library)``, of
the prices and the library that are typed into its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.fit.outlook import FAR
from noiselaw.laws.recorded import Recorded, Step, variable
from noiselaw.plan.budget import EXHAUSTED, NEARLY, axis_of
from noiselaw.plan.words import greatest
from noiselaw.report import prices
from noiselaw.report.javascript import Written, written
from noiselaw.report.words import TOO_FEW_SIZES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.plan import Costs, Outlook
    from noiselaw.report.sections import Section

__all__ = ["MOST", "planner"]

#: How many times beyond the largest measured the sliders reach; beyond ten times a number is labelled.
MOST = 100.0
_NO_READS = "what a budget buys is priced in sequencing reads, and {unit} counts none"
_NO_SIZES = "only {sizes} measured; " + TOO_FEW_SIZES


def planner(sections: Sequence[Section], costs: Costs) -> dict[str, Any]:
    """Return everything that the page's planner needs: curves with their numbers, code they share, and prices."""
    codes: dict[str, int] = {}
    axes: dict[tuple[float, ...], int] = {}

    def placed(what: Written) -> dict[str, Any]:
        return {"code": codes.setdefault(what.code, len(codes)), "c": list(what.numbers)}

    curves = []
    for index, section in enumerate(sections):
        for model in section.models:
            future = section.futures[model.name]
            curve: dict[str, Any] = {"section": index, "model": model.name, "reason": future.reason}
            if future.outlook is not None:
                curve |= _curve(section, future.outlook)
                curve |= {"ask": placed(_asked(future.outlook)), "centre": placed(_centre(future.outlook))}
                if not curve["no_budget"]:
                    designs = [tuple(float(v) for v in axis_of(future.outlook, i)) for i in range(2)]
                    curve["axes"] = [axes.setdefault(axis, len(axes)) for axis in designs]
            curves.append(curve)
    price, library = placed(prices.price()), placed(prices.library())
    return {
        "curves": curves,
        "codes": list(codes),
        "axes": [list(axis) for axis in axes],
        "price": price,
        "library": library,
        "fields": prices.fields(costs),
        "currency": costs.currency,
        "far": FAR,
        "nearly": NEARLY,
        "exhausted": EXHAUSTED,
    }


def _curve(section: Section, outlook: Outlook) -> dict[str, Any]:
    """Return what is known of one curve before any question."""
    sized = "N" in outlook.variables
    sizes = section.rows["n_train"].dropna().nunique() if "n_train" in section.rows else 0
    told = f"{sizes} training size{'s were' if sizes > 1 else ' was'}" if sizes else "no training size was"
    no_cells = "" if sized else _NO_SIZES.format(sizes=told).replace("only no", "no")
    counts = section.axis.noun == "depth"
    return {
        "variables": list(outlook.variables),
        "smallest": list(outlook.smallest),
        "largest": list(outlook.largest),
        # Where u is bounded, as for blocks of pixels, the slider ends there.
        "most": [
            min(top * MOST, greatest(section.axis.unit) if name == "u" else np.inf)
            for name, top in zip(outlook.variables, outlook.largest, strict=True)
        ],
        "ceiling": outlook.ceiling if np.isfinite(outlook.ceiling) else None,
        "no_cells": no_cells,
        "no_budget": no_cells or ("" if counts else _NO_READS.format(unit=section.axis.unit or "u")),
    }


def _variables(outlook: Outlook) -> Any:
    return tuple(variable(name) for name in outlook.variables)


def _asked(outlook: Outlook) -> Written:
    """Write bits at a point, what they gain on the largest measured, and how far outside the point lies."""
    x = _variables(outlook)
    bits = outlook.weigh("bits", np.ones(1), x, outlook.room())
    both: Any = tuple(
        Recorded(np.array([at.item(), Step("constant", value=top)], dtype=object))
        for at, top in zip(x, outlook.largest, strict=True)
    )
    gain = outlook.weigh("gain", np.array([1.0, -1.0]), both, outlook.room(outlook.largest))
    names = ("value", "low", "high", "beyond", "gain", "gain_low", "gain_high")
    return written(("u", "N"), prices.named(names, (*bits, *gain[:3])))


def _centre(outlook: Outlook) -> Written:
    return written(("u", "N"), prices.named(("value",), (outlook.centre(*_variables(outlook)),)))
