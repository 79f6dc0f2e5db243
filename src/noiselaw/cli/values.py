"""What options hold, as text: lists, and numbers that may be columns instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["columns_of", "listed", "number_or_column"]


def listed(text: str) -> list[str]:
    """Return the parts of ``a, b`` that are not empty."""
    return [part.strip() for part in text.split(",") if part.strip()]


def columns_of(text: str | None, table: pd.DataFrame) -> list[str] | None:
    """Return the columns named in ``text``; a column whose own name has commas is taken whole."""
    if text is None:
        return None
    return [text] if text in table.columns else listed(text)


def number_or_column(text: str | None) -> str | float | None:
    """Return a number where ``text`` is one, else the text: a column's name."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text
