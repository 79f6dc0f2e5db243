"""Which representation keeps most at a depth, paired over seeds, and where two curves cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize, stats

from noiselaw.errors import UsageError, nearest
from noiselaw.fit import predict
from noiselaw.fit.outlook import FAR
from noiselaw.laws import LAWS
from noiselaw.plan.answers import Crossing, Difference, Leader
from noiselaw.plan.reach import depth_fit
from noiselaw.plan.words import amount, because, bits, called, counted, greatest, number, span

if TYPE_CHECKING:
    from noiselaw.plan.measured import Measured
    from noiselaw.records import Fit, FloatArray

__all__ = ["Paired", "crossing", "leader", "paired"]

#: Levels this near the depth asked about say how much differences scatter.
_NEAR = 10.0


@dataclass(frozen=True, eq=False)
class Paired:
    """Differences of two representations, seed by seed.

    Parameters
    ----------
    mean
        At the depth asked about, in bits.
    between, within
        Variance of a seed's common part and of what is left at one level, in bits².
    n_seeds, n_levels
        How many told.
    freedom
        Degrees of freedom behind the standard error (Satterthwaite); infinite where the rows' own errors were used.
    standard_error
        Of ``mean``.
    """

    mean: float
    between: float
    within: float
    n_seeds: int
    n_levels: int
    freedom: float
    standard_error: float


def leader(signal: Measured, u: float | None = None, n: float | None = None, confidence: float = 0.95) -> Leader:
    """Say which representation keeps most about one signal at a depth.

    Every seed's representations saw the same held-out observations, so differences are taken seed by seed. Their
    scatter is pooled over the levels near the depth, split into what a seed's levels have in common and the rest.

    Parameters
    ----------
    signal
        Measurements of several representations about one signal.
    u, n
        Depth and training size; the deepest and the largest that all have in common where not given.
    confidence
        Of all the intervals together (Bonferroni over the rivals).

    Raises
    ------
    UsageError
        If no depth is shared, or ``u`` lies outside the measured range.
    """
    about = signal.names("signal")[0]
    names = signal.names("representation")
    table = _at_size(signal.table, names, n)
    size = float(table["n_train"].max())
    means = table.groupby(["representation", "depth"])["bits"].mean().unstack("representation")
    if len(names) == 1:
        depth = u or signal.depth
        return Leader(about, depth, size, names[0], (), False, f"Only {names[0]} was measured about {about}.")
    shared = means.dropna()
    if shared.empty:
        raise UsageError(f"{', '.join(names)} share no level at which all were measured; compare fewer.")
    low, high = float(shared.index.min()), float(shared.index.max())
    depth = float(u or high)
    if not low / 1.03 <= depth <= high * 1.03:
        raise UsageError(
            f"Representations are compared where they were measured, from {number(low)} to {number(high)}; got "
            f"{number(depth)}. Ask for a depth in between, or for what more depth would add."
        )
    depth = min(max(depth, low), high)
    ranked = sorted(names, key=lambda name: -_at(shared.index.to_numpy(float), shared[name].to_numpy(float), depth))
    best, rivals = ranked[0], ranked[1:]
    found = [_difference(table, best, rival, depth, confidence, len(rivals)) for rival in rivals]
    known = all(difference.low > 0 for difference in found)
    told = _leading(about, best, found, depth, signal.unit, known)
    return Leader(about, depth, size, best, tuple(found), known, told)


def _at_size(table: pd.DataFrame, names: list[str], n: float | None) -> pd.DataFrame:
    if table["n_train"].isna().all():
        return table
    sizes = [set(rows["n_train"].dropna()) for _, rows in table.groupby("representation")]
    common = set.intersection(*sizes)
    if not common:
        raise UsageError(f"{', '.join(names)} share no training size; compare fewer, or measure all at one.")
    if n is not None and n not in common:
        raise UsageError(f"cells must be one of the measured training sizes; got {n:g}. {nearest(int(n), common)}")
    return table[table["n_train"] == (max(common) if n is None else n)].reset_index(drop=True)


def _at(depths: FloatArray, bits: FloatArray, depth: float) -> float:
    return float(np.interp(np.log(depth), np.log(depths), bits))


def paired(spread: pd.DataFrame, first: str, second: str, depth: float) -> Paired:
    """Return how ``first`` differs from ``second`` at ``depth``, from a table with columns depth, seed, bits."""
    wide = spread.pivot_table(index="seed", columns=["representation", "depth"], values="bits", aggfunc="mean")
    gaps = pd.DataFrame(wide[first] - wide[second]).dropna(axis=1, how="all").dropna(axis=0)
    u = gaps.columns.to_numpy(float)
    values = gaps.to_numpy(float)
    mean = float(np.mean([np.interp(np.log(depth), np.log(u), row) for row in values])) if values.size else np.nan
    near = values[:, (u <= _NEAR * depth) & (u >= depth / _NEAR)]
    seeds, levels = near.shape
    if seeds >= 2:
        return _by_seeds(mean, near)
    error = _own_error(spread, first, second, depth)
    return Paired(mean, np.nan, np.nan, seeds, levels, np.inf, error)


def _by_seeds(mean: float, gaps: FloatArray) -> Paired:
    """Split the scatter of ``gaps`` (seeds, levels) into a part common to a seed's levels and the rest."""
    seeds, levels = gaps.shape
    rest = gaps - gaps.mean(axis=0)
    common = rest.mean(axis=1)
    square_between = levels * float(common @ common) / (seeds - 1)
    if levels == 1:
        variance, freedom, within = square_between, float(seeds - 1), square_between
        return Paired(mean, 0.0, within, seeds, 1, freedom, float(np.sqrt(variance / seeds)))
    alone = rest - common[:, None]
    square_within = float(np.sum(alone**2)) / ((seeds - 1) * (levels - 1))
    parts = square_between / levels, square_within * (1.0 - 1.0 / levels)
    variance = sum(parts)
    freedom = variance**2 / max(parts[0] ** 2 / (seeds - 1) + parts[1] ** 2 / ((seeds - 1) * (levels - 1)), 1e-300)
    between = max((square_between - square_within) / levels, 0.0)
    return Paired(
        mean, between, square_within, seeds, levels, float(max(freedom, 1.0)), float(np.sqrt(variance / seeds))
    )


