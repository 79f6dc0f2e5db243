"""Wide X and Y seen through their leading principal components, fitted on training pairs alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.probes.margins import RANK_CUT, varying_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["WIDEST", "Reduction", "Remainder", "described", "missed_by_a_line"]

#: Up to so many columns are taken as they are. With more, pairs are few beside them, and time goes with their cube.
WIDEST = 256
#: Where what is left out tells more than so many standard errors about Y, it is said.
_SURE = 3.0
#: Folds that ask what is left out.
_ASKED = 3


@dataclass(frozen=True, eq=False)
class Reduction:
    """Rows of z-scored columns along the directions in which training rows vary most, the widest first.

    Parameters
    ----------
    center, inverse
        Mean and 1 / standard deviation of each column of the training rows, (d,); 0 where it does not vary.
    axes
        Orthonormal directions in z-scored columns, (d, k).
    variance
        Sum of squares of the training rows along each, (k,).
    total
        The same over all directions.
    """

    center: NDArray[np.float64]
    inverse: NDArray[np.float64]
    axes: NDArray[np.float64]
    variance: NDArray[np.float64]
    total: float

    @classmethod
    def fit(cls, values: NDArray[np.float64], most: int) -> Reduction:
        """Fit on training rows (n, d), at most ``most`` directions; those that do not vary are left out."""
        from scipy.linalg import eigh

        varies = varying_columns(values)
        inverse = np.where(varies, 1 / np.where(varies, values.std(axis=0), 1), 0.0)
        center = values.mean(axis=0)
        rows = (values - center) * inverse
        # The smaller of the two tables of products; their eigenvalues are the same.
        by_rows = rows.shape[1] > len(rows)
        table = rows @ rows.T if by_rows else rows.T @ rows
        last = len(table) - 1
        variance, vectors = eigh(table, subset_by_index=[max(last + 1 - most, 0), last], overwrite_a=True)
        kept = variance > RANK_CUT * max(float(variance[-1]), 1e-300)
        variance, vectors = variance[kept][::-1], vectors[:, kept][:, ::-1]
        axes = rows.T @ (vectors / np.sqrt(variance)) if by_rows else vectors
        return cls(center, inverse, np.ascontiguousarray(axes), variance, float(np.sum(rows**2)))

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows (m, d) along the directions, (m, k)."""
        return np.asarray(self._scaled(values) @ self.axes)

    def first(self, kept: int) -> Reduction:
        """Return the same without all but the first ``kept`` directions."""
        return Reduction(self.center, self.inverse, self.axes[:, :kept], self.variance[:kept], self.total)

    @property
    def kept(self) -> int:
        """How many directions there are."""
        return len(self.variance)

    @property
    def share(self) -> float:
        """Share of the variance of z-scored columns along the directions."""
        return float(self.variance.sum()) / self.total

    def others(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the directions leave out of z-scored rows (m, d), (m, d)."""
        rows = self._scaled(values)
        return np.asarray(rows - rows @ self.axes @ self.axes.T)

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((values - self.center) * self.inverse)


@dataclass(frozen=True, eq=False)
class Remainder:
    """Whether what is left out of X tells about Y beyond what is kept: asked on pairs held out, in the first folds.

    What a prediction of Y from the directions kept misses is predicted, by ridge regression, from those left out.
    Products of prediction and truth over held-out pairs average 0 where these have nothing linear to add.
    """

    products: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether another fold is to be asked."""
        return len(self.products) < _ASKED

    def ask(
        self,
        reduction: Reduction,
        train: tuple[NDArray[np.float64], NDArray[np.float64]],
        test: tuple[NDArray[np.float64], NDArray[np.float64]],
        units: NDArray[np.intp],
    ) -> None:
        """Ask about one fold: rows of X (·, d) and what is missed of Y (·, p), of training pairs and of held-out ones.

        The held-out pairs of one of ``units`` (·,) count together.
        """
        (x, missed), (new_x, truth) = train, test
        told = reduction.others(new_x) @ _ridge(reduction.others(x), missed - missed.mean(axis=0), 1.0)
        codes = np.unique(units, return_inverse=True)[1]
        self.products.append(np.asarray(np.bincount(codes, weights=np.sum(told * truth, axis=1)), dtype=np.float64))

    @property
    def tells(self) -> bool:
        """Whether it surely does."""
        found = np.concatenate(self.products) if self.products else np.zeros(1)
        return bool(found.mean() > _SURE * found.std() / np.sqrt(len(found)))

    def doubts(self) -> list[str]:
        """Return what speaks against the estimate."""
        if not self.tells:
            return []
        return [
            "Directions of X beyond the leading principal components, which are left out, tell about Y too: the truth "
            "may be higher."
        ]


def missed_by_a_line(z: NDArray[np.float64], y: NDArray[np.float64], fit: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what the best linear prediction by ``z`` (n, k), fitted to rows ``fit``, misses of ``y`` (n, p)."""
    known = np.column_stack([np.ones(len(z)), z])
    missed = y - known @ _ridge(known[fit], y[fit], 1e-9)
    return np.asarray(missed / np.maximum(missed[fit].std(axis=0), 1e-12))


def _ridge(rows: NDArray[np.float64], target: NDArray[np.float64], damping: float) -> NDArray[np.float64]:
    """Return weights (d, p) of ``rows`` (n, d) for ``target`` (n, p); the ridge is a share of their mean square."""
    from scipy.linalg import solve

    by_rows = rows.shape[1] > len(rows)
    table = rows @ rows.T if by_rows else rows.T @ rows
    table[np.diag_indices(len(table))] += damping * max(float(np.trace(table)), 1e-300) / len(table)
    if by_rows:
        return np.asarray(rows.T @ solve(table, target, assume_a="pos", overwrite_a=True))
    return np.asarray(solve(table, rows.T @ target, assume_a="pos", overwrite_a=True))


def described(side: str, columns: int, found: Sequence[Reduction | None]) -> dict[str, Any]:
    """Return how many components of how many columns were kept of X or Y (``side``), on average over the folds."""
    reductions = [one for one in found if one is not None]
    if not reductions:
        return {}
    return {
        f"columns_{side}": columns,
        f"components_{side}": float(np.mean([one.kept for one in reductions])),
        f"variance_kept_{side}": float(np.mean([one.share for one in reductions])),
    }
