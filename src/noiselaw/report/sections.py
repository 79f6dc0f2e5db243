"""One signal's part of a report: facts, fits and pictures, said and drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from noiselaw.fit import fit_groups
from noiselaw.plan.words import bits, number
from noiselaw.plot import PALETTE, largest_size, looks, top_level
from noiselaw.plot.select import replicates
from noiselaw.report import words
from noiselaw.report.asked import FACTOR, Asked, Future, ask
from noiselaw.report.facts import Axis, Kept, Subject, cells_axis, depth_axis, kept, misfit, rows_of
from noiselaw.report.figures import depth_chart, size_chart

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
    axis: Axis
    cells: Axis
    rows: pd.DataFrame
    futures: Mapping[str, Future]
    left_out: str = ""


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
    told = ask(rows, names)
    title = subject.signal or "the signal"
    scale = _scale(found, told)
    colours = looks(names)
    models = tuple(
        Model(
            name=fact.representation,
            colour=f"c{PALETTE.index(colours[fact.representation].colour)}",
            sayings=_sayings(fact, told.future(fact.representation), noise.get(fact.representation), title, axis),
            bar=_bar(fact, told.future(fact.representation), scale),
        )
        for fact in found
    )
    return Section(
        subject=subject,
        title=title,
        about=", ".join(about),
        headline=_headline(found[0], told, title, axis),
        best=told.leader.sentence if told.leader else "",
        unit=axis.unit,
        more=f"{words.more_of(FACTOR, axis).lower()} would add",
        scale=bits(scale) if scale else "",
        models=models,
        charts=_charts(rows, noise, size, truth, axis, title, name),
        noise=noise,
        size=size,
        axis=axis,
        cells=cells_axis(axis.unit),
        rows=rows,
        futures={name: told.future(name) for name in names},
    )


def _headline(first: Kept, told: Asked, title: str, axis: Axis) -> str:
    """Return what limits the representation that leads, in the planner's words; why not, where it has none."""
    if not math.isfinite(first.bits):
        return words.nothing(title, first.reason, axis)
    leader = told.leader.best if told.leader else first.representation
    future = told.future(leader)
    return future.limits.sentence if future.limits else words.undecided(leader, axis, future.reason)


def _sayings(fact: Kept, future: Future, fit: Fit | None, title: str, axis: Axis) -> tuple[Saying, ...]:
    besides = f"{future.reach.sentence if future.reach else ''} {words.caution(misfit(fit, fact), axis)}".strip()
    deeper = words.gain(future.depth, FACTOR, axis, future.reason)
    cells = cells_axis(axis.unit)
    larger = words.gain(future.cells, FACTOR, cells, future.reason or words.TOO_FEW_SIZES)
    return (
        Saying("Now", words.kept_short(fact), words.kept(fact, title, axis), math.isfinite(fact.bits)),
        Saying(
            words.more_of(FACTOR, axis),
            words.gain_short(future.depth),
            f"{deeper} {besides}".strip(),
            future.depth is not None,
        ),
        Saying(words.more_of(FACTOR, cells), words.gain_short(future.cells), larger, future.cells is not None),
    )


def _sized(rows: pd.DataFrame) -> bool:
    return "n_train" in rows and bool(rows["n_train"].notna().any())


def _fits(rows: pd.DataFrame, law: str) -> dict[str, Fit]:
    return {str(key[0]): fit for key, fit in fit_groups(rows, law, by=["representation"]).items()}


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _scale(found: list[Kept], told: Asked) -> float:
    """Return what a full bar means: the ceiling, or the most that anything reaches where there is none."""
    ceilings = [fact.ceiling for fact in found if math.isfinite(fact.ceiling)]
    gains = [told.future(fact.representation).depth for fact in found]
    reached = [
        _or(fact.bits, 0.0) + (gained.bits.high if gained else 0.0) for fact, gained in zip(found, gains, strict=True)
    ]
    return max([*ceilings, *reached], default=0.0)


def _bar(fact: Kept, future: Future, scale: float) -> Bar | None:
    if not scale > 0 or not math.isfinite(fact.bits):
        return None

    def share(value: float) -> float:
        return round(100 * min(max(value / scale, 0.0), 1.0), 2)

    now = share(fact.bits)
    if future.depth is None:
        return Bar(now, 0.0, now, 0.0)
    more = future.depth.bits
    low, high = share(fact.bits + more.low), share(fact.bits + more.high)
    return Bar(now, round(max(share(fact.bits + more.value) - now, 0.0), 2), low, round(high - low, 2))


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
    if _sized(known) and known["n_train"].nunique() > 1:
        noun = cells_axis(axis.unit).noun
        drawn.append(
            Chart(
                svg=Markup(size_chart(known, size, f"{name}s", f"Bits about {title} against the number of {noun}")),
                name=f"bits against the number of {noun}",
                caption=words.size_caption(axis),
                x_name=noun,
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
