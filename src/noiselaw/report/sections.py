"""One signal's part of a report: facts, fits and pictures, said and drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from noiselaw.fit import fit_groups
from noiselaw.plot import PALETTE, largest_size, looks, top_level
from noiselaw.plot.select import replicates
from noiselaw.report import words
from noiselaw.report.facts import (
    CELLS,
    Axis,
    Kept,
    Prospect,
    Subject,
    contest,
    depth_axis,
    kept,
    misfit,
    plateau,
    prospect,
    rows_of,
)
from noiselaw.report.figures import depth_chart, size_chart
from noiselaw.report.numbers import bits, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from noiselaw.records import Fit

__all__ = ["Bar", "Chart", "Model", "Saying", "Section", "section"]


@dataclass(frozen=True)
class Bar:
    """Percentages of the bar's width: kept, the gain beside it, and the interval of their sum."""

    kept: float
    gain: float
    low: float
    span: float


@dataclass(frozen=True)
class Saying:
    """One answer: what it is about, the figure, the sentence, and whether the data determine it."""

    label: str
    figure: str
    sentence: str
    known: bool


@dataclass(frozen=True)
class Model:
    """What is said of one representation."""

    name: str
    colour: str
    sayings: tuple[Saying, ...]
    bar: Bar | None


@dataclass(frozen=True)
class Chart:
    """A picture, what it shows, and its numbers as rows (representation, x, bits, standard error)."""

    svg: Markup
    name: str
    caption: str
    x_name: str
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class Section:
    """Everything that a report says about one subject."""

    subject: Subject
    title: str
    about: str
    headline: str
    best: str
    unit: str
    more: str
    scale: str
    models: tuple[Model, ...]
    charts: tuple[Chart, ...]
    noise: Mapping[str, Fit]
    size: Mapping[str, Fit]


def section(
    table: pd.DataFrame, subject: Subject, truth: pd.DataFrame | None, name: str, about: tuple[str, ...] = ()
) -> Section:
    """Return what ``table`` says about ``subject``; ``name`` makes ids unique, ``about`` tells subjects apart."""
    rows = rows_of(table, subject)
    truth = None if truth is None else truth[truth["signal"] == subject.signal]
    axis = depth_axis(str(rows["u_unit"].dropna().iloc[0]) if "u_unit" in rows and rows["u_unit"].notna().any() else "")
    noise, size = _fits(largest_size(rows), "noise"), _fits(top_level(rows), "size") if _sized(rows) else {}
    names = sorted(str(value) for value in rows["representation"].dropna().unique())
    found = sorted((kept(rows, model, truth) for model in names), key=lambda fact: -_or(fact.bits, -math.inf))
    depth = {fact.representation: prospect(noise.get(fact.representation), fact.x) for fact in found}
    cells = {model: prospect(size.get(model)) for model in names}
    title = subject.signal or "the signal"
    scale = _scale(found, depth)
    colours = looks(names)
    models = tuple(
        Model(
            name=fact.representation,
            colour=f"c{PALETTE.index(colours[fact.representation].colour)}",
            sayings=(
                Saying("Now", words.kept_short(fact), words.kept(fact, title, axis), math.isfinite(fact.bits)),
                _saying(depth[fact.representation], axis, _besides(noise.get(fact.representation), fact, axis)),
                _saying(cells[fact.representation], CELLS),
            ),
            bar=_bar(fact, depth[fact.representation], scale),
        )
        for fact in found
    )
    leader, measured = found[0].representation, math.isfinite(found[0].bits)
    return Section(
        subject=subject,
        title=title,
        about=", ".join(about),
        headline=words.headline(leader, depth[leader], cells[leader], axis, CELLS)
        if measured
        else words.nothing(title, found[0].reason),
        best=words.best(contest(rows, names), names, axis) if measured else "",
        unit=axis.unit,
        more=f"ten times the {axis.noun} would add",
        scale=bits(scale) if scale else "",
        models=models,
        charts=_charts(rows, noise, size, truth, axis, title, name),
        noise=noise,
        size=size,
    )


