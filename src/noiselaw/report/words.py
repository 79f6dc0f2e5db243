"""Findings as sentences. Pure functions: what is said, and what is not said where the data do not carry it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from noiselaw.report.numbers import bits, count, listed, number, percent, span, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.report.facts import Axis, Contest, Kept, Prospect

__all__ = [
    "best",
    "depth_caption",
    "gain",
    "headline",
    "is_known",
    "kept",
    "limited_by",
    "size_caption",
    "status_label",
    "verdict",
]

#: Gains below the first are called nothing, since two decimals of a bit hardly show them; below the second, little.
_NOTHING, _LITTLE = 0.02, 0.05

_STATUS = {
    "ok": "determined",
    "poorly_constrained": "poorly constrained",
    "saturated": "on the plateau",
    "linear_regime": "plateau not reached",
    "too_few_levels": "too few levels",
    "above_ceiling": "above the ceiling",
    "not_converged": "no fit",
    "no_data": "no measurements",
}


def status_label(status: str) -> str:
    """Return a fit's status in two or three words."""
    return _STATUS.get(status, status.replace("_", " "))


def is_known(prospect: Prospect) -> bool:
    """Return whether the data bound the gain on at least one side by a law that they determine."""
    bounded = math.isfinite(prospect.low) or math.isfinite(prospect.high)
    return prospect.status == "ok" and bounded and not (math.isnan(prospect.low) or math.isnan(prospect.high))


def _because(reason: str) -> str:
    """Return ``reason`` as the end of a sentence that says "because"."""
    reason = reason.strip() or "no reason was recorded"
    if reason[1:2].islower() or reason[1:2] == " ":
        reason = reason[0].lower() + reason[1:]
    return f"because {reason}" if reason.endswith((".", "!", "?")) else f"because {reason}."


def kept(fact: Kept, signal: str, axis: Axis, observations: str = "cells") -> str:
    """Say how much is kept at full depth: ``At your depth (4,310 UMI per cell) pca keeps 2.31 of 2.75 bits …``."""
    where = f"At your {axis.noun} ({number(fact.x)} {axis.unit}".rstrip() + ")"
    trained = f", trained on {count(fact.n_train)} {observations}" if fact.n_train else ""
    if not math.isfinite(fact.bits):
        return f"{where} nothing could be measured for {fact.representation}, {_because(fact.reason)}"
    if fact.standard_error > 0 and fact.bits < 2 * fact.standard_error:
        margin = f"({bits(fact.bits)}, standard error {bits(fact.standard_error)})"
        return f"{where} {fact.representation}{trained}, keeps no more about {signal} than chance would show {margin}."
    start = f"{where} {fact.representation}{trained}, keeps" if trained else f"{where} {fact.representation} keeps"
    if not math.isfinite(fact.ceiling):
        return f"{start} {bits(fact.bits)} about {signal}; how much there is to know is not known."
    if fact.bits > fact.ceiling:
        return f"{start} {bits(fact.bits)} about {signal}, all that there is to know ({bits(fact.ceiling)})."
    share = percent(fact.bits, fact.ceiling)
    return f"{start} {bits(fact.bits)} about {signal}: {share} of the {bits(fact.ceiling)} there are to know."


def gain(prospect: Prospect, axis: Axis) -> str:
    """Say what ``factor`` times more of the axis would add, or that this cannot be told and why."""
    more = f"{times(prospect.factor)} the {axis.noun}"
    if prospect.status == "saturated":
        return (
            f"{_capital(more)} is not expected to add any: at every {axis.noun} measured the bits are about the same."
        )
    if not is_known(prospect):
        return f"What {more} would add cannot be told, {_because(prospect.reason)}{_agreeing(prospect)}"
    target = f" ({number(prospect.target)} {axis.unit})" if math.isfinite(prospect.target) else ""
    start = f"{_capital(more)}{target} would add"
    if not (math.isfinite(prospect.low) and math.isfinite(prospect.high)):
        return f"{start} {span(prospect.low, prospect.high)} bits (95 % confidence)."
    if prospect.high < _NOTHING:
        return f"{start} next to nothing: less than {bits(_NOTHING)} (95 % confidence)."
    return f"{start} {bits(prospect.bits)} (95 % interval {span(prospect.low, prospect.high)})."


