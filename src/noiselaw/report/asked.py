"""What the planner answers about one subject, or why it cannot: the report has no arithmetic of gains of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noiselaw.errors import InputError, UsageError
from noiselaw.plan import leader, limits, measured, outlook_of, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from noiselaw.plan import Gain, Leader, Limits, Measured, Outlook, Reach

__all__ = ["FACTOR", "Asked", "Future", "ask"]

#: What is asked of every representation: what this many times as much would add.
FACTOR = 10.0


@dataclass(frozen=True)
class Future:
    """What more would add to one representation; where the planner cannot say at all, ``reason`` says why."""

    limits: Limits | None = None
    reach: Reach | None = None
    reason: str = ""
    outlook: Outlook | None = None

    @property
    def depth(self) -> Gain | None:
        """Return what ``FACTOR`` times the depth would add."""
        return self.limits.depth[-1] if self.limits else None

    @property
    def cells(self) -> Gain | None:
        """Return what ``FACTOR`` times the training cells would add; None where too few sizes were measured."""
        return self.limits.cells[-1] if self.limits and self.limits.cells else None


@dataclass(frozen=True)
class Asked:
    """Every answer about one subject: which representation leads, and what more would add to each."""

    leader: Leader | None
    futures: Mapping[str, Future] = field(default_factory=dict)
    reason: str = ""

    def future(self, representation: str) -> Future:
        """Return the answers about one representation."""
        return self.futures.get(representation, Future(reason=self.reason))


def ask(rows: pd.DataFrame, names: list[str]) -> Asked:
    """Ask the planner about the representations ``names`` in the rows of one subject."""
    try:
        known = measured(rows, by=[])
    except (InputError, UsageError) as error:
        return Asked(None, reason=str(error))
    there = known.names("representation")
    futures = {name: _future(known, name) for name in names if name in there}
    absent = {name: Future(reason="no measurement gave a number") for name in names if name not in there}
    try:
        found, reason = leader(known), ""
    except UsageError as error:
        found, reason = None, str(error)
    return Asked(found, futures | absent, reason)


def _future(known: Measured, name: str) -> Future:
    curve = known.about(representation=name)
    try:
        ahead = outlook_of(curve)
    except InputError as error:
        return Future(reason=str(error))
    return Future(limits(curve, factors=(FACTOR,), outlook=ahead), reach(curve), outlook=ahead)
