"""Every question asked of one table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.plan.budget import Budget, spend
from noiselaw.plan.contest import crossing, leader
from noiselaw.plan.limits import FACTORS, limits, outlook_of
from noiselaw.plan.pilot import with_pilot
from noiselaw.plan.reach import depth_fit, losses, reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.plan.answers import Crossing, Leader, Limits, Losses, Reach
    from noiselaw.plan.costs import Costs
    from noiselaw.plan.library import Library
    from noiselaw.plan.measured import Measured

__all__ = ["Advice", "Questions", "advise"]


@dataclass(frozen=True)
class Questions:
    """What is asked.

    Parameters
    ----------
    depth, cells
        Where one stands; the deepest and the largest measured where None.
    factors
        How much more depth or cells to ask for.
    fractions
        Of what is reachable.
    representation
        Which to plan for; the best at the depth where None.
    budget, costs, library, genes
        Money to split, prices, how reads become molecules, and genes of interest; no budget is planned where
        ``budget`` is None.
    pilots
        Whether to look for the pilot that would answer what cannot be told.
    """

    depth: float | None = None
    cells: float | None = None
    factors: tuple[float, ...] = FACTORS
    fractions: tuple[float, ...] = (0.9, 0.95)
    representation: str | None = None
    budget: float | None = None
    costs: Costs | None = None
    library: Library | None = None
    genes: float = 10_000.0
    pilots: bool = True


@dataclass(frozen=True)
class Advice:
    """Every answer about one subject (dataset, channel, probe)."""

    subject: Mapping[str, str]
    leaders: tuple[Leader, ...]
    limits: tuple[Limits, ...]
    reach: tuple[Reach, ...]
    crossings: tuple[Crossing, ...]
    losses: tuple[Losses, ...]
    budgets: tuple[Budget, ...]


def advise(measured: Measured, questions: Questions | None = None) -> tuple[Advice, ...]:
    """Answer every question for every subject of a table.

    Raises
    ------
    UsageError, InputError
        Where a question cannot be meant or the table cannot carry it at all; what the data leave open is an answer.
    """
    asked = questions or Questions()
    if asked.budget is not None and asked.costs is None:
        raise UsageError("A budget needs prices: pass costs=default_costs(), or your own with read_costs(path).")
    return tuple(_advice(subject, rows, asked) for subject, rows in measured.subjects())


def _advice(subject: Mapping[str, str], rows: Measured, asked: Questions) -> Advice:
    signals = [rows.about(signal=name) for name in rows.names("signal")]
    leaders = [_leader(signal, asked) for signal in signals]
    chosen = [asked.representation or found.best for found in leaders]
    curves = [signal.about(representation=name) for signal, name in zip(signals, chosen, strict=True)]
    told, reached, budgets, crossings = [], [], [], []
    for signal, found, curve in zip(signals, leaders, curves, strict=True):
        ahead, fit = outlook_of(curve), depth_fit(curve)
        told.append(limits(curve, asked.depth, asked.cells, asked.factors, ahead))
        reached += [(reach(curve, fraction, fit), curve) for fraction in asked.fractions]
        crossings += [crossing(signal, found.best, rival.second) for rival in found.differences]
        if asked.budget is not None and asked.costs is not None:
            budgets.append(spend(curve, asked.budget, asked.costs, asked.library, ahead, asked.genes))
    if asked.pilots:
        leaders = [cast("Leader", with_pilot(a, m)) for a, m in zip(leaders, signals, strict=True)]
        told = [cast("Limits", with_pilot(a, m)) for a, m in zip(told, curves, strict=True)]
    return Advice(
        subject=subject,
        leaders=tuple(leaders),
        limits=tuple(told),
        reach=tuple(_reached(reached, asked.pilots)),
        crossings=tuple(crossings),
        losses=_losses(signals, chosen, asked),
        budgets=tuple(budgets),
    )


def _leader(signal: Measured, asked: Questions) -> Leader:
    """Compare where representations were measured: at the depth asked about if it lies there, else at the deepest."""
    u = signal.table["u"]
    inside = asked.depth is not None and u.min() <= asked.depth <= u.max()
    sizes = signal.table["n_train"].dropna().unique()
    n = asked.cells if asked.cells is not None and np.any(sizes == asked.cells) else None
    return leader(signal, asked.depth if inside else None, n)


def _reached(found: Sequence[tuple[Reach, Measured]], pilots: bool) -> list[Reach]:
    """Look for one pilot for each curve: one that determines it answers for every fraction."""
    told: list[Reach] = []
    asked: set[tuple[str, str]] = set()
    for answer, curve in found:
        key = (answer.representation, answer.signal)
        again = answer.known or key in asked or not pilots
        told.append(answer if again else cast("Reach", with_pilot(answer, curve)))
        asked.add(key)
    return told


def _losses(signals: Sequence[Measured], chosen: Sequence[str], asked: Questions) -> tuple[Losses, ...]:
    """Compare signals for the representation that is best for most of them."""
    if len(signals) < 2:
        return ()
    common = set.intersection(*(set(signal.names("representation")) for signal in signals))
    ranked = [name for name, _ in Counter(chosen).most_common() if name in common]
    if not ranked:
        return ()
    return (losses([signal.about(representation=ranked[0]) for signal in signals], asked.depth),)
