"""What the page's interactive curves are drawn from: the same points and laws as its pictures, as plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.plot import PALETTE, largest_size, looks, top_level
from noiselaw.plot.curves import REACH, drawn_laws
from noiselaw.plot.select import ceiling_of, replicates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from noiselaw.records import Fit
    from noiselaw.report.sections import Section

__all__ = ["explorer"]

#: What Matplotlib's markers are called in Vega.
_SHAPES = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down", "P": "cross"}
_STAR = "triangle-right"


def explorer(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return for every section its models' looks, and its measurements and laws against depth and against cells."""
    return [_one(section) for section in sections]


def _one(section: Section) -> dict[str, Any]:
    names = sorted(model.name for model in section.models)
    known = section.rows[section.rows["bits"].notna()]
    drawn = {
        name: {"name": name, "colour": PALETTE.index(look.colour), "shape": _SHAPES.get(look.marker, _STAR)}
        for name, look in looks(names).items()
    }
    views = {}
    if not known.empty:
        noun = section.axis.noun
        views["depth"] = _view(largest_size(known), section.noise, "u", noun, section.axis.unit or "u")
        if "n_train" in known and known["n_train"].nunique() > 1:
            views["cells"] = _view(top_level(known), section.size, "n_train", section.cells.noun, section.cells.noun)
    title = f"{section.title} ({section.about})" if section.about else section.title
    return {
        "title": title,
        "signal": section.title,
        "noun": section.axis.noun,
        "cells": section.cells.noun,
        "unit": section.axis.unit,
        "ceiling": _short(ceiling_of(known)),
        "models": [drawn[model.name] for model in section.models],
        "views": views,
    }


def _view(rows: pd.DataFrame, fits: Mapping[str, Fit], x: str, noun: str, label: str) -> dict[str, Any]:
    points: list[list[Any]] = []
    laws = []
    for name, own in rows.groupby("representation", sort=True):
        data = replicates(own, x)
        columns = zip(data.x, data.y, data.error, strict=True)
        points += [[str(name), *(_short(value) for value in row)] for row in columns]
        for law in drawn_laws(fits[str(name)], REACH) if str(name) in fits else []:
            thin = np.unique(np.append(np.arange(0, len(law.x), 3), len(law.x) - 1))
            ends = (law.x, law.bits, law.low, law.high)
            laws.append({"model": str(name), "sure": law.sure, "rows": [[_short(v[i]) for v in ends] for i in thin]})
    return {"noun": noun, "x": label, "points": points, "laws": laws}


def _short(value: float) -> float | None:
    """Return ``value`` with as many digits as a picture can show; None where it is not a number."""
    return float(f"{value:.5g}") if np.isfinite(value) else None
