"""Labels that are each several clusters: types of cells with subtypes, states with lobes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.discriminant import Discriminant
from noiselaw.probes.margins import Whitener
from noiselaw.probes.mixture import group_near
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Parts"]

#: Pairs that a part needs; labels with fewer have fewer parts.
_LEAST = 20
_ROUNDS = 3
#: Starts of k-means, of which the tightest is kept.
_STARTS = 4


def _clusters(rows: NDArray[np.float64], wanted: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the cluster (n,) of each row (n, d)."""

    def explained(group: NDArray[np.intp]) -> float:
        sums = np.zeros((wanted, rows.shape[1]))
        np.add.at(sums, group, rows)
        return float(np.sum(sums**2 / np.maximum(np.bincount(group, minlength=wanted), 1)[:, None]))

    return max((group_near(rows, wanted, rng) for _ in range(_STARTS)), key=explained)


@dataclass(frozen=True, eq=False)
class Parts:
    """Mixture discriminant analysis: each label a few Gaussian parts, all of one covariance.

    After Hastie and Tibshirani (1996, J. R. Stat. Soc. B 58, 155), with hard membership.
    """

    parts: Discriminant
    label_of: NDArray[np.intp]
    log_share: NDArray[np.float64]

    @classmethod
    def fit(cls, x: NDArray[np.float64], labels: NDArray[np.intp], n_labels: int, n_parts: int) -> Parts:
        """Fit to rows (n, d): parts by k-means within each label, then each row to the likeliest part of its label."""
        rng = generator(0, "parts", n_parts)
        rows = Whitener.fit(x)(x)
        part = np.empty(len(x), dtype=np.intp)
        label_of: list[int] = []
        for label in range(n_labels):
            members = np.flatnonzero(labels == label)
            wanted = int(np.clip(len(members) // _LEAST, 1, n_parts))
            near = _clusters(rows[members], wanted, rng) if wanted > 1 else 0
            part[members] = len(label_of) + near
            label_of += [label] * wanted
        owner = np.array(label_of, dtype=np.intp)
        fitted = Discriminant.fit(x, part, len(owner))
        for _ in range(_ROUNDS):
            share = np.log(np.bincount(part, minlength=len(owner)) + 0.5)
            seen = fitted.log_density(x) + share
            seen[owner != labels[:, None]] = -np.inf
            moved = seen.argmax(axis=1)
            if np.mean(moved != part) < 0.01:
                break
            part = moved
            fitted = Discriminant.fit(x, part, len(owner))
        size = np.bincount(part, minlength=len(owner)) + 0.5
        whole = np.bincount(owner, weights=size)
        return cls(fitted, owner, np.log(size / whole[owner]))

    def log_density(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log density (nats, up to a constant per row) of each row (m, d) under each label, (m, labels)."""
        seen = self.parts.log_density(x) + self.log_share
        peak = seen.max(axis=1, keepdims=True)
        starts = np.flatnonzero(np.diff(self.label_of, prepend=-1))
        total = np.add.reduceat(np.exp(seen - peak), starts, axis=1)
        return np.asarray(peak + np.log(np.maximum(total, 1e-300)))
