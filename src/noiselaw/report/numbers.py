"""Counts, shares and lists as people read them; numbers and intervals are said by :mod:`noiselaw.plan.words`."""

from __future__ import annotations

import re

__all__ = ["count", "listed", "percent", "tied"]


def percent(part: float, whole: float) -> str:
    """Return ``part`` of ``whole`` as ``84 %``."""
    return f"{100 * part / whole:.0f} %".replace("-", "−")


def count(value: float) -> str:
    """Return a whole number with its thousands separated: ``152,094``."""
    return f"{round(value):,}"


def listed(names: list[str], last: str = "and") -> str:
    """Return names as a list in a sentence: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else "none"


def tied(text: str) -> str:
    """Return ``text`` with numbers and their units tied together, so that no line breaks between them."""
    return re.sub(r"(?<=\d) (?=%|bits?\b)", "\N{NO-BREAK SPACE}", text)
