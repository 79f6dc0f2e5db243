"""Information shared by continuous X and Y, as far as a Gaussian dependence carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.probes.bounds import Normaliser, nwj_gains, standard_error
from noiselaw.probes.folds import deal, holdout, tied_values, units_of
from noiselaw.probes.linear_base import ridge_canonical
from noiselaw.probes.margins import effective_rank
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.probes.linear_base import CanonicalBase

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian(Probe):
    """Held-out lower bound with the critic of a Gaussian dependence between canonical variates.

    In sample, canonical correlations over-read: wide, curved and discrete data give more bits than there are. Here
    directions, ridges and correlations come from training pairs and the bound is measured on held-out pairs, where
    it cannot exceed the information on average, whatever the true dependence.

    Parameters
    ----------
    n_folds
        Folds of the cross-fit; every pair is measured once.
    reference
        Training pairs used to normalise the critic, at most.
    """

    n_folds: int = 5
    reference: int = 2000

    revision: ClassVar[int] = 1
    measures: ClassVar[frozenset[str]] = frozenset({"continuous"})

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        units = units_of(tied_values(x), tied_values(y), groups)
        folds = deal(units, min(self.n_folds, int(units.max()) + 1), rng)
        gain, used = np.zeros(len(x)), []
        for fold in range(int(folds.max()) + 1):
            train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            held = holdout(np.unique(units[train], return_inverse=True)[1].astype(np.intp), 0.2, rng)
            base = ridge_canonical(x[train], y[train], held)
            used.append(len(base.correlations))
            if len(base.correlations):
                gain[test] = self._measure(base, x, y, train, test, rng)
        gain /= np.log(2)
        return Estimate(
            bits=float(gain.mean()),
            standard_error=standard_error(gain, units),
            n_pairs=len(x),
            diagnostics={
                "n_folds": int(folds.max()) + 1,
                "base": "gaussian" if any(used) else "none",
                "canonical_pairs": float(np.mean(used)),
                "effective_rank_x": effective_rank(x),
                "effective_rank_y": effective_rank(y),
            },
        )

    def _measure(
        self,
        base: CanonicalBase,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        train: NDArray[np.intp],
        test: NDArray[np.intp],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        u, v = gaussian_features(base.x_variates(x), base.y_variates(y), base.correlations)
        reference = rng.permutation(train)[: self.reference]
        normaliser = Normaliser.fit(u[reference], v[reference])
        return nwj_gains(normaliser, u[test], v[test])


def gaussian_features(
    u: NDArray[np.float64], v: NDArray[np.float64], correlations: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features (n, k + 2) whose products are the log density ratio of Gaussian variates, up to a constant."""
    strength = correlations / (1 - correlations**2)
    square = correlations * strength
    one = np.ones(len(u))
    x = np.column_stack([u * strength, -0.5 * u**2 @ square, one])
    return x.astype(np.float32), np.column_stack([v, one, -0.5 * v**2 @ square]).astype(np.float32)
