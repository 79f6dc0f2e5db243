"""What a page leaves out to stay below 6 MB, and in which order.

Downloads give way first, then the pictures, then the numbers behind them, then what answers to a reader (curves and
planner); of each, the first parts keep theirs. Words, parameters and methods are never left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from noiselaw.report.numbers import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.report.sections import Section

__all__ = ["MOST_BYTES", "Holds", "Weights", "alive", "holds", "lighter", "weights"]

#: Pages stay below 6 MB: what they hold may fill them up to here.
MOST_BYTES = 5_900_000
#: What a row of numbers needs besides its texts, and what it takes to say of a part that something is left out.
_ROW, _SAID = 110, 250


@dataclass(frozen=True)
class Holds:
    """How many parts, from the first on, keep their pictures, the numbers behind them, and what answers."""

    pictures: int
    numbers: int
    live: int


@dataclass(frozen=True)
class Weights:
    """Bytes by part: of pictures, of the numbers behind them, and of what answers."""

    pictures: tuple[int, ...]
    numbers: tuple[int, ...]
    live: tuple[int, ...]


def weights(sections: Sequence[Section], live: Sequence[int]) -> Weights:
    """Return what each of ``sections`` puts into a page; ``live`` is what its curves and its planner do."""
    pictures = tuple(sum(len(chart.svg.encode()) for chart in part.charts) for part in sections)
    numbers = tuple(
        sum(_ROW + sum(len(escape(cell).encode()) for cell in row) for chart in part.charts for row in chart.rows)
        for part in sections
    )
    return Weights(pictures, numbers, tuple(live) or (0,) * len(sections))


def holds(whole: int, parts: Weights, most: int) -> Holds:
    """Return what a page of ``whole`` bytes, with more than ``most``, may keep so that no more remain."""
    over, found = whole + _SAID * len(parts.pictures) - most, []
    for own in (parts.pictures, parts.numbers, parts.live):
        room = sum(own) - max(over, 0)
        kept = sum(taken <= room for taken in accumulate(own))
        found.append(kept)
        over -= sum(own[kept:])
    return Holds(*found)


def lighter(sections: Sequence[Section], keep: Holds) -> list[Section]:
    """Return ``sections`` with the pictures and numbers that the page has room for, and sentences about the rest."""
    return [_lighter(part, i < keep.pictures, i < keep.numbers) for i, part in enumerate(sections)]


def _lighter(part: Section, pictures: bool, numbers: bool) -> Section:
    if (pictures and numbers) or not part.charts:
        return part
    charts = tuple(
        replace(chart, svg=chart.svg if pictures else Markup(""), rows=chart.rows if numbers else ())
        for chart in part.charts
    )
    what = "the pictures of this part" if numbers else "the pictures of this part and the numbers behind them"
    told = f"With {what} the page would pass 6 MB: plot.noise_curves and plot.size_curves draw them from the table."
    return replace(part, charts=charts, left_out=told)


def alive(curves: Sequence[Any], planned: Mapping[str, Any], keep: int) -> tuple[dict[str, Any], str]:
    """Return what the page's script knows of the first ``keep`` parts, and a sentence about the others."""
    known = {**planned, "curves": [curve for curve in planned["curves"] if curve["section"] < keep]}
    if keep >= len(curves):
        return {"curves": curves, "planner": known}, ""
    told = f"The first {count(keep)} of {count(len(curves))} parts can be chosen; with more the page would pass 6 MB."
    return {"curves": list(curves[:keep]), "planner": known}, told
