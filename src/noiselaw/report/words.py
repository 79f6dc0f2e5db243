"""Findings as sentences. Pure functions: what is said, and what is not said where the data do not carry it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from noiselaw.report.numbers import bits, count, listed, number, percent, span, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.report.facts import Axis, Contest, Kept, Plateau, Prospect

__all__ = [
    "best",
    "caution",
    "depth_caption",
    "gain",
    "gain_short",
    "headline",
    "is_known",
    "kept",
    "kept_short",
    "limited_by",
    "more_of",
    "nothing",
    "reach",
    "size_caption",
    "status_label",
    "told",
]

#: Gains below the first are called nothing, since two decimals of a bit hardly show them; below the second, little.
_NOTHING, _LITTLE = 0.02, 0.1
#: A law that passes the measurements by this many bits is called a poor description.
_APART = 0.05

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


#: How the fits' reasons, which speak of levels of noise, are said of training sizes.
_OF_SIZES = {
    r"the highest level": "the largest size",
    r"higher levels": "larger sizes",
    r"lower levels": "smaller sizes",
    r"lowest levels": "smallest sizes",
    r"level": "size",
}


def told(reason: str, axis: Axis) -> str:
    """Return a fit's reason in the words of ``axis``."""
    if axis.step == "size":
        for of_levels, of_sizes in _OF_SIZES.items():
            reason = re.sub(rf"\b{of_levels}(?=s?\b)", of_sizes, reason)
    return reason


def _because(reason: str) -> str:
    """Return ``reason`` as the end of a sentence that says "because"."""
    reason = reason.strip() or "no reason was recorded"
    if re.match(r"[A-Z][a-z]*[ ,]", reason):  # an ordinary word, and not a name such as ValueError or PCA
        reason = reason[0].lower() + reason[1:]
    return f"because {reason}" if reason.endswith((".", "!", "?")) else f"because {reason}."


def kept(fact: Kept, signal: str, axis: Axis) -> str:
    """Say how much is kept at full depth: ``At your depth (4,310 UMI per cell) pca keeps 2.31 of 2.75 bits …``."""
    where = f"At your {axis.noun} ({number(fact.x)} {axis.unit}".rstrip() + ")"
    if not math.isfinite(fact.bits):
        return f"{where} nothing could be measured for {fact.representation}, {_because(fact.reason)}"
    trained = f", trained on {count(fact.n_train)} cells," if fact.n_train else ""
    start = f"{where} {fact.representation}{trained} keeps"
    if fact.standard_error > 0 and fact.bits < 2 * fact.standard_error:
        error = f"standard error {bits(fact.standard_error)}"
        return f"{start} nothing about {signal} that could be told from chance ({bits(fact.bits)}, {error})."
    if not math.isfinite(fact.ceiling):
        said = f"{start} {bits(fact.bits)} about {signal} (no ceiling is known for it)."
    elif fact.bits >= fact.ceiling:
        said = f"{start} {bits(fact.bits)} about {signal}, all there is to know ({bits(fact.ceiling)})."
    else:
        share = percent(fact.bits, fact.ceiling)
        said = f"{start} {bits(fact.bits)} about {signal}: {share} of the {bits(fact.ceiling)} there are to know."
    if math.isfinite(fact.truth) and fact.truth > 0:
        said += f" The counts themselves hold {bits(fact.truth)} there, as these data were simulated."
    return said


def kept_short(fact: Kept) -> str:
    """Return what is kept as a figure: ``2.31 of 2.75 bits``."""
    if not math.isfinite(fact.bits):
        return "not measured"
    return bits(fact.bits) if not math.isfinite(fact.ceiling) else f"{bits(fact.bits)[:-5]} of {bits(fact.ceiling)}"


def gain_short(prospect: Prospect) -> str:
    """Return a gain as a figure: ``+0.21 bits``, ``cannot tell``."""
    if prospect.status == "saturated" or (is_known(prospect) and prospect.high < _NOTHING):
        return "next to nothing"
    if prospect.status == "linear_regime":
        return "still rising"
    if not is_known(prospect):
        return "cannot tell"
    if not math.isfinite(prospect.bits):
        return f"{span(prospect.low, prospect.high)} bits"
    return f"+{bits(prospect.bits)}".replace("+−", "−")


def more_of(prospect: Prospect, axis: Axis) -> str:
    """Return what a gain is the gain from: ``Ten times the depth``."""
    return _capital(f"{times(prospect.factor)} the {axis.noun}")


def caution(misfit: float, axis: Axis) -> str:
    """Warn where the law misses the measurements at full depth; empty where it nearly meets them."""
    if abs(misfit) < _APART:
        return ""
    side = "below" if misfit > 0 else "above"
    where = f"{side} what was measured at full {axis.noun}"
    return f"Careful: the law passes {bits(abs(misfit))} {where}, so it describes these points poorly."


