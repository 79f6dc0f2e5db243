"""A critic for pairs that depend on one another through a hidden class: types of cells, clones, places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Mixture", "group_near"]

#: Share of pairs that no class accounts for, so that an unexpected pair is unlikely but not impossible.
_STRAY = 0.02
#: Pairs by which each class's mean leans towards the common one.
_LEAN = 0.5


@dataclass(frozen=True, eq=False)
class Mixture:
    """Classes k in which X and Y are independent Gaussians; each side has one covariance for all classes.

    Then p(x, y) / p(x) p(y) = Σ p(k | x) p(k | y) / p(k), a product of non-negative features.
    """

    x_means: NDArray[np.float64]
    y_means: NDArray[np.float64]
    x_unit: NDArray[np.float64]
    y_unit: NDArray[np.float64]
    share: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        u: NDArray[np.float64],
        v: NDArray[np.float64],
        n_classes: int,
        weights: NDArray[np.float64],
        rng: np.random.Generator,
        rounds: int = 40,
    ) -> Mixture:
        """Fit by expectation-maximisation on variates (n, k) each, from groups near in ``weights`` (k,) × variates."""
        member = np.zeros((len(u), n_classes))
        places = np.hstack([u * weights, v * weights])
        member[np.arange(len(u)), group_near(places, n_classes, rng)] = 1
        return cls._from(u, v, member).settled(u, v, rounds)

    def settled(self, u: NDArray[np.float64], v: NDArray[np.float64], rounds: int = 10) -> Mixture:
        """Go on from here on variates (n, k) each, until the likelihood no longer rises."""
        found, last = self, -np.inf
        for _ in range(rounds):
            log_joint = found._log_x(u) + found._log_y(v) - np.log(found.share)
            peak = log_joint.max(axis=1, keepdims=True)
            member = np.exp(log_joint - peak)
            total = member.sum(axis=1, keepdims=True)
            value = float((peak + np.log(total)).mean()) + found._log_scale()
            member /= total
            found = self._from(u, v, member)
            if value - last < 1e-3:
                break
            last = value
        return found

    @classmethod
    def _from(cls, u: NDArray[np.float64], v: NDArray[np.float64], member: NDArray[np.float64]) -> Mixture:
        size = member.sum(axis=0)
        sides = []
        for rows in (u, v):
            sums = member.T @ rows
            means = sums / (size + _LEAN)[:, None]
            k = rows.shape[1]
            spread = rows.T @ rows - sums.T @ means - means.T @ sums + (means * size[:, None]).T @ means
            # The prior is worth as many pairs as there are variates, and shaped like all pairs, a third as wide.
            spread = (spread + 0.3 * k * (rows.T @ rows) / len(rows)) / (len(rows) + k)
            spread += 1e-6 * np.trace(spread) / k * np.eye(k)
            sides.append((means, np.linalg.inv(np.linalg.cholesky(spread)).T))
        (x_means, x_unit), (y_means, y_unit) = sides
        return cls(x_means, y_means, x_unit, y_unit, (size + 1) / (size.sum() + len(size)))

    def _log_scale(self) -> float:
        return float(np.linalg.slogdet(self.x_unit)[1] + np.linalg.slogdet(self.y_unit)[1])

    def _log_x(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        return _log_density(u @ self.x_unit, self.x_means @ self.x_unit) + np.log(self.share)

    def _log_y(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        return _log_density(v @ self.y_unit, self.y_means @ self.y_unit) + np.log(self.share)

    def features_x(self, u: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return p(k | x) for rows of variates, (m, classes + 1): the last column stands for strays."""
        told = np.sqrt(1 - _STRAY) * _normalised(self._log_x(u))
        return np.column_stack([told, np.full(len(u), np.sqrt(_STRAY))]).astype(np.float32)

    def features_y(self, v: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return p(k | y) / p(k) for rows of variates, (m, classes + 1)."""
        told = np.sqrt(1 - _STRAY) * _normalised(self._log_y(v)) / self.share
        return np.column_stack([told, np.full(len(v), np.sqrt(_STRAY))]).astype(np.float32)


def _log_density(rows: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    square = np.sum(rows**2, axis=1, keepdims=True) - 2 * rows @ means.T + np.sum(means**2, axis=1)
    return np.asarray(-0.5 * square)


def _normalised(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    q = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(q / q.sum(axis=1, keepdims=True))


def group_near(places: NDArray[np.float64], n_groups: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a group (n,) for each place (n, ·): k-means from starts that lie far apart."""
    centres = places[rng.integers(len(places))][None]
    nearest = np.sum((places - centres[0]) ** 2, axis=1)
    while len(centres) < n_groups:
        chosen = places[np.searchsorted(np.cumsum(nearest), rng.random() * nearest.sum())]
        centres = np.vstack([centres, chosen])
        nearest = np.minimum(nearest, np.sum((places - chosen) ** 2, axis=1))
    for _ in range(8):
        group = _log_density(places, centres).argmax(axis=1)
        size = np.bincount(group, minlength=n_groups)
        sums = np.zeros_like(centres)
        np.add.at(sums, group, places)
        centres = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
    return np.asarray(group, dtype=np.intp)
