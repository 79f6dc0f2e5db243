"""Numbers and reasons as they stand in the planner's sentences."""

from __future__ import annotations

import math
import re

__all__ = [
    "amount",
    "because",
    "bits",
    "called",
    "counted",
    "greatest",
    "money",
    "noun",
    "number",
    "observed",
    "possible",
    "span",
    "times",
    "two",
]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
#: Units in which more of u is a deeper measurement.
_DEEP = ("umi", "read", "molecule", "depth")
#: The most that u can be in these units, at which an observation is as it is: blocks of f pixels begin at one pixel.
_WHOLE = {"1 per f": 1.0, "1 per f²": 1.0}


def noun(unit: str) -> str:
    """Return what u is called in sentences, given its unit: depth, or signal-to-noise where it counts no molecules."""
    return "depth" if any(word in unit.lower() for word in _DEEP) else "signal-to-noise"


def observed(unit: str) -> str:
    """Return what is measured, given the unit of u: cells, or observations where u counts no molecules."""
    return "cells" if not unit or noun(unit) == "depth" else "observations"


def greatest(unit: str) -> float:
    """Return the most that u can be in its unit; infinite where nothing bounds it."""
    return _WHOLE.get(unit.replace("/", " per "), math.inf)


def called(law: str) -> str:
    """Return how a law of bits against depth is called in sentences."""
    return {"noise": "Eq. 2", "two_sided": "Eq. 2 with noise on both sides"}[law]


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, if it has one: ``43,100 UMI per cell``, ``30.0 in 1/variance``."""
    return f"{number(value)} {counted(unit)}".rstrip()


def counted(unit: str) -> str:
    """Return ``unit`` as it stands after a number: what is an inverse would read as a second number."""
    return f"in 1/{unit.removeprefix('1 per ')}" if unit.startswith("1 per ") else unit


def number(value: float, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant digits: ``43,100``, ``2.31``, ``0.00412``; ``unknown`` for NaN."""
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "without limit"
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    if rounded and abs(rounded) < 1e-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa} × 10^{int(exponent)}".replace("-", "−")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}".replace("-", "−")


def bits(value: float) -> str:
    """Return information for a sentence: two decimals, as no estimate of it deserves more, and the unit."""
    return f"{two(value)} bits"


def two(value: float) -> str:
    """Return information with two decimals, without its unit."""
    if not math.isfinite(value):
        return number(value)
    shown = f"{value:.2f}".replace("-", "−")
    return "0.00" if shown == "−0.00" else shown


def span(low: float, high: float, *, of_bits: bool = True) -> str:
    """Return an interval in words, one-sided where an end is open: ``0.24 to 0.38``, ``at least 0.24``."""
    show = two if of_bits else number
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    if math.isinf(low) and math.isinf(high):
        return "without limit"
    if math.isinf(high):
        return f"at least {show(low)}"
    if math.isinf(low) or (not of_bits and low <= 0):
        return f"at most {show(high)}"
    return f"{show(low)} to {show(high)}"


def possible(high: float, ceiling: float) -> str:
    """Return what to add to an interval of bits that reaches beyond what there is to know; empty where it does not."""
    return f", of which no more than {bits(ceiling)} are possible" if high > ceiling else ""


def times(factor: float) -> str:
    """Return a factor in words: ``twice``, ``ten times``, ``3.5 times``."""
    whole = round(factor)
    if not math.isclose(factor, whole):
        return f"{number(factor, 2)} times"
    if whole == 2:
        return "twice"
    return f"{_WORDS[whole]} times" if 0 <= whole < len(_WORDS) else f"{whole:,} times"


def because(reason: str) -> str:
    """Return ``reason`` as the end of a sentence that says "because", without its full stop."""
    reason = reason.strip().rstrip(".") or "no reason was recorded"
    if re.match(r"[A-Z][a-z]*[ ,]", reason):  # an ordinary word, and not a name such as ValueError or PCA
        reason = reason[0].lower() + reason[1:]
    return f"because {reason}"


def money(value: float, currency: str) -> str:
    """Return an amount: ``12,500 USD``."""
    return f"{value:,.0f} {currency}"
