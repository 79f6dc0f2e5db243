"""How measurements err together: those of one replicate share held-out observations, training set and noise.

Errors of one replicate are taken to have a common part, the same at all levels. The curve itself is found by plain
weighted least squares, which needs no such model; how far its parameters stray is a sum of parts (what replicates have
in common, what is each measurement's own), each estimated from the scatter that shows it and known as well as that
scatter allows (Satterthwaite 1946, Biometrics Bull. 2:110).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from noiselaw.fit.points import Points
    from noiselaw.records import FloatArray

__all__ = ["Spread", "quantile", "spread_of"]

_GRID = np.concatenate([np.linspace(0.0, 0.9, 37), [0.925, 0.95, 0.97, 0.98]])
#: Standard errors are stretched to the scatter where it is larger than in this share of curves that they describe.
_STRETCHED = 0.84
#: Less scatter than this share of the squared standard errors is taken as this much.
_LEAST = 0.02


@dataclass(frozen=True, eq=False)
class Spread:
    """How far the parameters stray, as the scatter of the sum of squares' gradient.

    Parameters
    ----------
    plain
        The curvature of the sum of squares, (p, p).
    parts
        Covariance of the gradient by source of error, (k, p, p), in units of ``scale``. Their sum is ``plain`` where
        errors are independent.
    freedom
        Degrees of freedom behind each part's size, (k,); infinite where it is given.
    scale
        The variance of the residuals' unit.
    shared
        The share of the error variance that the measurements of a replicate have in common.
    """

    plain: FloatArray
    parts: FloatArray
    freedom: FloatArray
    scale: float
    shared: float

    def reference(self, confidence: float) -> float:
        """Return by how much the sum of squares may exceed its minimum where :meth:`ratio` is one."""
        return quantile(confidence, float(self.freedom.max())) * self.scale

    @property
    def simple(self) -> bool:
        """Return whether errors are independent and of one kind, so that every ratio is one."""
        return len(self.parts) == 1 and self.shared == 0

    @cached_property
    def _pull(self) -> FloatArray:
        return np.asarray(np.linalg.pinv(self.parts.sum(axis=0), hermitian=True) @ self.plain)

    def ratio(self, away: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return what to multiply an excess of the sum of squares by at ``away`` (p, m) from the best, (m,).

        Second comes the excess that the curvature alone would give there.
        """
        believed = np.sum(away * (self.plain @ away), axis=0)
        pulled = self._pull @ away
        by_part = np.sum(pulled * (self.parts @ pulled), axis=1)
        known = by_part.sum(axis=0)
        ratio = np.where((believed > 0) & (known > 0), known / np.where(believed > 0, believed, 1.0), 1.0)
        if len(self.parts) == 1:
            return np.asarray(ratio), believed
        share = by_part / np.where(known > 0, known, 1.0)
        uncertain = np.where(known > 0, share**2 / self.freedom[:, None], 0.0).sum(axis=0)
        logs = np.interp(uncertain, *_quantiles(confidence))
        return np.asarray(ratio * np.exp(np.log(quantile(confidence, float(self.freedom.max()))) - logs)), believed

    def least(self, confidence: float) -> float:
        """Return the least ratio in any direction, at most one: the safe one where the curve is far from linear."""
        values, vectors = np.linalg.eigh(self.plain)
        white = vectors / np.sqrt(np.maximum(values, 1e-12 * max(float(values[-1]), 1e-300)))
        extremes = np.linalg.eigh(white.T @ self.parts.sum(axis=0) @ white)[1]
        return min(float(self.ratio(white @ extremes, confidence)[0].min()), 1.0)


@lru_cache(maxsize=1024)
def quantile(confidence: float, freedom: float) -> float:
    """Return by how much a sum of squares may exceed its minimum, in units of the error variance."""
    return float(stats.t.ppf(0.5 + confidence / 2.0, freedom) ** 2)


