"""Quadratic discriminant analysis whose class covariances lean on the common one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Quadratic"]


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Classes as Gaussians of their own mean and covariance, both uncertain: a Student t density for each.

    The prior covariance is the common one, worth ``prior_pairs`` pairs beyond the dimension; the prior mean the common
    one, worth half a pair. Few members, few degrees of freedom: heavy tails, timid answers.
    """

    means: NDArray[np.float64]
    to_unit: NDArray[np.float64]
    log_scale: NDArray[np.float64]
    dof: NDArray[np.float64]

    @classmethod
    def fit(cls, z: NDArray[np.float64], labels: NDArray[np.intp], n_labels: int, prior_pairs: float) -> Quadratic:
        """Fit on rows ``z`` (n, rank), whitened or nearly, with codes ``labels`` (n,) in 0 … n_labels - 1."""
        rank = z.shape[1]
        counts = np.bincount(labels, minlength=n_labels).astype(float)
        sums = np.zeros((n_labels, rank))
        np.add.at(sums, labels, z)
        sample_means = sums / np.maximum(counts, 1)[:, None]
        residual = z - sample_means[labels]
        present = int(np.sum(counts > 0))
        common = (residual.T @ residual + rank * np.eye(rank)) / (max(len(z) - present, 0) + rank)
        order = np.argsort(labels, kind="stable")
        edges = np.concatenate([[0], np.cumsum(counts).astype(int)])
        trust = counts / (counts + 0.5)
        dof = prior_pairs + counts + 2
        to_unit = np.empty((n_labels, rank, rank))
        log_scale = np.empty(n_labels)
        for label in range(n_labels):
            own = residual[order[edges[label] : edges[label + 1]]]
            scatter = own.T @ own + (prior_pairs + 1) * common
            scatter += 0.5 * trust[label] * np.outer(sample_means[label], sample_means[label])
            spread = scatter * (1 + 1 / (counts[label] + 0.5)) / (prior_pairs + 1 + counts[label])
            factor = np.linalg.cholesky(spread)
            to_unit[label] = np.linalg.solve(factor, np.eye(rank)).T
            log_scale[label] = np.log(np.diagonal(factor)).sum()
        return cls(trust[:, None] * sample_means, to_unit, log_scale, dof)

    def log_density(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log density (nats, up to a constant per row) of rows (m, rank) under each class, (m, classes)."""
        rank = z.shape[1]
        out = np.empty((len(z), len(self.dof)))
        for label, dof in enumerate(self.dof):
            unit = (z - self.means[label]) @ self.to_unit[label]
            square = np.einsum("nk,nk->n", unit, unit) / dof
            constant = gammaln((dof + rank) / 2) - gammaln(dof / 2) - rank / 2 * np.log(dof)
            out[:, label] = constant - self.log_scale[label] - (dof + rank) / 2 * np.log1p(square)
        return out
