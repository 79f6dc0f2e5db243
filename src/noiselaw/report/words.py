"""Findings as sentences. Pure functions: what is said, and what is not said where the data do not carry it.

What more depth or more cells would add, and which representation is best, is said by :mod:`noiselaw.plan`.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from noiselaw.plan.words import because, bits, number, observed, times
from noiselaw.report.numbers import count, percent

if TYPE_CHECKING:
    from noiselaw.plan import Gain
    from noiselaw.report.facts import Axis, Kept

__all__ = [
    "TOO_FEW_SIZES",
    "caution",
    "depth_caption",
    "gain",
    "gain_short",
    "kept",
    "kept_short",
    "more_of",
    "nothing",
    "size_caption",
    "status_label",
    "told",
    "undecided",
]

#: Gains below this are called nothing, since two decimals of a bit hardly show them.
_NOTHING = 0.02
#: Why nothing is said of more cells.
TOO_FEW_SIZES = "it takes four training sizes or more to tell"
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


def kept(fact: Kept, signal: str, axis: Axis) -> str:
    """Say how much is kept at full depth: ``At your depth (4,310 UMI per cell) pca keeps 2.31 bits …``."""
    where = f"At your {axis.noun} ({number(fact.x)} {'in ' * axis.unit.startswith('1/')}{axis.unit}".rstrip() + ")"
    if not math.isfinite(fact.bits):
        return f"{where} nothing could be measured for {fact.representation}, {because(fact.reason)}."
    trained = f", trained on {count(fact.n_train)} {observed(axis.unit)}," if fact.n_train else ""
    start = f"{where} {fact.representation}{trained} keeps"
    error = _error(fact)
    if fact.standard_error > 0 and fact.bits < 2 * fact.standard_error:
        return f"{start} nothing about {signal} that could be told from chance ({bits(fact.bits)}, {error})."
    said = f"{start} {bits(fact.bits)} ({error}) about {signal}"
    if not math.isfinite(fact.ceiling):
        said += "; no ceiling is known for it."
    elif fact.bits >= fact.ceiling:
        said += f", all there is to know ({bits(fact.ceiling)})."
    else:
        said += f": {percent(fact.bits, fact.ceiling)} of the {bits(fact.ceiling)} there are to know."
    if math.isfinite(fact.truth) and fact.truth > 0:
        said += f" The counts themselves hold {bits(fact.truth)} there, as these data were simulated."
    return said


def _error(fact: Kept) -> str:
    """Return the standard error and what it rests on."""
    if not math.isfinite(fact.standard_error):
        return "standard error unknown"
    what = f"over {count(fact.n_seeds)} seeds" if fact.n_seeds > 1 else "of the probe, as there is one seed"
    return f"standard error {bits(fact.standard_error)} {what}"


def kept_short(fact: Kept) -> str:
    """Return what is kept as a figure: ``2.31 ± 0.02 of 2.75 bits``."""
    if not math.isfinite(fact.bits):
        return "not measured"
    error = f" ± {bits(fact.standard_error)[:-5]}" if math.isfinite(fact.standard_error) else ""
    of = f" of {bits(fact.ceiling)[:-5]}" if math.isfinite(fact.ceiling) else ""
    return f"{bits(fact.bits)[:-5]}{error}{of} bits"


def more_of(factor: float, axis: Axis) -> str:
    """Return what a gain is the gain from: ``Ten times the depth``."""
    return f"{times(factor).capitalize()} the {axis.noun}"


def gain_short(gained: Gain | None) -> str:
    """Return a gain as a figure: ``+0.21 bits``, ``at most 0.12 bits``, ``cannot tell``."""
    if gained is None:
        return "cannot tell"
    if gained.bits.high < _NOTHING:
        return "next to nothing"
    return f"+{bits(gained.bits.value)}" if gained.bits.low > 0 else f"at most {bits(gained.bits.high)}"


def gain(gained: Gain | None, factor: float, axis: Axis, reason: str) -> str:
    """Say what more would add, in the planner's words, or that it cannot be told and why."""
    if gained is not None:
        return gained.sentence
    return f"What {times(factor)} the {axis.noun} would add cannot be told, {because(told(reason, axis))}."


def undecided(leader: str, axis: Axis, reason: str) -> str:
    """Say that the planner has no answer about what limits ``leader``, and why."""
    return f"Whether {axis.noun} or training {observed(axis.unit)} limit {leader} cannot be told, {because(reason)}."


def caution(misfit: float, axis: Axis) -> str:
    """Warn where the law misses the measurements at full depth; empty where it nearly meets them."""
    if abs(misfit) < _APART:
        return ""
    side = "below" if misfit > 0 else "above"
    where = f"{side} what was measured at full {axis.noun}"
    return f"Careful: the law passes {bits(abs(misfit))} {where}, so it describes these points poorly."


def nothing(signal: str, reason: str, axis: Axis) -> str:
    """Say that not one measurement about ``signal`` at full depth gave a number, and why."""
    return f"Nothing could be measured about {signal} at full {axis.noun}, {because(reason)}."


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
    against = f"the number of training {observed(axis.unit)}, at full {axis.noun}"
    return f"Bits kept against {against}. Lines: the fitted size law, drawn alike, where there are sizes enough."
