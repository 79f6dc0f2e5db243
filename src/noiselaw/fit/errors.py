"""How measurements err together: those of one replicate share held-out observations, training set and noise.

Errors of one replicate are taken to have a common part: their correlation is ``shared``, the same for all pairs of
levels. It is estimated (restricted maximum likelihood) where replicates show it, or where one curve's scatter is far
below its standard errors. The curve itself is found by plain weighted least squares, which needs no such model; the
common part widens the intervals (Chandler & Bate 2007, Biometrika 94:167).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from noiselaw.fit.points import Points
    from noiselaw.records import FloatArray

__all__ = ["Curvature", "correlation_of", "curvature_of", "estimate_shared", "freedom_of", "scale_of"]

_GRID = np.concatenate([np.linspace(0.0, 0.9, 37), [0.925, 0.95, 0.97, 0.98]])
#: How much likelier (in -2·log) a shared error must make one curve's scatter before it is believed: one-sided 5 %.
_BELIEVED = 2.71

Curvature = tuple["FloatArray", "FloatArray", float]


def correlation_of(points: Points, shared: float) -> FloatArray:
    """Return the correlation of the measurements' errors, (n, n)."""
    n = len(points.bits)
    seeds = np.zeros(n, dtype=int) if points.seeds is None else points.seeds
    return np.where(seeds[:, None] == seeds, shared, 0.0) + (1.0 - shared) * np.eye(n)


def curvature_of(points: Points, slope: FloatArray, shared: float) -> Curvature:
    """Return the curvature of the sum of squares, what it would be if it knew of the common errors, (p, p) each.

    Third comes the least ratio of the second to the first in any direction.

    ``slope`` (n, p) holds derivatives of the residuals in units of their standard errors.
    """
    plain = slope.T @ slope
    if shared == 0:
        return plain, plain, 1.0
    correlation = correlation_of(points, shared)
    scatter = slope.T @ correlation @ slope
    directions = np.linalg.qr(slope)[0]
    most = float(np.linalg.eigvalsh(directions.T @ correlation @ directions)[-1])
    return plain, plain @ np.linalg.pinv(scatter, hermitian=True) @ plain, 1.0 / max(most, 1.0)


def estimate_shared(points: Points, residuals: FloatArray, slope: FloatArray) -> float:
    """Return the common share of the error variance that makes the scatter likeliest.

    Parameters
    ----------
    points
        The measurements.
    residuals, slope
        Curve less measurement (n,), and its derivatives (n, p), in units of the standard errors.
    """
    replicates = points.replicates
    if replicates == 1 and points.error is None:
        return 0.0
    values = _restricted(points, residuals, slope)
    best = float(_GRID[np.argmin(values)])
    if replicates == 1:
        return best if values[0] - values.min() >= _BELIEVED else 0.0
    if points.error is None:
        # Few replicates say little about their own spread: lean towards what else is likely.
        likely = np.exp(-0.5 * (values - values.min()))
        return 0.5 * (best + float(likely @ _GRID / likely.sum()))
    return best


def _restricted(points: Points, residuals: FloatArray, slope: FloatArray) -> FloatArray:
    """Return −2·log of the restricted likelihood at each share of the grid, the scale of the errors profiled out.

    The inverse of (1 − ρ)·I + ρ·J, block by block, is [I − w·J]/(1 − ρ) with w = ρ/(1 − ρ + m·ρ): sums over each
    replicate are all that is needed.
    """
    n, p = slope.shape
    seeds = np.zeros(n, dtype=int) if points.seeds is None else points.seeds
    member = (seeds == np.unique(seeds)[:, None]).astype(float)
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
    return np.asarray((n - p) * np.log(variance) + quadratic / variance + determinant + information)


def scale_of(points: Points, cost: float, parameters: int) -> float:
    """Return the variance of the residuals' unit: estimated, or 1 where standard errors were given.

    Standard errors that the scatter clearly contradicts (it is larger than in five of six such curves) are stretched
    to it, since they often miss what training adds.
    """
    freedom = len(points.bits) - parameters
    scatter = cost / freedom
    if points.error is None:
        return scatter
    return scatter if cost > stats.chi2.ppf(0.84, freedom) else 1.0


def freedom_of(points: Points, shared: float, parameters: int) -> float:
    """Return the degrees of freedom behind the errors' scale; infinite where standard errors were given.

    With a shared error and no standard errors, the few replicates decide (Satterthwaite, for a curve's mean level).
    """
    if points.error is not None:
        return float("inf")
    n, k = len(points.bits), points.replicates
    if shared == 0 or k == 1:
        return float(n - parameters)
    common, own = shared / k, (1.0 - shared) * parameters / n
    return float((common + own) ** 2 / (common**2 / (k - 1) + own**2 / (n - parameters - k + 1)))
