"""The best split of a budget between cells and depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError, UsageError
from noiselaw.fit.outlook import FAR, Expected
from noiselaw.plan.library import Library
from noiselaw.plan.limits import outlook_of
from noiselaw.plan.rules import RULES, Rule
from noiselaw.plan.words import amount, bits, counted, money, number, span

if TYPE_CHECKING:
    from noiselaw.fit.outlook import Outlook
    from noiselaw.plan.costs import Costs
    from noiselaw.plan.measured import Measured
    from noiselaw.records import FloatArray

__all__ = ["EXHAUSTED", "NEARLY", "Budget", "Compared", "Design", "IsoCost", "axis_of", "spend"]

#: Steps of the grid of designs over the range that is asked about, each way.
_STEPS = 240
#: Designs this near the best are as good.
NEARLY = 0.95
#: A depth above this share of a library is as deep as anybody would read it.
EXHAUSTED = 0.9


@dataclass(frozen=True)
class Design:
    """Cells that train, their depth, the reads that give it, what it costs, and the bits expected."""

    cells: float
    depth: float
    reads: float
    cost: float
    bits: Expected


@dataclass(frozen=True)
class IsoCost:
    """What one budget buys, spread over more or fewer cells: one entry per number of cells.

    ``cost`` is the budget wherever the rest of it buys depth; below it where the library or the range of the law is
    exhausted before the money.
    """

    cells: tuple[float, ...]
    depth: tuple[float, ...]
    reads: tuple[float, ...]
    cost: tuple[float, ...]
    bits: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """A published rule of thumb under the same budget; a design of None where the budget does not reach it."""

    rule: Rule
    design: Design | None
    sentence: str


@dataclass(frozen=True)
class Budget:
    """The best design under a budget, and how much it matters.

    Parameters
    ----------
    best
        The design with most bits expected.
    nearly_cells, nearly_depth
        The ranges of cells, and of their depths, within 5 % of the best.
    iso_cost
        The whole budget spread over more or fewer cells.
    rules
        Published rules of thumb beside it.
    at_edge
        Which variables the best takes to the edge of what may be asked: more money would buy what no law says.
    """

    representation: str
    signal: str
    budget: float
    currency: str
    best: Design
    nearly_cells: tuple[float, float]
    nearly_depth: tuple[float, float]
    iso_cost: IsoCost
    rules: tuple[Compared, ...]
    at_edge: tuple[str, ...]
    sentence: str


def spend(
    curve: Measured,
    budget: float,
    costs: Costs,
    library: Library | None = None,
    outlook: Outlook | None = None,
    genes: float = 10_000.0,
) -> Budget:
    """Find the best cells × depth under ``budget``.

    Designs are looked for up to ten times outside what was measured, on a fixed grid: what a smaller budget can buy, a
    larger one can, so that more money never means fewer bits.

    Parameters
    ----------
    curve
        Measurements of one representation about one signal, at four training sizes or more.
    budget
        In the cost model's currency.
    costs
        The prices.
    library
        How reads become molecules; ``costs.umi_per_read`` without saturation where not given.
    outlook
        What was laid through ``curve`` before.
    genes
        Genes of interest, for the rule of one read per cell per gene.

    Raises
    ------
    UsageError
        If the budget is no amount, buys no design that the law may be asked about, or u counts no molecules.
    InputError
        If fewer than four training sizes were measured.
    """
    if not (budget > 0 and np.isfinite(budget)):
        raise UsageError(f"budget must be an amount above 0; got {budget:g}.")
    if curve.unit.startswith("1 per "):
        raise UsageError(
            f"A budget is split between cells and sequencing reads, and u, {counted(curve.unit)}, counts none. "
            "Leave the budget out."
        )
    ahead = outlook or outlook_of(curve)
    if ahead.variables != ("u", "N"):
        raise InputError(
            "A budget is split with a law of depth and cells, which needs at least 4 different training sizes; "
            f"the table has {curve.table['n_train'].nunique()}. Measure more, e.g. noiselaw run --sizes 5."
        )
    found = library or Library(np.inf, costs.umi_per_read, source=f"{costs.umi_per_read:g} UMI per read assumed")
    depths, cells = (axis_of(ahead, i) for i in range(2))
    reads = found.reads(depths)
    cost = np.where(np.isfinite(reads), costs.total(cells[:, None], np.where(np.isfinite(reads), reads, 0.0)), np.inf)
    if not cost.min() <= budget:
        raise UsageError(
            f"{money(budget, costs.currency)} buys no design that the law may be asked about: the cheapest, "
            f"{cells[0]:,.0f} cells at {amount(depths[0], curve.unit)}, costs "
            f"{money(float(cost.min()), costs.currency)}."
        )
    grid = ahead.centre(*(axis.ravel() for axis in np.broadcast_arrays(depths, cells[:, None]))).reshape(cost.shape)
    values = np.where(cost <= budget, grid, -np.inf)
    row, column = (int(i) for i in np.unravel_index(int(np.argmax(values)), values.shape))
    best = _design(ahead, found, costs, cells[row], depths[column])
    reached = values.max(axis=1)
    near = reached >= _nearly(reached[row])
    taken = depths[np.argmax(values, axis=1)][near]
    at_edge = _edges(row, column, cost.shape, best.depth, found)
    told = _sentence(curve, best, cells[near], budget, costs, found, at_edge)
    return Budget(
        representation=curve.names("representation")[0],
        signal=curve.names("signal")[0],
        budget=float(budget),
        currency=costs.currency,
        best=best,
        nearly_cells=(float(cells[near].min()), float(cells[near].max())),
        nearly_depth=(float(taken.min()), float(taken.max())),
        iso_cost=_iso_cost(ahead, found, costs, cells, budget, float(depths[-1])),
        rules=tuple(_compared(rule, ahead, found, costs, budget, genes, curve.unit) for rule in RULES),
        at_edge=at_edge,
        sentence=told,
    )


def axis_of(outlook: Outlook, i: int) -> FloatArray:
    """Return the depths (0) or cells (1) that designs are looked for among."""
    low, high = outlook.smallest[i], outlook.largest[i] * FAR
    axis = np.geomspace(low, high, _STEPS)
    return np.unique(np.round(axis)) if i == 1 else axis


def _nearly(value: float) -> float:
    return value * NEARLY if value > 0 else value / NEARLY


def _design(outlook: Outlook, library: Library, costs: Costs, cells: float, depth: float) -> Design:
    reads = float(library.reads(depth))
    expected = outlook.bits(u=float(depth), N=float(cells))
    return Design(float(cells), float(depth), reads, float(costs.total(cells, reads)), expected)


def _edges(row: int, column: int, shape: tuple[int, ...], depth: float, library: Library) -> tuple[str, ...]:
    found = (("cells", row == shape[0] - 1), ("depth", column == shape[1] - 1))
    edges = tuple(name for name, there in found if there)
    return (*edges, "library") if depth > EXHAUSTED * library.complexity else edges


def _iso_cost(
    outlook: Outlook, library: Library, costs: Costs, cells: FloatArray, budget: float, deepest: float
) -> IsoCost:
    """Spread the budget over every number of cells that it can buy at all."""
    reads = costs.reads(cells, budget)
    enough = reads > 0
    deep = np.zeros_like(reads)
    deep[enough] = library.umi(reads[enough])
    enough &= deep >= outlook.smallest[0]
    cells, reads, deep = cells[enough], reads[enough], deep[enough]
    most = library.reads(deepest)
    reads = np.where(deep > deepest, most, reads)
    deep = np.minimum(deep, deepest)
    if not cells.size:
        return IsoCost((), (), (), (), (), (), ())
    value, low, high = outlook.surface(deep, cells)
    columns = (cells, deep, reads, costs.total(cells, reads), value, low, high)
    return IsoCost(*(tuple(float(v) for v in column) for column in columns))


def _compared(
    rule: Rule, outlook: Outlook, library: Library, costs: Costs, budget: float, genes: float, unit: str
) -> Compared:
    """Say how many cells the budget buys at the rule's reads per cell, and the bits expected there."""
    reads = rule.reads(genes)
    depth = float(library.umi(reads))
    sizes = axis_of(outlook, 1)
    bought = sizes[costs.total(sizes, reads) <= budget]
    start = f"{rule.name} ({rule.source}): {reads:,.0f} reads per cell, {amount(depth, unit)}"
    if not bought.size:
        return Compared(rule, None, f"{start}; the budget buys fewer cells than the law may be asked about.")
    design = Design(
        float(bought[-1]),
        depth,
        reads,
        float(costs.total(bought[-1], reads)),
        outlook.bits(u=depth, N=float(bought[-1])),
    )
    told = f"{start}, {design.cells:,.0f} cells: {bits(design.bits.value)} "
    told += f"({span(design.bits.low, design.bits.high)})"
    told += "; far outside what was measured" if design.bits.extrapolated else ""
    return Compared(rule, design, f"{told}.")


