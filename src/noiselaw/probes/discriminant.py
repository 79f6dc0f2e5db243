"""Linear discriminant analysis with empirical-Bayes shrinkage of the class means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.margins import Whitener

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Discriminant"]


@dataclass(frozen=True, eq=False)
class Discriminant:
    """Classes as Gaussians of one covariance, whose means are themselves drawn from a Gaussian.

    The variance of the means in each discriminant direction is estimated, each class's mean is drawn towards the
    common one by as much as its few members leave it uncertain, and what remains uncertain widens its density.
    Directions in which the means do not differ beyond chance drop out, so many empty columns cost little.
    """

    whitener: Whitener
    rotation: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    used: int

    @classmethod
    def fit(cls, x: NDArray[np.float64], labels: NDArray[np.intp], n_labels: int) -> Discriminant:
        """Fit on rows ``x`` (n, d) with codes ``labels`` (n,) in 0 … n_labels − 1 (some may be absent)."""
        whitener = Whitener.fit(x)
        z = whitener(x)
        counts = np.bincount(labels, minlength=n_labels).astype(float)
        sums = np.zeros((n_labels, z.shape[1]))
        np.add.at(sums, labels, z)
        means = sums / np.maximum(counts, 1)[:, None]
        residual = z - means[labels]
        present = int(np.sum(counts > 0))
        # Whitened, the total covariance is the identity: the natural target of a prior worth rank + 2 pairs.
        weight = z.shape[1] + 2.0
        within = (residual.T @ residual + weight * np.eye(z.shape[1])) / (max(len(z) - present, 0) + weight)
        variance, vectors = np.linalg.eigh(within)
        to_unit = vectors / np.sqrt(variance)
        unit_means = means @ to_unit
        share = counts / counts.sum()
        centred = unit_means - share @ unit_means
        between, directions = np.linalg.eigh((centred * share[:, None]).T @ centred)
        # Of the spread of sample means, (classes - 1) / n is chance.
        prior = np.maximum(between - (present - 1) / len(z), 0.0)[::-1]
        rotation = to_unit @ directions[:, ::-1]
        trust = prior / (prior + 1 / np.maximum(counts, 1e-9)[:, None])
        center = share @ (means @ rotation)
        shrunk = center + trust * (means @ rotation - center)
        return cls(whitener, rotation, shrunk, 1 + prior * (1 - trust), int(np.sum(prior > 0)))

    def coordinates(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows (m, d) in unit within-class variance, the directions that tell classes apart first, (m, rank)."""
        return np.asarray(self.whitener(x) @ self.rotation)

    def log_density(self, x: NDArray[np.float64], dof: float = np.inf) -> NDArray[np.float64]:
        """Return the log density (nats, up to a constant per row) of each row (m, d) under each class, (m, classes).

        With finite ``dof``, under Student densities, which are less sure of themselves far from every class.
        """
        z = self.coordinates(x)
        k = self.used
        means, precision = self.means[:, :k], 1 / self.variances[:, :k]
        square = (z[:, :k] ** 2) @ precision.T - 2 * z[:, :k] @ (means * precision).T
        square += np.sum(means**2 * precision, axis=1)
        normaliser = 0.5 * np.log(self.variances[:, :k]).sum(axis=1)
        if np.isinf(dof):
            return np.asarray(-0.5 * square - normaliser)
        common = np.sum((z[:, k:] - self.means[0, k:]) ** 2, axis=1, keepdims=True)
        square = np.maximum(square + common, 0)
        return np.asarray(-0.5 * (dof + z.shape[1]) * np.log1p(square / dof) - normaliser)
