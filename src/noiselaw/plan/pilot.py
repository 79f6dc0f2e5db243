"""Which pilot would answer a question? Pilots are simulated from what was fitted, refitted, and asked again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from noiselaw.fit import fit_law
from noiselaw.fit.derived import curve_of
from noiselaw.fit.outlook import lay
from noiselaw.laws import LAWS
from noiselaw.plan.answers import Leader, Limits, Pilot, Reach
from noiselaw.plan.contest import paired
from noiselaw.plan.limits import outlook_of, points_for, verdict
from noiselaw.plan.reach import depth_fit
from noiselaw.plan.words import amount, observed
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noiselaw.fit.outlook import Outlook
    from noiselaw.plan.measured import Measured
    from noiselaw.records import FloatArray

__all__ = ["Candidate", "with_pilot"]

#: How many pilots of each kind are simulated, and the share that must answer for the kind to be recommended.
_SIMULATED, _ENOUGH = 10, 0.8
_SEEDS = (3, 5, 10, 20, 50)
#: Bits that too few cells are supposed to cost at the size measured, where only one size was.
_SUPPOSED = (0.0, 0.05, 0.2)


@dataclass(frozen=True)
class Candidate:
    """A pilot to try: what is measured beside what there is, cheapest first.

    ``deeper``, ``shallower`` and ``larger`` extend the range by that factor with three levels; ``sizes`` adds that many
    sizes below the largest; ``seeds`` repeats everything.
    """

    deeper: float = 1.0
    shallower: float = 1.0
    larger: float = 1.0
    sizes: int = 0
    seeds: int = 1


_FOR_LIMITS = (
    Candidate(seeds=3),
    Candidate(deeper=3.0),
    Candidate(larger=3.0),
    Candidate(deeper=10.0),
    Candidate(deeper=3.0, larger=3.0, seeds=3),
    Candidate(deeper=10.0, larger=10.0, seeds=3),
)
_FOR_SIZES = (Candidate(sizes=4), Candidate(sizes=6, seeds=3), Candidate(sizes=6, deeper=10.0, seeds=3))
_FOR_REACH = (
    Candidate(seeds=3),
    Candidate(shallower=10.0),
    Candidate(deeper=3.0),
    Candidate(seeds=10),
    Candidate(deeper=10.0),
    Candidate(deeper=10.0, seeds=3),
    Candidate(deeper=30.0, seeds=3),
)


def with_pilot(answer: Limits | Reach | Leader, measured: Measured, seed: int = 0) -> Limits | Reach | Leader:
    """Return an answer that is not known together with the pilot that would make it known.

    Parameters
    ----------
    answer
        From :func:`limits`, :func:`reach` or :func:`leader`; returned as it is where it is known.
    measured
        What it was asked of.
    seed
        Of the simulations.
    """
    if answer.known:
        return answer
    pilot: Pilot | None
    if isinstance(answer, Limits):
        pilot = _for_limits(answer, measured, seed)
    elif isinstance(answer, Reach):
        pilot = _for_reach(measured, seed)
    else:
        pilot = _for_leader(answer, measured, seed)
    return replace(answer, pilot=pilot, sentence=f"{answer.sentence} {pilot.sentence}") if pilot else answer


def _first(candidates: Sequence[Candidate], share: Callable[[Candidate], float]) -> tuple[Candidate, float] | None:
    for candidate in candidates:
        success = share(candidate)
        if success >= _ENOUGH:
            return candidate, success
    return None


def _possible(candidates: Sequence[Candidate], depth: float, curve: Measured) -> Sequence[Candidate]:
    """Return those that ask for no more depth than there is."""
    return [one for one in candidates if one.deeper == 1 or one.deeper * depth <= curve.greatest * (1 + 1e-9)]


def _for_limits(answer: Limits, curve: Measured, seed: int) -> Pilot:
    ahead = outlook_of(curve)
    _, x, _ = points_for(curve)
    one_size = ahead.variables == ("u",)
    if one_size and not np.isfinite(answer.n_train):
        return Pilot(sentence="A pilot with four training sizes or more would; give their column with --n.")
    here = {"u": answer.u, "N": answer.n_train}
    factor = max(gain.factor for gain in answer.depth)

    def share(candidate: Candidate) -> float:
        rng = generator(seed, "pilot", "limits")
        points = _points(candidate, x if not one_size else (x[0], np.full(len(x[0]), answer.n_train)))
        tables = _simulated(ahead, points, candidate, answer.n_train, rng)
        near = None if one_size else ahead
        laid = lay(("u", "N"), points, tables, curve.ceiling, near)
        told = [verdict(found, factor, curve.greatest, **here) for found in laid]
        return float(np.mean([limit != "unknown" for limit in told]))

    tried = _possible(_FOR_SIZES if one_size else _FOR_LIMITS, answer.u, curve)
    return _told(_first(tried, share), tried, answer.u, answer.n_train, float(x[0].min()), curve.unit)


def _points(candidate: Candidate, x: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """Return the grid of depths and sizes that a pilot would add to, and what it adds."""
    depths, sizes = np.unique(x[0]), np.unique(x[1])
    depths = np.concatenate([_below(depths, candidate.shallower), depths, _above(depths, candidate.deeper)])
    if candidate.sizes:
        sizes = np.geomspace(max(sizes[-1] / 30.0, 2.0), sizes[-1], candidate.sizes)
    sizes = np.concatenate([sizes, _above(sizes, candidate.larger)])
    return tuple(axis.ravel() for axis in np.meshgrid(depths, sizes, indexing="ij"))


def _above(values: FloatArray, factor: float) -> FloatArray:
    return values.max() * factor ** (np.arange(1, 4) / 3.0) if factor > 1 else np.empty(0)


def _below(values: FloatArray, factor: float) -> FloatArray:
    return values.min() * factor ** (-np.arange(1, 4) / 3.0) if factor > 1 else np.empty(0)


def _simulated(
    outlook: Outlook, x: tuple[FloatArray, ...], candidate: Candidate, cells: float, rng: np.random.Generator
) -> FloatArray:
    """Return tables (k, n) that the fitted forms might give at the points of a pilot."""
    weights = np.array([member.weight for member in outlook.members])
    tables = []
    for i in range(_SIMULATED):
        member = outlook.members[int(rng.choice(len(weights), p=weights / weights.sum()))]
        drawn = rng.multivariate_normal(member.q, member.covariance, method="eigh")
        q = np.clip(drawn, member.working.lower, member.working.upper)
        bits = member.law(member.working.natural(q), *x[: len(outlook.variables)])
        if outlook.variables == ("u",):
            bits = bits - _SUPPOSED[i % len(_SUPPOSED)] * (np.sqrt(cells / x[1]) - 1.0)
        sd = outlook.scatter / np.sqrt(candidate.seeds)
        tables.append(bits + sd * rng.standard_normal(len(bits)))
    return np.array(tables)


def _told(
    found: tuple[Candidate, float] | None,
    tried: Sequence[Candidate],
    depth: float,
    cells: float,
    shallowest: float,
    unit: str,
) -> Pilot:
    if found is None:
        most = _described(tried[-1], depth, cells, shallowest, unit)
        return Pilot(success=0.0, sentence=f"No pilot that was simulated would answer it; the largest had {most}.")
    candidate, success = found
    what = _described(candidate, depth, cells, shallowest, unit)
    share = f"{100 * success:.0f} % of those simulated"
    return Pilot(
        depths=tuple(float(u) for u in _added(candidate, shallowest, depth)),
        cells=tuple(round(size) for size in _sizes(candidate, cells)),
        seeds=candidate.seeds,
        success=success,
        sentence=f"A pilot with {what} would ({share}).",
    )


def _added(candidate: Candidate, shallowest: float, deepest: float) -> FloatArray:
    below = _below(np.array([shallowest]), candidate.shallower)
    return np.concatenate([below, _above(np.array([deepest]), candidate.deeper)])


def _sizes(candidate: Candidate, cells: float) -> FloatArray:
    below = np.geomspace(max(cells / 30.0, 2.0), cells, candidate.sizes) if candidate.sizes else np.empty(0)
    return np.concatenate([below, _above(np.array([cells]), candidate.larger)])


def _described(candidate: Candidate, depth: float, cells: float, shallowest: float, unit: str) -> str:
    parts = []
    if candidate.sizes:
        parts.append(
            f"{candidate.sizes} training sizes from {max(cells / 30.0, 2.0):,.0f} to {cells:,.0f} {observed(unit)}"
        )
    if candidate.deeper > 1:
        parts.append(f"three deeper levels up to {amount(candidate.deeper * depth, unit)}")
    if candidate.shallower > 1:
        parts.append(f"three shallower levels down to {amount(shallowest / candidate.shallower, unit)}")
    if candidate.larger > 1:
        parts.append(f"three larger training sizes up to {candidate.larger * cells:,.0f} {observed(unit)}")
    if candidate.seeds > 1:
        parts.append(f"{candidate.seeds} times the replicates")
    return " and ".join(parts)


def _for_reach(curve: Measured, seed: int) -> Pilot | None:
    fit = depth_fit(curve)
    if "region" not in fit.diagnostics:
        return None
    law = LAWS.build(fit.law)
    best, edge = curve_of(fit)
    # Plateaus that nobody could see are left out of what may be true; the rest of what the data allow stays in.
    ceiling = curve.ceiling if np.isfinite(curve.ceiling) else float(best[0]) + 3.0
    possible = edge[:, edge[0] <= max(ceiling, float(best[0]))]
    x, n, _ = points_of_depth(curve)
    sd = max(fit.residual_sd, 1e-6)

    def share(candidate: Candidate) -> float:
        rng = generator(seed, "pilot", "reach")
        depths = np.concatenate([_below(x, candidate.shallower), x, _above(x, candidate.deeper)])
        answered = []
        for _ in range(_SIMULATED):
            theta = possible[:, int(rng.integers(possible.shape[1]))] if possible.shape[1] else best
            noise = sd / np.sqrt(n * candidate.seeds) * rng.standard_normal(len(depths))
            told = fit_law(fit.law, depths, law(theta, depths) + noise, rivals=False)
            answered.append(told.status == "ok")
        return float(np.mean(answered))

    tried = _possible(_FOR_REACH, float(x.max()), curve)
    return _told(_first(tried, share), tried, float(x.max()), curve.cells, float(x.min()), curve.unit)


def points_of_depth(curve: Measured) -> tuple[FloatArray, float, float]:
    """Return the different depths, the mean number of measurements of each, and the largest training size."""
    depths, counts = np.unique(curve.table["depth"].to_numpy(float), return_counts=True)
    sizes = max(curve.table["n_train"].nunique(), 1)
    return depths, float(counts.mean()) / sizes, curve.cells


def _for_leader(answer: Leader, signal: Measured, seed: int) -> Pilot | None:
    if not answer.differences:
        return None
    doubtful = min(answer.differences, key=lambda d: d.bits if np.isfinite(d.bits) else np.inf)
    table = signal.table if not np.isfinite(answer.n_train) else signal.table[signal.table["n_train"] == answer.n_train]
    found = paired(table, answer.best, doubtful.second, answer.u)
    # What one seed alone cannot say about how seeds differ is taken from its own standard error.
    variance = found.within + found.between if found.n_seeds > 1 else found.standard_error**2
    if not np.isfinite(variance) or not found.mean > 0:
        return None
    rng = generator(seed, "pilot", "leader")
    tail = 1.0 - 0.05 / (2.0 * len(answer.differences))
    for seeds in _SEEDS:
        if seeds <= found.n_seeds:
            continue
        gaps = found.mean + np.sqrt(variance) * rng.standard_normal((400, seeds))
        half = stats.t.ppf(tail, seeds - 1) * gaps.std(axis=1, ddof=1) / np.sqrt(seeds)
        success = float(np.mean(gaps.mean(axis=1) > half))
        if success >= _ENOUGH:
            told = f"A pilot with {seeds} seeds would, if they differ by as much as it seems "
            return Pilot(seeds=seeds, success=success, sentence=f"{told}({100 * success:.0f} % of those simulated).")
    return Pilot(success=0.0, sentence=f"Not even {_SEEDS[-1]} seeds would, if they differ by as little as it seems.")