@lru_cache(maxsize=8)
def _quantiles(confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return one over degrees of freedom, and the logarithm of :func:`quantile` there."""
    inverse = np.linspace(0.0, 1.0, 201)
    freedom = 1.0 / np.maximum(inverse, 1e-12)
    return inverse, np.log(stats.t.ppf(0.5 + confidence / 2.0, freedom) ** 2)


def spread_of(points: Points, residuals: FloatArray, slope: FloatArray, shared: float | None = None) -> Spread:
    """Return how far the parameters of a curve stray.

    Parameters
    ----------
    points
        The measurements.
    residuals, slope
        Curve less measurement (n,), and its derivatives (n, p), in units of the standard errors where they are given.
    shared
        The common share of the error variance, where it is told. Otherwise replicates show it; and in one curve whose
        standard errors are given, what the scatter does not show of them must be common.
    """
    if shared is not None:
        return _told(points, residuals, slope, shared)
    if points.replicates > 1:
        return _replicated(points, residuals, slope)
    cost, freedom = float(residuals @ residuals), len(residuals) - slope.shape[1]
    if points.error is None or cost >= freedom:
        return _told(points, residuals, slope, 0.0)
    own = max(cost / freedom, _LEAST)
    plain, total = slope.T @ slope, slope.sum(axis=0)
    parts = np.stack([own * plain, (1.0 - own) * np.outer(total, total)])
    return Spread(plain, parts, np.array([float(freedom), np.inf]), 1.0, 1.0 - own)


def _told(points: Points, residuals: FloatArray, slope: FloatArray, shared: float) -> Spread:
    """Return the spread where the common share is known, or estimated well enough to be taken as known."""
    n, p = slope.shape
    plain = slope.T @ slope
    member = _member(points)
    sums = member @ slope
    parts = plain if shared == 0 else (1.0 - shared) * plain + shared * sums.T @ sums
    cost = float(residuals @ residuals)
    if points.error is not None:
        stretched = cost > float(stats.chi2.ppf(_STRETCHED, n - p))
        return Spread(plain, parts[None], np.array([np.inf]), cost / (n - p) if stretched else 1.0, shared)
    # A part that moves a whole replicate does not show in the scatter about a curve that follows it.
    shown = n - p
    if shared > 0:
        within = member @ np.linalg.qr(slope)[0]
        shown = (1.0 - shared) * (n - p) + shared * (n - float(np.sum(within**2)))
    return Spread(plain, parts[None], np.array([float(n - p)]), cost / shown, shared)


def _replicated(points: Points, residuals: FloatArray, slope: FloatArray) -> Spread:
    """Split the scatter into that of the replicates' means and that within replicates.

    The first has about as many degrees of freedom as there are replicates, less one: where it is what makes a
    parameter stray, three replicates say little, and the interval says so, unless standard errors tell the rest.
    """
    n, p = slope.shape
    member = _member(points)
    k = len(member)
    unit = member / np.sqrt(member.sum(axis=1, keepdims=True))
    taken = float(np.sum((unit @ np.linalg.qr(slope)[0]) ** 2))
    freedom = np.array([k - taken, n - k - p + taken])
    told = points.error is not None
    if freedom.min() < 1.0 - 1e-9:
        return _told(points, residuals, slope, estimate_shared(points, residuals, slope)[0] if told else 0.0)
    means, cost = unit @ residuals, float(residuals @ residuals)
    within = max(cost - float(means @ means), 0.0) / freedom[1]
    if told:
        share, variance = estimate_shared(points, residuals, slope)
        between, freedom[0], scale = variance * (1.0 + share * (n / k - 1.0)), np.inf, 1.0
    else:
        between, scale = float(means @ means) / freedom[0], max(cost / (n - p), 1e-300)
    plain, sums = slope.T @ slope, unit @ slope
    parts = np.stack([between * sums.T @ sums, within * (plain - sums.T @ sums)]) / scale
    common = max((between - within) * k / n, 0.0)
    return Spread(plain, parts, freedom, scale, common / max(common + within, 1e-300))


def _member(points: Points) -> FloatArray:
    """Return which measurement (columns) belongs to which replicate (rows), 0 or 1."""
    n = len(points.bits)
    seeds = np.zeros(n, dtype=int) if points.seeds is None else points.seeds
    return np.asarray((seeds == np.unique(seeds)[:, None]).astype(float))


def estimate_shared(points: Points, residuals: FloatArray, slope: FloatArray) -> tuple[float, float]:
    """Return the common share of the error variance that makes the scatter likeliest (restricted), and that variance.

    The inverse of (1 − ρ)·I + ρ·J, block by block, is [I − w·J]/(1 − ρ) with w = ρ/(1 − ρ + m·ρ): sums over each
    replicate are all that is needed. The scale of the errors is profiled out.
    """
    n, p = slope.shape
    member = _member(points)
    sizes, columns = member.sum(axis=1), np.column_stack([slope, residuals])
    sums = member @ columns
    own = 1.0 - _GRID
    together = own[:, None] + _GRID[:, None] * sizes
    weight = _GRID[:, None] / together
    moments = columns.T @ columns - np.einsum("sg,gp,gq->spq", weight, sums, sums)
    normal, cross, square = moments[:, :p, :p], moments[:, :p, p], moments[:, p, p]
    # A coordinate that does not matter here leaves the matrix singular; it then costs nothing.
    normal = normal + 1e-12 * np.maximum(np.trace(normal, axis1=1, axis2=2), 1e-300)[:, None, None] * np.eye(p)
    explained = np.einsum("sp,sp->s", cross, np.linalg.solve(normal, cross[:, :, None])[:, :, 0])
    quadratic = np.maximum((square - explained) / own, 1e-300)
    variance = quadratic / (n - p)
    if points.error is not None:
        variance = np.maximum(variance, 1.0)
    determinant = ((sizes - 1.0).sum() * np.log(own)) + np.log(together).sum(axis=1)
    information = np.linalg.slogdet(normal)[1] - p * np.log(own)
    surprise = (n - p) * np.log(variance) + quadratic / variance + determinant + information
    best = int(np.argmin(surprise))
    return float(_GRID[best]), float(variance[best])