def reach(fact: Plateau | None, axis: Axis) -> str:
    """Say what a noiseless measurement would give and what most of that takes; nothing where it is not determined."""
    if fact is None:
        return ""
    top = f"{bits(fact.bits)} ({span(fact.bits_interval.low, fact.bits_interval.high)})"
    need = f"{number(fact.x)} {axis.unit} ({span(fact.x_interval.low, fact.x_interval.high, of_bits=False)})"
    return f"Without noise it would keep {top}; {percent(fact.fraction, 1)} of that takes {need}."


def gain(prospect: Prospect, axis: Axis) -> str:
    """Say what ``factor`` times more of the axis would add, or that this cannot be told and why."""
    more = f"{times(prospect.factor)} the {axis.noun}"
    if prospect.status == "saturated":
        return f"{_capital(more)} is not expected to add any: whatever was measured gives about the same."
    if prospect.status == "linear_regime":
        return f"{_capital(more)} would add bits, but how many cannot be told, {_because(told(prospect.reason, axis))}"
    if not is_known(prospect):
        return f"What {more} would add cannot be told, {_because(told(prospect.reason, axis))}{_agreeing(prospect)}"
    target = f" ({number(prospect.target)} {axis.unit}".rstrip() + ")" if math.isfinite(prospect.target) else ""
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
    """Return which of the two gains is larger beyond doubt: depth, cells, neither (both are little), or unknown."""
    if not (is_known(depth) and is_known(cells)):
        return "unknown"
    if max(depth.high, cells.high) <= _LITTLE:
        return "neither"
    if depth.low > cells.high:
        return "depth"
    return "cells" if cells.low > depth.high else "unknown"


def nothing(signal: str, reason: str) -> str:
    """Say that not one measurement about ``signal`` at full depth gave a number, and why."""
    return f"Nothing could be measured about {signal} at full depth, {_because(reason)}"


def headline(leader: str, depth: Prospect, cells: Prospect, depth_axis: Axis, cells_axis: Axis) -> str:
    """Say in one line, for the representation that kept most, whether depth or cells hold it back."""
    limit = limited_by(depth, cells)
    if limit == "depth":
        return _limited(leader, depth, depth_axis, cells, cells_axis)
    if limit == "cells":
        return _limited(leader, cells, cells_axis, depth, depth_axis)
    if limit == "neither":
        most = bits(max(depth.high, cells.high, 0.01))
        more = f"neither {times(depth.factor)} the {depth_axis.noun} nor {times(cells.factor)} the {cells_axis.noun}"
        return f"{leader} is near its limit: {more} would add more than {most}."
    partly = [_partly(depth, depth_axis), _partly(cells, cells_axis)]
    if "saturated" in (depth.status, cells.status) and all(partly):
        return f"{leader}: {partly[0]}; {partly[1]}."
    if all(partly):
        larger = f"whether more {depth_axis.noun} or more {cells_axis.noun} would add more cannot be told"
        return f"{leader}: {larger}; {partly[0]}, {partly[1]}."
    if any(partly):
        other, gains = (cells_axis, cells) if partly[0] else (depth_axis, depth)
        at_most = f" (at most {bits(gains.high)} agree with the points)" if _agreeing(gains) else ""
        return f"{leader}: {partly[0] or partly[1]}; what more {other.noun} would add cannot be told{at_most}."
    return f"{leader}: what more {depth_axis.noun} or more {cells_axis.noun} would add cannot be told."


def _limited(leader: str, larger: Prospect, axis: Axis, smaller: Prospect, other: Axis) -> str:
    gained = bits(larger.bits) if math.isfinite(larger.bits) else f"{span(larger.low, larger.high)} bits"
    least = f"at most {bits(smaller.high)}" if smaller.high >= _NOTHING else "next to nothing"
    more, less = f"{times(larger.factor)} the {axis.noun}", f"{times(smaller.factor)} the {other.noun}"
    return f"{leader} is limited by {axis.noun}: {more} would add {gained}, {less} {least}."


def _partly(prospect: Prospect, axis: Axis) -> str:
    """Return in a few words what one gain is; empty where it cannot be told."""
    more = f"{times(prospect.factor)} the {axis.noun}"
    if prospect.status == "saturated":
        return f"{more} would add little or nothing"
    if prospect.status == "linear_regime":
        return f"{more} would add bits, how many is unknown"
    if not is_known(prospect):
        return ""
    return f"{more} would add {span(prospect.low, prospect.high)} bits"


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
    rival = f"the runner-up {contest.rival}" if contest.n_rivals > 1 else contest.rival
    if contest.n_seeds < 2:
        return (
            f"{contest.best} kept {bits(contest.difference)} more than {rival} at full {axis.noun}, "
            "but with one seed it cannot be told whether that is chance."
        )
    paired = f"95 % interval {span(contest.low, contest.high)}, paired over {count(contest.n_seeds)} seeds"
    if contest.low > 0:
        return (
            f"{contest.best} keeps most at full {axis.noun}: {bits(contest.difference)} more than {rival} ({paired})."
        )
    return (
        f"{contest.best} and {contest.rival} cannot be told apart at full {axis.noun}: they differ by "
        f"{bits(contest.difference)} ({paired})."
    )
