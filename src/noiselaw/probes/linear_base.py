"""Canonical directions by ridge regression: the linear part of what X and Y share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.margins import RANK_CUT, varying_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CanonicalBase", "Principal", "ridge_canonical"]

#: Ridges tried, as shares of a z-scored column's variance.
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True, eq=False)
class Principal:
    """Principal axes of z-scored columns, fitted on training rows; directions that do not vary are dropped."""

    center: NDArray[np.float64]
    basis: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64]) -> Principal:
        """Fit on the training rows ``values`` (n, d)."""
        center = values.mean(axis=0)
        varies = varying_columns(values)
        inverse = np.where(varies, 1 / np.where(varies, values.std(axis=0), 1), 0.0)
        scaled = (values - center) * inverse
        variance, vectors = np.linalg.eigh(scaled.T @ scaled / len(values))
        kept = variance > RANK_CUT * max(variance[-1], 1e-300)
        return cls(center, inverse[:, None] * vectors[:, kept], variance[kept])

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores (m, rank) of new rows."""
        return np.asarray((values - self.center) @ self.basis)


@dataclass(frozen=True, eq=False)
class CanonicalBase:
    """Pairs of directions with their honest correlations, and the ridges that validation chose.

    The critic they stand for is -½ Σ strength (u - v)² with strength r / (1 - r²): up to offsets per X and per Y,
    the log density ratio of Gaussian variates of correlation r.
    """

    x_axes: Principal
    y_axes: Principal
    x_weights: NDArray[np.float64]
    y_weights: NDArray[np.float64]
    correlations: NDArray[np.float64]
    ridges: tuple[float, float]
    clip: float = 6.0

    def x_variates(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the canonical variates (m, k) of rows of X, clipped at ``clip`` standard deviations."""
        return np.clip(self.x_axes(x) @ self.x_weights, -self.clip, self.clip)

    def y_variates(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the canonical variates (m, k) of rows of Y."""
        return np.clip(self.y_axes(y) @ self.y_weights, -self.clip, self.clip)

    @property
    def strengths(self) -> NDArray[np.float64]:
        """The critic's weight of each pair of variates."""
        return np.asarray(self.correlations / (1 - self.correlations**2))


def _directions(
    cross: NDArray[np.float64], x: Principal, y: Principal, ridges: tuple[float, float], limit: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit-variance directions (in principal scores) of the ridge-whitened cross-covariance."""
    scale_x, scale_y = 1 / np.sqrt(x.variance + ridges[0]), 1 / np.sqrt(y.variance + ridges[1])
    left, _, right = np.linalg.svd(scale_x[:, None] * cross * scale_y, full_matrices=False)
    a, b = scale_x[:, None] * left[:, :limit], scale_y[:, None] * right[:limit].T
    return a / np.sqrt(x.variance @ a**2), b / np.sqrt(y.variance @ b**2)


def ridge_canonical(
    x: NDArray[np.float64], y: NDArray[np.float64], held: NDArray[np.bool_], limit: int = 20
) -> CanonicalBase:
    """Choose ridges and correlations on the rows ``held`` (n,), then refit the directions on all rows."""
    fit = ~held
    x_axes, y_axes = Principal.fit(x[fit]), Principal.fit(y[fit])
    sx, sy = x_axes(x), y_axes(y)
    cross = sx[fit].T @ sy[fit] / int(fit.sum())
    best = (-1.0, (1.0, 1.0), np.zeros(0))
    cov_x, cov_y, cov_xy = (m.T @ k / int(held.sum()) for m, k in _centred_pairs(sx[held], sy[held]))
    for ridge_x in RIDGES:
        for ridge_y in RIDGES:
            a, b = _directions(cross, x_axes, y_axes, (ridge_x, ridge_y), limit)
            power = np.sqrt(np.einsum("ik,ij,jk->k", a, cov_x, a, optimize=True))
            power *= np.sqrt(np.einsum("ik,ij,jk->k", b, cov_y, b, optimize=True))
            seen = np.einsum("ik,ij,jk->k", a, cov_xy, b, optimize=True) / np.maximum(power, 1e-12)
            honest = np.sqrt(np.maximum(np.maximum(seen, 0) ** 2 - 1 / int(held.sum()), 0))
            score = float(-0.5 * np.sum(np.log1p(-(np.minimum(honest, 0.9999) ** 2))))
            if score > best[0]:
                best = (score, (ridge_x, ridge_y), np.minimum(honest, 0.9999))
    _, ridges, correlations = best
    x_axes, y_axes = Principal.fit(x), Principal.fit(y)
    a, b = _directions(x_axes(x).T @ y_axes(y) / len(x), x_axes, y_axes, ridges, limit)
    kept = np.flatnonzero(correlations[: a.shape[1]] > 0)
    return CanonicalBase(x_axes, y_axes, a[:, kept], b[:, kept], correlations[kept], ridges)


def _centred_pairs(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return [(x, x), (y, y), (x, y)]
