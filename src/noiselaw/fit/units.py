"""Bits and nothing else: tables that say nats are refused before a law is laid through them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noiselaw.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["refuse_nats"]

_NATS = re.compile(r"(?<![a-z])nats?(?![a-z])", re.IGNORECASE)
_UNITS = ("bits_unit", "unit", "units", "mi_unit")


def refuse_nats(table: pd.DataFrame, y: str) -> None:
    """Refuse a table whose column ``y``, or whose column of units, says nats.

    Raises
    ------
    UsageError
        If the name of ``y`` says so.
    InputError
        If a column of units says so of some values.
    """
    if _NATS.search(y.replace("_", " ")):
        raise UsageError(
            f"{y!r} is in nats, and laws and plans are in bits only. Divide it by ln 2 = 0.6931 and name the result."
        )
    for name in _UNITS:
        if name in table.columns:
            units = {str(value).lower() for value in table[name].dropna().unique()}
            if any(_NATS.search(unit) for unit in units):
                raise InputError(
                    f"The column {name!r} says that some values are in nats; laws and plans are in bits only. Divide "
                    "those values by ln 2 = 0.6931 and say bits."
                )
