"""The paper's tables, figures and theorem by name, from its published measurements or from data."""

from __future__ import annotations

from noiselaw.reproduce.compute import Footprint
from noiselaw.reproduce.pages import Outcome, outcomes, write_page, write_summary
from noiselaw.reproduce.perform import data_state, perform, reproduce
from noiselaw.reproduce.target import Check, Result, Target, Workplace
from noiselaw.reproduce.targets import TARGETS, target

__all__ = [
    "TARGETS",
    "Check",
    "Footprint",
    "Outcome",
    "Result",
    "Target",
    "Workplace",
    "data_state",
    "outcomes",
    "perform",
    "reproduce",
    "target",
    "write_page",
    "write_summary",
]
