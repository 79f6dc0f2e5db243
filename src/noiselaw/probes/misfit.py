"""Signs that a dependence has another form than what was fitted to it: reasons to doubt a bound that looks settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.margins import NormalScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hidden_dependence", "is_gaussian", "unexplained"]

#: Share left unexplained that is taken for none, and what chance adds to it with one pair (its spread is 2.4 / n).
_NEGLIGIBLE = 0.003
_BY_CHANCE = 6.0

#: Variates whose prediction is examined, the strongest first.
_EXAMINED = 3
#: Beyond so many standard deviations, sizes and squares grow no further: a few outliers must not decide.
_REACH = 3.0
_MOST_ROWS = 1000
_SHUFFLES = 199


def unexplained(u: NDArray[np.float64], v: NDArray[np.float64], n_units: int) -> float:
    """Return the share of what a linear prediction with constant error leaves over that is no chance.

    Under the Gaussian critic each variate of one side is predicted linearly by those of the other, with an error of
    constant spread. Squares of the other side's variates must then tell nothing about the error, and nothing about its
    size (White 1980, Econometrica 48, 817). Two shares of variance, adjusted for chance, are averaged over the
    strongest variates of both sides and added: 0 for a Gaussian pair.

    Parameters
    ----------
    u, v
        Paired variates (n, k) of X and Y, along directions fitted without these rows.
    n_units
        How many of the rows are independent of one another.
    """
    found = [
        _left_over(one, two[:, j], n_units) for one, two in ((u, v), (v, u)) for j in range(min(u.shape[1], _EXAMINED))
    ]
    return float(np.mean(found)) if found else 0.0


def is_gaussian(share: float, n_units: int) -> bool:
    """Return whether so much ``unexplained`` may be chance, or too little to matter."""
    return share <= _NEGLIGIBLE + _BY_CHANCE / n_units


def _left_over(given: NDArray[np.float64], told: NDArray[np.float64], n_units: int) -> float:
    squares = np.clip(given, -_REACH, _REACH) ** 2
    line = np.column_stack([np.ones(len(given)), given])
    error = told - line @ _solved(line, told)
    size = np.clip(error / max(float(error.std()), 1e-12), -_REACH, _REACH) ** 2
    design = np.column_stack([line, squares])
    return _share(design, error, n_units) + _share(design, size, n_units)


def _solved(design: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    gram = design.T @ design
    return np.asarray(np.linalg.solve(gram + 1e-9 * np.trace(gram) * np.eye(len(gram)), design.T @ target))


def _share(design: NDArray[np.float64], target: NDArray[np.float64], n_units: int) -> float:
    """Return the share of the variance of ``target`` that ``design`` explains, less what chance would."""
    total = float(target.var())
    left = float((target - design @ _solved(design, target)).var())
    return float(1 - left / max(total, 1e-300) - (design.shape[1] - 1) / n_units)


def hidden_dependence(
    x: NDArray[np.float64], y: NDArray[np.float64], units: NDArray[np.intp], rng: np.random.Generator
) -> float:
    """Return the chance (p-value) of a distance covariance as large as that of X and Y, were they independent.

    Distance covariance (Székely, Rizzo and Bakirov 2007, Ann. Stat. 35, 2769) is 0 only for independence, whatever the
    form of the dependence, but finds it the less easily the more other columns there are. One pair of each of at most
    1,000 units takes part; the null is that of shuffled pairs.
    """
    first = np.unique(units, return_index=True)[1]
    rows = rng.permutation(first)[:_MOST_ROWS]
    a, b = (_centred_distances(NormalScores.fit(side[rows])(side[rows])) for side in (x, y))
    seen = float(np.sum(a * b))
    larger = 0
    for _ in range(_SHUFFLES):
        order = rng.permutation(len(rows))
        larger += int(float(np.sum(a * b[np.ix_(order, order)])) >= seen)
    return (1 + larger) / (1 + _SHUFFLES)


def _centred_distances(values: NDArray[np.float64]) -> NDArray[np.float32]:
    square = np.sum(values**2, axis=1)
    gaps = np.sqrt(np.maximum(square[:, None] + square - 2 * values @ values.T, 0))
    return np.asarray(gaps - gaps.mean(axis=0) - gaps.mean(axis=1)[:, None] + gaps.mean(), dtype=np.float32)
