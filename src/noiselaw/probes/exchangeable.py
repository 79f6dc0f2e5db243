"""Pairs that might as well be turned round: two cells of one clone, two halves of one cell. Then each counts twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["may_be_exchangeable", "turned_round"]

#: Part of the signal in the cross-covariance that may depend on the direction, and how far means (in standard
#: deviations) and standard deviations (ratio) may lie apart. Held pairs decide; this only spares others the trial.
_ONE_WAY = 0.25
_APART = 0.25
_WIDER = 1.25


def may_be_exchangeable(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Return whether it is worth trying to treat pairs (n, d) as if X and Y came in random order.

    Then (y, x) is as likely a pair as (x, y): columns match in mean and spread, and the cross-covariance is symmetric.
    """
    if x.shape != y.shape:
        return False
    n, d = x.shape
    spread_x, spread_y = x.std(axis=0), y.std(axis=0)
    if np.any(spread_x == 0) or np.any(spread_y == 0):
        return False
    scale = np.sqrt(spread_x * spread_y)
    if np.mean(np.abs(np.log(spread_x / spread_y))) > np.log(_WIDER):
        return False
    if np.mean(np.abs(x.mean(axis=0) - y.mean(axis=0)) / scale) > _APART + 2 / np.sqrt(n):
        return False
    cross = ((x - x.mean(axis=0)) / scale).T @ ((y - y.mean(axis=0)) / scale) / n
    # Independent columns alone would give these sums of squares.
    by_chance = d * (d - 1) / (2 * n)
    one_way = float(np.sum((cross - cross.T) ** 2)) / 4 - by_chance
    both_ways = float(np.sum((cross + cross.T) ** 2)) / 4 - by_chance - d / n
    return bool(both_ways > 0 and one_way < _ONE_WAY * both_ways)


def turned_round(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pairs (n, d) and below them the same pairs the other way round, (2 n, d) each."""
    return np.vstack([x, y]), np.vstack([y, x])