def _saying(fact: Prospect, axis: Axis, besides: str = "") -> Saying:
    sentence = f"{words.gain(fact, axis)} {besides}".strip()
    known = words.is_known(fact) or fact.status == "saturated"
    return Saying(words.more_of(fact, axis), words.gain_short(fact), sentence, known)


def _besides(fit: Fit | None, fact: Kept, axis: Axis) -> str:
    """Return what the noise law says besides the gain: its plateau, and a warning where it misses the points."""
    top = plateau(fit)
    reached = top is not None and top.bits < fact.bits
    return f"{'' if reached else words.reach(top, axis)} {words.caution(misfit(fit, fact), axis)}".strip()


def _sized(rows: pd.DataFrame) -> bool:
    return "n_train" in rows and bool(rows["n_train"].notna().any())


def _fits(rows: pd.DataFrame, law: str) -> dict[str, Fit]:
    return {str(key[0]): fit for key, fit in fit_groups(rows, law, by=["representation"]).items()}


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _scale(found: list[Kept], depth: Mapping[str, Prospect]) -> float:
    """Return what a full bar means: the ceiling, or the most that anything reaches where there is none."""
    ceilings = [fact.ceiling for fact in found if math.isfinite(fact.ceiling)]
    reached = [_or(fact.bits, 0.0) + _or(_gain_of(depth[fact.representation], "high"), 0.0) for fact in found]
    return max([*ceilings, *reached], default=0.0)


def _gain_of(fact: Prospect, end: str) -> float:
    return float(getattr(fact, end)) if words.is_known(fact) else math.nan


def _bar(fact: Kept, depth: Prospect, scale: float) -> Bar | None:
    if not scale > 0 or not math.isfinite(fact.bits):
        return None

    def share(value: float) -> float:
        return round(100 * min(max(value / scale, 0.0), 1.0), 2)

    now = share(fact.bits)
    if not words.is_known(depth):
        return Bar(now, 0.0, now, 0.0)
    low, high = share(fact.bits + depth.low), share(fact.bits + _or(depth.high, scale))
    return Bar(now, round(max(share(fact.bits + _or(depth.bits, 0.0)) - now, 0.0), 2), low, round(high - low, 2))


def _charts(
    rows: pd.DataFrame,
    noise: Mapping[str, Fit],
    size: Mapping[str, Fit],
    truth: pd.DataFrame | None,
    axis: Axis,
    title: str,
    name: str,
) -> tuple[Chart, ...]:
    known = rows[rows["bits"].notna()]
    if known.empty:
        return ()
    drawn = [
        Chart(
            svg=Markup(depth_chart(known, noise, truth, f"{name}d", f"Bits about {title} against {axis.noun}")),
            name=f"bits against {axis.noun}",
            caption=words.depth_caption(axis, truth is not None),
            x_name=axis.unit or "u",
            rows=_numbers(largest_size(known), "u"),
        )
    ]
    if _sized(known):
        drawn.append(
            Chart(
                svg=Markup(
                    size_chart(known, size, f"{name}s", f"Bits about {title} against the number of {CELLS.noun}")
                ),
                name=f"bits against the number of {CELLS.noun}",
                caption=words.size_caption(axis),
                x_name=CELLS.noun,
                rows=_numbers(top_level(known), "n_train"),
            )
        )
    return tuple(drawn)


def _numbers(rows: pd.DataFrame, x: str) -> tuple[tuple[str, str, str, str], ...]:
    listed = []
    for name, own in rows.groupby("representation", sort=True):
        data = replicates(own, x)
        listed += [
            (str(name), number(at), f"{value:.3f}".replace("-", "−"), f"{error:.3f}".replace("nan", "unknown"))
            for at, value, error in zip(data.x, data.y, data.error, strict=True)
        ]
    return tuple(listed)
