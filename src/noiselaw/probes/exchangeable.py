"""Pairs that might as well be turned round: two cells of one clone, two halves of one cell. Then each counts twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.margins import varying_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["may_be_exchangeable", "on_one_scale", "turned_round"]

#: Part of the signal in the cross-covariance that may depend on the direction. Held pairs decide; this only spares
#: others the trial.
_ONE_WAY = 0.25
#: Fewer columns have little to gain, and a cross-covariance that says little.
_LEAST_COLUMNS = 3
#: Largest gap between the distributions of a column in X and in Y, mean over columns, in 1 / √n. Where they are one
#: distribution it is 1.2 on average (Kolmogorov); heavy tails, whose spreads scatter, need more.
_GAP = 2.25


def on_one_scale(
    x: NDArray[np.float64], y: NDArray[np.float64], train: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return X and Y (n, d) z-scored by the rows ``train``, so that their units tell nothing about which is which."""
    return _z_scored(x, train), _z_scored(y, train)


def _z_scored(values: NDArray[np.float64], train: NDArray[np.intp]) -> NDArray[np.float64]:
    varies = varying_columns(values[train])
    scale = np.where(varies, values[train].std(axis=0), np.inf)
    return np.asarray((values - values[train].mean(axis=0)) / scale)


def may_be_exchangeable(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether it is worth trying to treat pairs (n, d) of z-scores as if X and Y came in random order.

    Then (y, x) is as likely a pair as (x, y): columns are distributed alike, and the cross-covariance is symmetric.
    """
    if x.shape != y.shape or x.shape[1] < _LEAST_COLUMNS:
        return False
    n, d = x.shape
    if np.mean([_gap(one, two) for one, two in zip(x.T, y.T, strict=True)]) > _GAP / np.sqrt(n):
        return False
    cross = x.T @ y / n
    # Independent columns alone would give these sums of squares.
    by_chance = d * (d - 1) / (2 * n)
    one_way = float(np.sum((cross - cross.T) ** 2)) / 4 - by_chance
    both_ways = float(np.sum((cross + cross.T) ** 2)) / 4 - by_chance - d / n
    return bool(both_ways > 0 and one_way < _ONE_WAY * both_ways)


def _gap(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the largest distance between the distribution functions of two samples (n,)."""
    both = np.concatenate([x, y])
    below = [np.searchsorted(np.sort(one), both, side="right") for one in (x, y)]
    return float(np.abs(below[0] - below[1]).max() / len(x))


def turned_round(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pairs (n, d) and below them the same pairs the other way round, (2 n, d) each."""
    return np.vstack([x, y]), np.vstack([y, x])
