"""Columns on a common footing: scaled on the training rows, and whitened with a cut in rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RANK_CUT", "Folded", "NormalScores", "Whitener", "effective_rank", "varying_columns"]

#: Directions with less than this share of the largest variance are copies of others, up to rounding.
RANK_CUT = 1e-6
_WIDE = 256


def varying_columns(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which columns of ``values`` (n, d) vary by more than rounding."""
    spread = values.std(axis=0)
    return np.asarray(spread > 1e-9 * (np.abs(values).max(axis=0) + 1e-300))


def effective_rank(values: NDArray[np.float64]) -> float:
    """Return (sum of variances)² / sum of squared variances of the principal directions of z-scored columns."""
    kept = values[:, varying_columns(values)]
    if kept.shape[1] == 0:
        return 0.0
    scaled = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    # Either table of products has the same eigenvalues; of very wide values the one of rows is smaller.
    by_rows = scaled.shape[1] > max(len(scaled), _WIDE)
    gram = (scaled @ scaled.T if by_rows else scaled.T @ scaled) / len(scaled)
    return float(np.trace(gram) ** 2 / np.sum(gram**2))


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Each column through its ranks among the training rows to the quantiles of a normal distribution."""

    sorted_columns: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64]) -> NormalScores:
        """Fit on the training rows ``values`` (n, d)."""
        return cls(np.sort(values, axis=0))

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores (m, d) of rows (m, d); ties share the middle of their ranks."""
        from scipy.special import ndtri

        n = len(self.sorted_columns)
        ranks = np.empty(values.shape)
        for column, known in enumerate(self.sorted_columns.T):
            known = np.ascontiguousarray(known)
            below = np.searchsorted(known, values[:, column], side="left")
            ranks[:, column] = below + np.searchsorted(known, values[:, column], side="right")
        return np.asarray(ndtri(np.clip(ranks / (2 * n), 0.5 / n, 1 - 0.5 / n)))


@dataclass(frozen=True, eq=False)
class Folded:
    """Normal scores and their sizes side by side: what one column says about the spread of another is linear here."""

    scores: NormalScores

    @classmethod
    def fit(cls, values: NDArray[np.float64]) -> Folded:
        """Fit on the training rows ``values`` (n, d)."""
        return cls(NormalScores.fit(values))

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return scores and sizes, (m, 2 d), of rows (m, d)."""
        scores = self.scores(values)
        return np.hstack([scores, np.abs(scores)])


@dataclass(frozen=True, eq=False)
class Whitener:
    """An affine map to uncorrelated columns of unit variance, without the directions that do not vary.

    Values beyond ``clip`` standard deviations are clipped *after* whitening. Clipped before, copies of a column
    would differ in their outliers and a rank-deficient matrix would look full-rank.
    """

    center: NDArray[np.float64]
    basis: NDArray[np.float64]
    variance: NDArray[np.float64]
    clip: float = 10.0

    @classmethod
    def fit(
        cls, values: NDArray[np.float64], weights: NDArray[np.float64] | None = None, clip: float = 10.0
    ) -> Whitener:
        """Fit on the training rows ``values`` (n, d), z-scored columns counting as ``weights`` (d,) say."""
        center = values.mean(axis=0)
        varies = varying_columns(values)
        inverse = np.where(varies, 1 / np.where(varies, values.std(axis=0), 1), 0.0)
        if weights is not None:
            inverse = inverse * weights
        scaled = (values - center) * inverse
        variance, vectors = np.linalg.eigh(scaled.T @ scaled / len(values))
        kept = variance > RANK_CUT * max(variance[-1], 1e-300)
        kept &= np.arange(len(kept)) >= len(kept) - max(len(values) - 1, 1)
        basis = inverse[:, None] * (vectors[:, kept] / np.sqrt(variance[kept]))[:, ::-1]
        return cls(center, basis, variance[kept][::-1], clip)

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``values`` (m, d) whitened, (m, rank), directions of large variance first."""
        return np.clip((values - self.center) @ self.basis, -self.clip, self.clip)
