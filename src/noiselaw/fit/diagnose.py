"""What a fit can and cannot say, decided in one place, in a sentence that a biologist understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from noiselaw.laws import Law
    from noiselaw.records import Interval

__all__ = ["PLATEAUS", "STATUSES", "Evidence", "diagnose", "least_levels"]

#: Every status, with what it means.
STATUSES: Mapping[str, str] = {
    "ok": "The data determine every parameter.",
    "poorly_constrained": "The data agree with widely different values of at least one parameter.",
    "saturated": "Every level already gives the same bits: the plateau is known, where it begins is not.",
    "linear_regime": "Bits still rise at the highest level without a sign of levelling off: the plateau is unknown.",
    "too_few_levels": "There are too few different levels to fit this law.",
    "above_ceiling": "The fitted plateau is above what any representation can reach.",
    "not_converged": "The search for best parameters did not end.",
}
#: An interval of bits wider than its value and than one bit is no answer; nor is a scale known to less than a factor
#: of ten either way, nor an exponent to less than one either way.
_WIDE_SHARE, _WIDE_BITS, _WIDE_FACTOR, _WIDE_EXPONENT = 1.0, 1.0, 10.0, 2.0
#: Parameters that no representation can push beyond a ceiling.
PLATEAUS = ("I_max", "I_inf")
#: Where a curve ends that still rises, and what would show more of it.
_FURTHER = {
    ("u",): ("highest level", "at higher levels"),
    ("N",): ("largest training size", "with more training observations"),
    ("u", "N"): ("edge of the grid", "at higher levels or with more training observations"),
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the decision rests on: the levels seen, how the search ended, the intervals and the ends left open."""

    law: Law
    levels: int
    converged: bool
    parameters: Mapping[str, float]
    intervals: Mapping[str, Interval]
    open_kinds: Collection[str]
    top_bits: float
    ceiling: float | None = None


def least_levels(law: Law) -> int:
    """Return how many different levels ``law`` needs: four, and more than it has parameters."""
    return max(4, len(law.parameters) + 1)


def diagnose(evidence: Evidence) -> tuple[str, str]:
    """Return the status and its sentence."""
    if evidence.levels < least_levels(evidence.law):
        needed = least_levels(evidence.law)
        there = "is no level" if not evidence.levels else "is only 1 level"
        there = there if evidence.levels < 2 else f"are only {evidence.levels} different levels"
        return "too_few_levels", f"There {there}; this law needs at least {needed}."
    if not evidence.converged:
        return "not_converged", "The search for best parameters did not end; look at the points for outliers."
    return _capacity(evidence) or _open(evidence) or _wide(evidence) or ("ok", STATUSES["ok"])


def _capacity(evidence: Evidence) -> tuple[str, str] | None:
    name, ceiling = evidence.law.names[0], evidence.ceiling
    if ceiling is None or not np.isfinite(ceiling) or name not in PLATEAUS:
        return None
    value, interval = evidence.parameters[name], evidence.intervals[name]
    certain = interval.low > ceiling
    exceeded = np.isfinite(interval.high) and value > 1.1 * ceiling
    if not (certain or exceeded):
        return None
    fitted = f"of {value:.2f} bits" if np.isfinite(interval.high) else f"of at least {interval.low:.2f} bits"
    return "above_ceiling", (
        f"The fitted {name} {fitted} is more than the {ceiling:.2f} bits that this signal can give at all; "
        "do not extrapolate this curve."
    )


def _open(evidence: Evidence) -> tuple[str, str] | None:
    kinds = set(evidence.open_kinds) - {"loose"}  # these are told by the intervals that they leave open
    if not kinds:
        return None
    where, further = _FURTHER[evidence.law.variables]
    if kinds == {"rising"}:
        return "linear_regime", (
            f"Bits still rise at the {where} ({evidence.top_bits:.2f} bits) without a sign of levelling off, "
            f"so where they would end is unknown; measure {further}."
        )
    if kinds == {"flat"}:
        return "saturated", (
            "Every level already gives about the same bits: the plateau is known, but not the level at which it "
            "begins; measure at lower levels."
        )
    if "nothing" in kinds:
        return "poorly_constrained", "The points do not rise above zero bits, so there is no curve to describe."
    if kinds == {"steep"}:
        return "poorly_constrained", (
            "Nearly all of the rise lies between the two lowest levels; levels between them would show its shape."
        )
    return "poorly_constrained", (
        "The points agree with a curve that has levelled off and with one that keeps rising; "
        "more levels, or less noise per point, would decide."
    )


def _wide(evidence: Evidence) -> tuple[str, str] | None:
    for parameter in evidence.law.parameters:
        value, interval = evidence.parameters[parameter.name], evidence.intervals[parameter.name]
        width = interval.high - interval.low
        if parameter.unit.startswith("bits"):
            wide = not width <= max(_WIDE_BITS, _WIDE_SHARE * abs(value))
        elif parameter.unit:
            wide = not interval.high <= _WIDE_FACTOR**2 * interval.low
        else:
            wide = not width <= _WIDE_EXPONENT
        if wide:
            return "poorly_constrained", (
                f"The points agree with any {parameter.name} {_range(interval, parameter.unit)}; "
                "more levels, or less noise per point, would narrow it."
            )
    return None


def _range(interval: Interval, unit: str) -> str:
    unit = f" {unit}" if unit else ""
    if np.isinf(interval.high):
        return f"above {interval.low:.3g}{unit}"
    return f"from {interval.low:.3g} to {interval.high:.3g}{unit}"
