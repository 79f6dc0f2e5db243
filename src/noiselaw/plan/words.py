"""Numbers and reasons as they stand in the planner's sentences."""

from __future__ import annotations

import math

__all__ = ["because", "bits", "money", "number", "span", "times"]

_WORDS = {2: "twice", 5: "five times", 10: "ten times"}


def number(value: float, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant digits and separated thousands."""
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "without limit"
    if value == 0:
        return "0"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    if abs(value) < 1e-3:
        return f"{value:.{digits}g}"
    keep = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, keep):,.{decimals}f}".replace("-", "−")


def bits(value: float) -> str:
    """Return information with two decimals and its unit."""
    return f"{_two(value)} bits"


def _two(value: float) -> str:
    shown = f"{value:.2f}".replace("-", "−") if math.isfinite(value) else number(value)
    return "0.00" if shown == "−0.00" else shown


def span(low: float, high: float, *, of_bits: bool = True) -> str:
    """Return an interval in words, one-sided where an end is open."""
    show = _two if of_bits else number
    if math.isinf(low) and math.isinf(high):
        return "without limit"
    if math.isinf(high):
        return f"at least {show(low)}"
    if math.isinf(low) or (not of_bits and low <= 0):
        return f"at most {show(high)}"
    return f"{show(low)} to {show(high)}"


def times(factor: float) -> str:
    """Return a factor in words: ``twice``, ``ten times``, ``3.5 times``."""
    whole = round(factor)
    return _WORDS[whole] if math.isclose(factor, whole) and whole in _WORDS else f"{number(factor)} times"


def because(reason: str) -> str:
    """Return ``reason`` as the end of a sentence that says "because"."""
    reason = reason.strip().rstrip(".")
    if reason[1:2].islower() or reason[1:2] == " ":
        reason = reason[0].lower() + reason[1:]
    return f"because {reason}"


def money(value: float, currency: str) -> str:
    """Return an amount: ``12,500 USD``."""
    return f"{value:,.0f} {currency}"
