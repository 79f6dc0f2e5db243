"""Numbers as people read them: three significant digits, separated thousands, and no digit that means nothing."""

from __future__ import annotations

import math
import re

__all__ = ["bits", "count", "listed", "number", "percent", "span", "tied", "times"]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def number(value: float, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant digits: ``43,100``, ``2.31``, ``0.00412``; ``unknown`` for NaN."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "unbounded" if value > 0 else "−unbounded"
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
    """Return information for a sentence: at most two decimals, as no estimate of it deserves more; ``0.31 bits``."""
    return f"{_plain_bits(value)} bits"


def _plain_bits(value: float) -> str:
    if not math.isfinite(value):
        return number(value)
    shown = f"{value:.2f}".replace("-", "−")
    return "0.00" if shown == "−0.00" else shown


def span(low: float, high: float, *, of_bits: bool = True) -> str:
    """Return an interval in words, one-sided where an end is unbounded: ``0.24 to 0.38``, ``at least 0.24``."""
    show = _plain_bits if of_bits else number
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    if math.isinf(low) and math.isinf(high):
        return "unbounded"
    if math.isinf(high):
        return f"at least {show(low)}"
    if math.isinf(low):
        return f"at most {show(high)}"
    return f"{show(low)} to {show(high)}"


def percent(part: float, whole: float) -> str:
    """Return ``part`` of ``whole`` as ``84 %``."""
    return f"{100 * part / whole:.0f} %".replace("-", "−")


def count(value: float) -> str:
    """Return a whole number with its thousands separated: ``152,094``."""
    return f"{round(value):,}"


def times(factor: float) -> str:
    """Return a factor in words: ``twice``, ``ten times``, ``25 times``."""
    if factor == 2:
        return "twice"
    whole = factor == round(factor) and 0 <= factor < len(_WORDS)
    return f"{_WORDS[int(factor)]} times" if whole else f"{number(factor)} times"


def listed(names: list[str], last: str = "and") -> str:
    """Return names as a list in a sentence: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else "none"


def tied(text: str) -> str:
    """Return ``text`` with numbers and their units tied together, so that no line breaks between them."""
    return re.sub(r"(?<=\d) (?=%|bits?\b)", "\N{NO-BREAK SPACE}", text)
