"""Information shared by continuous X and Y, as far as a Gaussian dependence carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from noiselaw.probes.base import Probe
from noiselaw.probes.critic import Critic
from noiselaw.probes.folds import check_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from noiselaw.records import Estimate

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
        Folds of the cross-fit; every pair is measured once. By default 10 up to 4,000 pairs, 5 beyond.
    """

    n_folds: int | None = None

    revision: ClassVar[int] = 2
    measures: ClassVar[frozenset[str]] = frozenset({"continuous"})

    def __post_init__(self) -> None:
        """Refuse a number of folds that leaves nothing to fit on."""
        check_folds(self.n_folds)

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        return Critic(self.n_folds, networks=False)._estimate(x, y, groups, rng)

    def _estimate_many(
        self, xs: Sequence[np.ndarray], y: np.ndarray, groups: np.ndarray | None, seed: int
    ) -> Sequence[Estimate]:
        return Critic(self.n_folds, networks=False)._estimate_many(xs, y, groups, seed)
