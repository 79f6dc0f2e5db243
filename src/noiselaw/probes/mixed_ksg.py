"""Nearest-neighbour information where a variable is discrete, or both are a mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.special import digamma

from noiselaw.probes.base import Probe
from noiselaw.probes.ksg import ksg_bits, standardised
from noiselaw.probes.neighbours import Search, find, find_within_labels
from noiselaw.probes.subsampling import subsample, trusted
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.probes.neighbours import Neighbours

__all__ = ["MixedKSG", "ross_bits"]


@dataclass(frozen=True)
class MixedKSG(Probe):
    """Nearest-neighbour estimates in bits: Ross (2014) for labels, Gao et al. (2017) for mixtures with atoms.

    Without atoms the second is Kraskov's estimator (``ksg``).

    Parameters
    ----------
    k
        Which neighbour sets the scale; labels with fewer members use all of them.
    standardise
        Whether columns are z-scored first.
    search
        As for ``ksg``.
    """

    k: Annotated[int, Field(ge=1, le=40)] = 3
    standardise: bool = True
    search: Search = "auto"

    measures: ClassVar[frozenset[str]] = frozenset({"labels", "continuous"})

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        if self.standardise:
            x, y = standardised(x), y if y.ndim == 1 else standardised(y)
        labelled = y.ndim == 1
        contributions, coincident = self._contributions(x, y)
        bits = float(contributions.mean())
        parts = subsample(
            lambda rows: float(self._contributions(x[rows], y[rows])[0].mean()),
            groups,
            len(x),
            10 * (int(y.max()) + 1) if labelled else 25,
            rng,
        )
        largest = float((digamma(len(x)) - digamma(self.k)) / np.log(2))
        reason = trusted(bits, parts, largest, 0.0 if not labelled else coincident / len(x))
        return Estimate(
            bits=bits,
            standard_error=parts.standard_error,
            status="warned" if reason else "ok",
            reason=reason,
            n_pairs=len(x),
            diagnostics={
                "estimator": "ross" if labelled else "gao",
                "coincident_pairs": coincident,
                "largest_measurable_bits": largest,
                "bits_of_parts": parts.bits,
                "pairs_of_parts": parts.n_pairs,
            },
        )

    def _contributions(self, x: NDArray[np.float64], y: NDArray[Any]) -> tuple[NDArray[np.float64], int]:
        """Return each pair's contribution in bits and how many pairs coincide with ``k`` others."""
        if y.ndim == 2:
            found = find(x, y, min(self.k, len(x) - 1), self.search)
            return ksg_bits(found), int(np.sum(found.radius == 0))
        repeats = np.bincount(y)[y] > 1
        if not repeats.any():
            return np.zeros(1), 0
        labels = np.unique(y[repeats], return_inverse=True)[1].astype(np.int64)
        found = find_within_labels(x[repeats], labels, self.k, self.search)
        return ross_bits(found), int(np.sum(found.radius == 0))


def ross_bits(found: Neighbours) -> NDArray[np.float64]:
    """Return each pair's contribution in bits, (n,): ψ(n) + ψ(k) - ψ(members of its label) - ψ(m).

    m counts the points of any label nearer than the k-th of the same label, itself included (Ross 2014, eq. 2). Where
    that distance is 0, k and m are those that coincide, itself included.
    """
    m = np.where(found.radius > 0, found.nearer_x, found.within_x) + 1
    nats = digamma(len(m)) + digamma(found.k) - digamma(found.nearer_y + 1) - digamma(m)
    return np.asarray(nats / np.log(2))
