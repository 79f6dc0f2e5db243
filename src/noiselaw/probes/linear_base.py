"""Canonical directions by ridge regression: the linear part of what X and Y share."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.margins import Whitener, varying_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.probes.known import Known

__all__ = ["CanonicalBase", "ridge_canonical", "unseen_variates"]

#: Ridges tried on either side, as shares of a z-scored column's variance.
RIDGES = (1e-3, 0.03, 0.3, 3.0)
WIDE_RIDGES = (1e-3, 0.3, 10.0)
WEIGHTED_RIDGES = (1e-3, 0.03, 0.3)
#: Directions kept on either side: the canonical ones, then the widest others.
LIMIT = 24
_STRONGEST = 0.9999


@dataclass(frozen=True, eq=False)
class CanonicalBase:
    """Directions of X and of Y, the canonical pairs first, with what validation says of them.

    Parameters
    ----------
    x_axes, y_axes
        Whitening of either side.
    x_weights, y_weights
        Directions in whitened coordinates, (rank, at most ``LIMIT``).
    correlations
        Honest correlation of each canonical pair: seen on pairs that the directions were not fitted to, (k,).
    dampings
        What validation chose for X and Y.
    score
        Nats that the correlations amount to.
    """

    x_axes: Whitener
    y_axes: Whitener
    x_weights: NDArray[np.float64]
    y_weights: NDArray[np.float64]
    correlations: NDArray[np.float64]
    dampings: tuple[Damping, Damping]
    score: float
    clip: float = 6.0

    def x_variates(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coordinates of rows of X along the directions, (m, ·), clipped at ``clip``."""
        return np.clip(self.x_axes(x) @ self.x_weights, -self.clip, self.clip)

    def y_variates(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coordinates of rows of Y along the directions, (m, ·)."""
        return np.clip(self.y_axes(y) @ self.y_weights, -self.clip, self.clip)


@dataclass(frozen=True, eq=False)
class Side:
    """X or Y of one training set: its whitening, and rows whitened."""

    axes: Whitener
    rows: NDArray[np.float64]

    @classmethod
    def of(
        cls, values: NDArray[np.float64], fit: NDArray[np.bool_], weights: NDArray[np.float64] | None = None
    ) -> Side:
        """Whiten ``values`` (n, d) as their rows ``fit`` say."""
        axes = Whitener.fit(values[fit], weights)
        return cls(axes, axes(values))


#: What is tried on a side: ("ridge", share of a column's variance), ("weighted", the same, with columns weighted by
#: how much the other side tells about them) or ("first", how many principal directions).
Damping = tuple[str, float]


def dampings(columns: int) -> list[Damping]:
    """Return what is tried on a side of so many columns."""
    if columns <= LIMIT:
        return [("ridge", ridge) for ridge in RIDGES]
    first = [("first", float(k)) for k in (8, 16, 32, 64) if k < columns]
    return [*(("ridge", r) for r in WIDE_RIDGES), *first, *(("weighted", r) for r in WEIGHTED_RIDGES)]


def column_weights(values: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return √ of the share of each column (n, d) that whitened rows ``other`` (n, k) explain beyond chance."""
    varies = varying_columns(values)
    scaled = (values - values.mean(axis=0)) / np.where(varies, values.std(axis=0), 1)
    told = np.sum((other.T @ scaled / len(values)) ** 2, axis=0) - other.shape[1] / len(values)
    return np.asarray(np.sqrt(np.maximum(told, 0.01 * max(float(told.max()), 1e-12)) / max(float(told.max()), 1e-12)))


def both_sides(
    x: NDArray[np.float64], y: NDArray[np.float64], fit: NDArray[np.bool_], known: Known, fold: int
) -> tuple[dict[bool, Side], dict[bool, Side]]:
    """Return X and Y whitened, and with weighted columns (``True``) where a side is wide."""
    axes = known.get(("whitening", fold), lambda: Whitener.fit(y[fit]))
    one, two = {False: Side.of(x, fit)}, {False: Side(axes, axes(y))}
    if x.shape[1] > LIMIT:
        one[True] = Side.of(x, fit, column_weights(x[fit], two[False].rows[fit]))
    if y.shape[1] > LIMIT:
        two[True] = Side.of(y, fit, column_weights(y[fit], one[False].rows[fit]))
    return one, two


def _damped(variance: NDArray[np.float64], how: Damping) -> NDArray[np.float64]:
    kind, value = how
    if kind == "first":
        return np.asarray(np.arange(len(variance)) < value, dtype=np.float64)
    return np.asarray(np.sqrt(variance / (variance + value)))


def directions(
    cross: NDArray[np.float64], x: Whitener, y: Whitener, how: tuple[Damping, Damping]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return paired directions of unit variance, in whitened coordinates, of the damped cross-covariance."""
    damp_x, damp_y = _damped(x.variance, how[0]), _damped(y.variance, how[1])
    rows, columns = np.flatnonzero(damp_x), np.flatnonzero(damp_y)
    left, _, right = np.linalg.svd(
        damp_x[rows, None] * cross[np.ix_(rows, columns)] * damp_y[columns], full_matrices=False
    )
    a, b = np.zeros((len(damp_x), min(LIMIT, left.shape[1]))), np.zeros((len(damp_y), min(LIMIT, left.shape[1])))
    a[rows], b[columns] = damp_x[rows, None] * left[:, :LIMIT], damp_y[columns, None] * right[:LIMIT].T
    return a / np.sqrt(np.sum(a**2, axis=0)), b / np.sqrt(np.sum(b**2, axis=0))


def ridge_canonical(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    inner: NDArray[np.intp],
    n_checks: int,
    known: Known,
    n_pairs: int | None = None,
) -> CanonicalBase:
    """Choose dampings and honest correlations on inner folds, then fit the directions on all rows.

    Parameters
    ----------
    x, y
        Training rows, (n, d) and (n, p).
    inner
        The inner fold (n,) of each.
    n_checks
        How many of the inner folds to hold out in turn.
    known
        What is known about this Y in these folds.
    n_pairs
        How many of the rows are pairs of their own, the rest being those turned round; all are by default.
    """
    found: dict[tuple[Damping, Damping], list[NDArray[np.float64]]] = {}
    sizes = []
    for fold in range(n_checks):
        held = inner == fold
        sizes.append(int(held.sum()) * (n_pairs or len(x)) // len(x))
        sides_x, sides_y = both_sides(x, y, ~held, known, fold)
        for (w_x, one), (w_y, two) in product(sides_x.items(), sides_y.items()):
            cross = one.rows[~held].T @ two.rows[~held] / int(np.sum(~held))
            moments = _moments(one.rows[held], two.rows[held])
            for how in product(dampings(x.shape[1]), dampings(y.shape[1])):
                if (how[0][0] == "weighted") == w_x and (how[1][0] == "weighted") == w_y:
                    a, b = directions(cross, one.axes, two.axes, how)
                    found.setdefault(how, []).append(_seen(a, b, moments))
    chosen = max(found, key=lambda how: _honest(found[how], sizes)[1])
    correlations, score = _honest(found[chosen], sizes)
    one, two, a, b = _fitted(x, y, np.ones(len(x), dtype=bool), chosen, known, -1)
    k = min(len(correlations), a.shape[1])
    # The first that chance explains ends them: directions come in the order of their correlations.
    correlations = np.where(np.cumprod(correlations[:k] > 0) > 0, correlations[:k], 0.0)
    return CanonicalBase(one.axes, two.axes, _completed(a[:, :k]), _completed(b[:, :k]), correlations, chosen, score)


def _fitted(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    fit: NDArray[np.bool_],
    how: tuple[Damping, Damping],
    known: Known,
    fold: int,
) -> tuple[Side, Side, NDArray[np.float64], NDArray[np.float64]]:
    """Return both sides and their paired directions as the rows ``fit`` have them."""
    sides_x, sides_y = both_sides(x, y, fit, known, fold)
    one, two = sides_x[how[0][0] == "weighted"], sides_y[how[1][0] == "weighted"]
    cross = one.rows[fit].T @ two.rows[fit] / int(fit.sum())
    return one, two, *directions(cross, one.axes, two.axes, how)


def _moments(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return x.T @ x / len(x), y.T @ y / len(y), x.T @ y / len(x)


def _seen(
    a: NDArray[np.float64], b: NDArray[np.float64], moments: tuple[NDArray[np.float64], ...]
) -> NDArray[np.float64]:
    """Return the correlations (k,) of paired directions on rows of these second moments."""
    xx, yy, xy = moments
    power = np.sum(a * (xx @ a), axis=0) * np.sum(b * (yy @ b), axis=0)
    return np.asarray(np.sum(a * (xy @ b), axis=0) / np.sqrt(np.maximum(power, 1e-300)))


def _honest(seen: list[NDArray[np.float64]], sizes: list[int]) -> tuple[NDArray[np.float64], float]:
    """Return correlations (k,) less what chance adds, from those seen in each held fold, and their nats."""
    k = min(len(one) for one in seen)
    mean = np.average([one[:k] for one in seen], axis=0, weights=sizes)
    squared = np.maximum(mean, 0) ** 2 - (1 - mean**2) / sum(sizes)
    correlations = np.minimum(np.sqrt(np.maximum(squared, 0)), _STRONGEST)
    return correlations, float(-0.5 * np.sum(np.log1p(-(correlations**2))))


def _completed(paired: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``paired`` directions (rank, k) and the widest others beside them, (rank, at most ``LIMIT``)."""
    rank, k = paired.shape
    extra = min(rank, LIMIT) - k
    if extra <= 0:
        return paired
    candidates = np.hstack([paired, np.eye(rank)[:, : min(rank, LIMIT)]])
    orthogonal, triangle = np.linalg.qr(candidates)
    fresh = np.abs(np.diagonal(triangle))[k : orthogonal.shape[1]] > 1e-6
    return np.hstack([paired, orthogonal[:, k:][:, fresh][:, :extra]])


def unseen_variates(
    base: CanonicalBase, x: NDArray[np.float64], y: NDArray[np.float64], inner: NDArray[np.intp], known: Known
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variates of training rows along directions that were fitted without them, (n, ·) each.

    What is trained on variates must see them as they will be for new pairs: along directions fitted to the same
    pairs, X and Y agree better than they should. Each inner fold's directions are turned to match those of ``base``.
    """
    k, told = len(base.correlations), int(np.sum(base.correlations > 0))
    u, v = base.x_axes(x) @ base.x_weights, base.y_axes(y) @ base.y_weights
    full_u, full_v = u[:, :k].copy(), v[:, :k].copy()
    for fold in range(int(inner.max()) + 1):
        held = inner == fold
        one, two, a, b = _fitted(x, y, ~held, base.dampings, known, fold)
        own_u, own_v = one.rows @ a[:, :k], two.rows @ b[:, :k]
        match = own_u[~held].T @ full_u[~held] + own_v[~held].T @ full_v[~held]
        # Turning is freedom to agree with the pairs held out, so directions without signal are only given a sign.
        turn = np.diag(np.where(np.diagonal(match) < 0, -1.0, 1.0))
        left, _, right = np.linalg.svd(match[:told, :told])
        turn[:told, :told] = left @ right
        u[held, :k], v[held, :k] = own_u[held] @ turn, own_v[held] @ turn
    return np.clip(u, -base.clip, base.clip), np.clip(v, -base.clip, base.clip)
