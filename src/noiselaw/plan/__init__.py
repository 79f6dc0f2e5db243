"""Questions asked of measurements and their laws: what holds back, what more would add, how to spend a budget.

``advise(read_measured("runs/mine"))`` answers all of them; each is a function of its own.
"""

from __future__ import annotations

from noiselaw.fit.outlook import Expected, Outlook
from noiselaw.plan.advise import Advice, Questions, advise
from noiselaw.plan.answers import Crossing, Difference, Gain, Leader, Limits, Loss, Losses, Pilot, Reach
from noiselaw.plan.budget import Budget, Compared, Design, IsoCost, spend
from noiselaw.plan.contest import crossing, leader
from noiselaw.plan.costs import Costs, default_costs, read_costs
from noiselaw.plan.library import Library, library_from_pairs, library_from_saturation
from noiselaw.plan.limits import limits, outlook_of
from noiselaw.plan.measured import Measured, measured, read_measured
from noiselaw.plan.pilot import with_pilot
from noiselaw.plan.reach import losses, reach
from noiselaw.plan.rules import RULES, Rule
from noiselaw.records import to_json

__all__ = [
    "RULES",
    "Advice",
    "Budget",
    "Compared",
    "Costs",
    "Crossing",
    "Design",
    "Difference",
    "Expected",
    "Gain",
    "IsoCost",
    "Leader",
    "Library",
    "Limits",
    "Loss",
    "Losses",
    "Measured",
    "Outlook",
    "Pilot",
    "Questions",
    "Reach",
    "Rule",
    "advise",
    "crossing",
    "default_costs",
    "leader",
    "library_from_pairs",
    "library_from_saturation",
    "limits",
    "losses",
    "measured",
    "outlook_of",
    "read_costs",
    "read_measured",
    "reach",
    "spend",
    "to_json",
    "with_pilot",
]
