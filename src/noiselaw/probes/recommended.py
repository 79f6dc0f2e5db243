"""The probe to use when nothing speaks for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from noiselaw.probes.base import Probe
from noiselaw.probes.classifier import Classifier
from noiselaw.probes.critic import Critic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from noiselaw.records import Estimate

__all__ = ["Recommended"]


@dataclass(frozen=True)
class Recommended(Probe):
    """A held-out lower bound: by a classifier for labels, by a critic of pairs for continuous Y."""

    #: Its numbers are theirs.
    revision: ClassVar[int] = 100 * Classifier.revision + Critic.revision
    measures: ClassVar[frozenset[str]] = frozenset({"labels", "continuous"})

    def _estimate_many(
        self, xs: Sequence[np.ndarray], y: np.ndarray, groups: np.ndarray | None, seed: int
    ) -> Sequence[Estimate]:
        return _chosen(y)._estimate_many(xs, y, groups, seed)

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        return _chosen(y)._estimate(x, y, groups, rng)


def _chosen(y: np.ndarray) -> Probe:
    return Classifier() if y.ndim == 1 else Critic()