def _own_error(spread: pd.DataFrame, first: str, second: str, depth: float) -> float:
    """Return the standard error of a difference seen once: the rows' own errors, as if they were independent."""
    squares = []
    for name in (first, second):
        rows = spread[spread["representation"] == name]
        row = rows.iloc[int(np.argmin(np.abs(np.log(rows["depth"].to_numpy(float) / depth))))]
        squares.append(float(row["standard_error"]) ** 2)
    return float(np.sqrt(sum(squares)))


def _difference(
    spread: pd.DataFrame, first: str, second: str, depth: float, confidence: float, rivals: int
) -> Difference:
    found = paired(spread, first, second, depth)
    tail = 1.0 - (1.0 - confidence) / (2.0 * rivals)
    half = float(stats.t.ppf(tail, found.freedom)) * found.standard_error
    return Difference(
        first,
        second,
        found.mean,
        found.standard_error,
        found.mean - half,
        found.mean + half,
        found.n_seeds,
        found.freedom,
    )


def _leading(about: str, best: str, found: list[Difference], depth: float, unit: str, known: bool) -> str:
    at = f"At {amount(depth, unit)}"
    nearest_rival = min(found, key=lambda difference: difference.low if np.isfinite(difference.low) else -np.inf)
    seeds = nearest_rival.n_seeds
    how = f"95 % interval {span(nearest_rival.low, nearest_rival.high)}, "
    how += f"paired over {seeds} seeds" if seeds > 1 else "from one seed's standard errors, taken as independent"
    if known:
        lead = f"{bits(nearest_rival.bits)} more than {nearest_rival.second}"
        return f"{at}, {best} keeps most about {about}: {lead} ({how})."
    if not np.isfinite(nearest_rival.bits):
        return f"{at}, {best} and {nearest_rival.second} share no seed about {about}, so that they cannot be compared."
    if not np.isfinite(nearest_rival.standard_error):
        why = "there is one seed and no standard error, so that chance cannot be judged"
        return f"{at}, which representation keeps most about {about} cannot be told, {because(why)}."
    doubtful = [difference.second for difference in found if not difference.low > 0]
    return (
        f"{at}, {best} and {', '.join(doubtful)} cannot be told apart about {about}: they differ by "
        f"{bits(nearest_rival.bits)} ({how})."
    )


