"""Laws laid through measurements, with what the data cannot say."""

from __future__ import annotations

from noiselaw.fit.curve import fit_law
from noiselaw.fit.derived import QUANTITIES, Derived, derive, predict
from noiselaw.fit.diagnose import PLATEAUS, STATUSES
from noiselaw.fit.groups import fit_groups, fit_table, grouping, row_of

__all__ = [
    "PLATEAUS",
    "QUANTITIES",
    "STATUSES",
    "Derived",
    "derive",
    "fit_groups",
    "fit_law",
    "fit_table",
    "grouping",
    "predict",
    "row_of",
]