def _sentence(
    curve: Measured,
    best: Design,
    near: FloatArray,
    budget: float,
    costs: Costs,
    library: Library,
    at_edge: tuple[str, ...],
) -> str:
    model, signal = curve.names("representation")[0], curve.names("signal")[0]
    paid = float(costs.paid(best.cells))
    bought = f" (of {paid:,.0f} paid for)" if paid > best.cells else ""
    told = (
        f"For {money(budget, costs.currency)}, {model} about {signal} is best with {best.cells:,.0f} training "
        f"cells{bought} at {amount(best.depth, curve.unit)} ({best.reads:,.0f} reads per cell; {library.source}): "
        f"{bits(best.bits.value)} expected ({span(best.bits.low, best.bits.high)}), "
        f"for {money(best.cost, costs.currency)}"
    )
    told += f". From {near.min():,.0f} to {near.max():,.0f} cells are within 5 % of that"
    if best.bits.beyond > 1.05:
        told += f". This lies {number(best.bits.beyond)} times outside what was measured"
    if "depth" in at_edge or "cells" in at_edge:
        edge = " and ".join(name for name in at_edge if name != "library")
        told += f" and takes {edge} as far as the law may be asked (ten times what was measured)"
    if "library" in at_edge:
        told += f". The library holds no more than {amount(library.complexity, curve.unit)}"
    return told + "."
