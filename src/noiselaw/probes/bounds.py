"""A lower bound on information from any critic of pairs, measured on pairs that the critic has not seen.

A critic scores an X against a Y (nats). Here it is a product of features: ``score[i, j] = x[i] @ y[j]``, where x (n, k)
and y (m, k) are float32; terms of X or of Y alone are columns that meet a column of ones. The logarithm of a product of
non-negative features may be added (:class:`Features`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Features", "Normaliser", "nwj_gains", "scores", "standard_error"]


@dataclass(frozen=True, eq=False)
class Features:
    """Features of rows of X or of Y: those whose product is a score, and those whose product's logarithm is.

    Parameters
    ----------
    plain
        (n, k) float32.
    classes
        (n, c), float32 or, where the product is a difference of large terms, float64; the product is not negative.
    say
        What the logarithm counts.
    """

    plain: NDArray[np.float32]
    classes: NDArray[np.floating]
    say: float

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.plain)


def scores(x: NDArray[np.float32] | Features, y: NDArray[np.float32] | Features) -> NDArray[np.float32]:
    """Return the score (nats) of every row of X against every row of Y, (n, m)."""
    if isinstance(x, Features) and isinstance(y, Features):
        told = np.asarray(x.classes @ y.classes.T, dtype=np.float32)
        np.log(np.maximum(told, np.float32(1e-30), out=told), out=told)
        told *= np.float32(x.say)
        told += x.plain @ y.plain.T
        return told
    if isinstance(x, Features) or isinstance(y, Features):
        raise TypeError("X and Y must have features of one kind.")
    return np.asarray(x @ y.T, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Offsets per X and per Y that make exp(score) average to 1 over unrelated training pairs.

    The best critic, log p(x, y) / p(x) p(y), has that property in every row and column; giving it to any critic
    (by Sinkhorn's iteration on training pairs) can only bring it nearer. Offsets of new rows follow from the
    training rows and are kept within the range of theirs: far from all of them they would grow without limit. Nor
    is any pair believed to share more than ``cap``, what all but 1 in 200 training pairs
    seem to, nor than training pairs could show.
    """

    x: NDArray[np.float32] | Features
    y: NDArray[np.float32] | Features
    log_a: NDArray[np.float32]
    log_b: NDArray[np.float32]
    cap: np.float32

    @classmethod
    def fit(cls, x: NDArray[np.float32] | Features, y: NDArray[np.float32] | Features, rounds: int = 6) -> Normaliser:
        """Iterate on the features of training pairs, leaving each pair itself out of its averages."""
        kernel = scores(x, y)
        own = kernel.diagonal().copy()
        peak = kernel.max()
        kernel -= peak
        np.exp(kernel, out=kernel)
        np.fill_diagonal(kernel, 0)
        a = b = np.ones(len(y), dtype=np.float32)
        for _ in range(rounds):
            a = _scale(np.asarray(kernel @ b, np.float32))
            b = _scale(np.asarray(a @ kernel, np.float32))
        log_a, log_b = np.log(a) - peak, np.log(b)
        cap = min(float(np.quantile(own + log_a + log_b, 0.995)), float(np.log(len(x))))
        return cls(x, y, log_a, log_b, np.float32(cap))

    def offsets_x(self, x: NDArray[np.float32] | Features) -> NDArray[np.float32]:
        """Return the offset of each new X, (m,)."""
        return _offsets(scores(x, self.y) + self.log_b, self.log_a)

    def offsets_y(self, y: NDArray[np.float32] | Features) -> NDArray[np.float32]:
        """Return the offset of each new Y, (m,)."""
        return _offsets(scores(y, self.x) + self.log_a, self.log_b)


def _scale(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return n / sums, no larger than all but the farthest 1 % would have."""
    least = max(float(np.quantile(sums, 0.01)), 1e-30)
    return np.asarray((len(sums) - 1) / np.maximum(sums, least), dtype=np.float32)


def _offsets(log_terms: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = log_terms.max(axis=1)
    log_terms -= peak[:, None]
    offset = -peak - np.log(np.exp(log_terms, out=log_terms).mean(axis=1))
    return np.asarray(np.minimum(offset, seen.max()), dtype=np.float32)


def nwj_gains(
    normaliser: Normaliser,
    x: NDArray[np.float32] | Features,
    y: NDArray[np.float32] | Features,
    units: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """Return what each held-out pair adds to the bound of Nguyen, Wainwright and Jordan, in nats, (m,).

    The bound is E L - E' exp(L) + 1 with E over pairs and E' over unrelated ones, here all those of two ``units`` (m,),
    by default every pair its own. It is linear in both averages, so its expectation never exceeds the information,
    whatever the critic. A pair's share of E' counts it once as X and once as Y, so that the spread of the gains gives
    the error of the mean. Where all pairs are of one unit none are unrelated, and nothing is claimed: 0.
    """
    m = len(x)
    codes = np.arange(m) if units is None else np.unique(units, return_inverse=True)[1]
    sizes = np.bincount(codes)
    if m > 1 and len(sizes) == 1:
        return np.zeros(m)
    table = scores(x, y)
    table += normaliser.offsets_x(x)[:, None]
    table += normaliser.offsets_y(y)
    np.minimum(table, normaliser.cap, out=table)
    own = table.diagonal().astype(np.float64)
    np.exp(table, out=table)
    if len(sizes) == m:
        np.fill_diagonal(table, 0)
    else:
        table[codes[:, None] == codes] = 0
    # How many pairs of another unit a pair has, on average.
    others = max((m * m - int(np.sum(sizes**2))) / m, 1)
    rows = table.sum(axis=1, dtype=np.float64) / others
    columns = table.sum(axis=0, dtype=np.float64) / others
    return np.asarray(own + 1 - rows - columns + rows.mean())


def standard_error(gain: NDArray[np.float64], units: NDArray[np.intp], folds: NDArray[np.intp]) -> float:
    """Return the standard error of the mean of ``gain`` (n,): of the pairs, and of the fits where those vary more.

    The pairs of one unit count together. Folds (n,) were measured by different fits: where their means scatter more
    than twice as much (in variance) as their pairs explain, the excess is added.
    """
    sums = np.bincount(units, weights=gain - gain.mean())
    n_units = len(np.unique(units))
    pairs = float(np.sum(sums**2)) * n_units / max(n_units - 1, 1) / len(gain) ** 2
    sizes = np.bincount(folds)
    means = np.bincount(folds, weights=gain) / sizes
    scatter = float(np.average((means - gain.mean()) ** 2, weights=sizes)) / max(len(sizes) - 1, 1)
    return float(np.sqrt(pairs + max(scatter - 2 * pairs, 0.0)))