def crossing(signal: Measured, first: str, second: str) -> Crossing:
    """Say at which depth the curves of two representations cross (the law of depth through each), with a 95 % interval.

    The interval holds every depth at which the two curves could be equal, their errors taken as independent (shared
    held-out observations make them less different, so that it is rather too wide).
    """
    for name in (first, second):
        signal.about(representation=name)
    about = signal.names("signal")[0]
    fits = [depth_fit(signal.about(representation=name)) for name in (first, second)]
    unknown = next((fit for fit in fits if "region" not in fit.diagnostics), None)
    pair = f"{first} and {second} about {about}"
    if unknown is not None:
        told = f"Where {pair} cross cannot be told, {because(unknown.reason)}."
        return Crossing(about, first, second, np.nan, 0.0, np.inf, False, told)
    smallest = min(fit.x_range[0] for fit in fits)
    largest = max(fit.x_range[1] for fit in fits)
    return _crossing(about, first, second, fits, (smallest, largest), signal.unit)


def _crossing(
    about: str, first: str, second: str, fits: list[Fit], measured: tuple[float, float], unit: str
) -> Crossing:
    by = f"By {called(fits[0].law)} through each"
    grid = np.geomspace(measured[0] / FAR, min(measured[1] * FAR, greatest(unit)), 600)
    gap = _gap(fits, grid)
    turns = np.flatnonzero(np.sign(gap[:-1]) * np.sign(gap[1:]) < 0)
    pair = f"{first} and {second} about {about}"
    within = f"between {number(grid[0])} and {amount(grid[-1], unit)}"
    within += (
        f", a factor of {FAR:g} beyond what was measured on either side"
        if grid[-1] < greatest(unit)
        else f", from a factor of {FAR:g} below what was measured to all that can be had"
    )
    if not turns.size:
        above, below = (first, second) if gap[-1] > 0 else (second, first)
        equal = grid[np.abs(gap) <= _half(fits, grid, gap)]
        told = f"{by}, the curves of {pair} do not cross {within}: {above}'s stays above {below}'s"
        if not equal.size:
            return Crossing(about, first, second, np.nan, np.nan, np.nan, True, f"{told}.")
        told += f", but within their errors they could from {number(equal[0])} to {amount(equal[-1], unit)}."
        return Crossing(about, first, second, np.nan, float(equal[0]), float(equal[-1]), False, told)
    # Of several crossings, the one nearest to what was measured is the best known.
    centre = np.sqrt(measured[0] * measured[1])
    at = int(turns[np.argmin(np.abs(np.log(grid[turns] / centre)))])
    depth = float(optimize.brentq(lambda u: float(_gap(fits, np.array([u]))[0]), grid[at], grid[at + 1]))
    low, high = _ends(fits, grid, at)
    far = not measured[0] <= depth <= measured[1]
    known = bool(np.isfinite(high) and low > 0)
    after = first if gap[at + 1] > 0 else second
    interval = f"95 % interval {span(low, high, of_bits=False)} {counted(unit)}".rstrip()
    if known:
        told = f"{by}, the curves of {pair} cross at {amount(depth, unit)} ({interval}); "
        told += f"above it {after}'s is the higher."
    else:
        told = f"Where {pair} cross cannot be told within a factor of ten of what was measured: {interval}."
    told += " This lies outside what was measured." if far and known else ""
    return Crossing(about, first, second, depth, low, high, known, told, far)


def _gap(fits: list[Fit], u: FloatArray) -> FloatArray:
    laws = [LAWS.build(fit.law) for fit in fits]
    thetas = [
        np.array([fit.diagnostics["best"][name] for name in law.names]) for fit, law in zip(fits, laws, strict=True)
    ]
    return np.asarray(laws[0](thetas[0], u) - laws[1](thetas[1], u))


def _half(fits: list[Fit], u: FloatArray, gap: FloatArray) -> FloatArray:
    """Return how far the gap between two curves could fall towards 0, their errors taken as independent."""
    (first, low_a, high_a), (second, low_b, high_b) = (predict(fit, u) for fit in fits)
    towards = np.where(gap > 0, first - low_a, high_a - first), np.where(gap > 0, high_b - second, second - low_b)
    return np.asarray(np.hypot(*towards))


def _ends(fits: list[Fit], grid: FloatArray, at: int) -> tuple[float, float]:
    """Return the ends of the depths around the crossing where the curves could be equal; 0 or inf where open."""
    gap = _gap(fits, grid)
    could = np.abs(gap) <= _half(fits, grid, gap)
    could[at : at + 2] = True
    left = at
    while left > 0 and could[left - 1]:
        left -= 1
    right = at + 1
    while right < len(grid) - 1 and could[right + 1]:
        right += 1
    return (0.0 if left == 0 else float(grid[left])), (np.inf if right == len(grid) - 1 else float(grid[right]))