def _agreeing(prospect: Prospect) -> str:
    """Return the gains that the points agree with, where both ends are bounded although the law is not determined."""
    if prospect.status != "poorly_constrained" or not (math.isfinite(prospect.low) and math.isfinite(prospect.high)):
        return ""
    return f" They agree with any gain from {span(prospect.low, prospect.high)} bits."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def limited_by(depth: Prospect, cells: Prospect) -> str:
    """Return which of the two gains is larger beyond doubt: depth, cells, neither, or unknown."""
    if not (is_known(depth) and is_known(cells)):
        return "unknown"
    if max(depth.high, cells.high) < _LITTLE:
        return "neither"
    if depth.low > cells.high:
        return "depth"
    return "cells" if cells.low > depth.high else "unknown"


def verdict(depth: Prospect, cells: Prospect, depth_axis: Axis, cells_axis: Axis) -> str:
    """Say in one line whether depth or cells hold the representation back."""
    limit = limited_by(depth, cells)
    if limit == "depth":
        return f"limited by {depth_axis.noun}: more {depth_axis.plural} would add more than more {cells_axis.plural}"
    if limit == "cells":
        return f"limited by cells: more {cells_axis.plural} would add more than more {depth_axis.plural}"
    if limit == "neither":
        return f"near its limit: neither more {depth_axis.plural} nor more {cells_axis.plural} would add much"
    told = _partly(depth, depth_axis), _partly(cells, cells_axis)
    if all(told):
        return f"whether more {depth_axis.plural} or more {cells_axis.plural} would add more cannot be told"
    if any(told):
        known = told[0] or told[1]
        other = cells_axis if told[0] else depth_axis
        return f"{known}; what more {other.plural} would add cannot be told"
    return f"what more {depth_axis.plural} or more {cells_axis.plural} would add cannot be told"


def _partly(prospect: Prospect, axis: Axis) -> str:
    """Return in a few words what one gain is; empty where it cannot be told."""
    if prospect.status == "saturated" or (is_known(prospect) and prospect.high < _LITTLE):
        return f"more {axis.plural} would add little or nothing"
    if is_known(prospect) and math.isfinite(prospect.low):
        return f"more {axis.plural} would add {'bits' if prospect.low > 0 else 'bits at best'}"
    return ""


def headline(leader: str, depth: Prospect, cells: Prospect, depth_axis: Axis, cells_axis: Axis) -> str:
    """Say in one line, for the representation that kept most, whether depth or cells hold it back."""
    return f"{leader}: {verdict(depth, cells, depth_axis, cells_axis)}."


def depth_caption(axis: Axis, with_truth: bool) -> str:
    """Say what the picture of bits against depth shows."""
    text = (
        f"Bits kept against {axis.noun}, with the largest training set. Marks: mean ± standard error over seeds; pale "
        "dots: single seeds. Lines: the fitted noise law with its 95 % band, dashed where it is extrapolated or where "
        "the data do not determine it."
    )
    return f"{text} Dotted: the information that the noisy counts truly hold." if with_truth else text


def size_caption(axis: Axis) -> str:
    """Say what the picture of bits against training size shows."""
    return (
        f"Bits kept against the number of training cells, at full {axis.noun}. Lines: the fitted size law, drawn alike."
    )


def best(contest: Contest | None, only: Sequence[str], axis: Axis) -> str:
    """Say which representation keeps most at full depth, paired over seeds, or that they cannot be told apart."""
    if contest is None:
        if len(only) == 1:
            return f"Only {only[0]} was measured, so there is nothing to compare it with."
        return (
            f"Which of {listed(list(only))} keeps most cannot be told: they share no measurement at full {axis.noun}."
        )
    others = "the runner-up, " if contest.n_rivals > 1 else ""
    if contest.n_seeds < 2:
        return (
            f"{contest.best} kept {bits(contest.difference)} more than {others}{contest.rival} at full {axis.noun}, "
            "but with one seed it cannot be told whether that is chance."
        )
    paired = f"95 % interval {span(contest.low, contest.high)}, paired over {count(contest.n_seeds)} seeds"
    if contest.low > 0:
        return (
            f"{contest.best} keeps most at full {axis.noun}: {bits(contest.difference)} more than "
            f"{others}{contest.rival} ({paired})."
        )
    return (
        f"{contest.best} and {contest.rival} cannot be told apart at full {axis.noun}: they differ by "
        f"{bits(contest.difference)} ({paired})."
    )
