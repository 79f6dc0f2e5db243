"""The contract of a probe: an estimator of mutual information in bits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from noiselaw.randomness import draw_seed, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from noiselaw.records import Estimate

__all__ = ["Probe"]


class Probe(ABC):
    """An estimator of I(X; Y) from n pairs. Strategies are frozen dataclasses; they write ``_estimate``.

    The public methods check X (n, d) and Y ((n,) labels or (n, p) values) once for every probe, answer what needs no
    estimator (a constant X holds 0 bits), and hand the rest on.
    """

    #: Raised when the numbers that it gives for the same seed change.
    revision: ClassVar[int] = 1
    #: Kinds of Y it can measure: "labels", "continuous".
    measures: ClassVar[frozenset[str]]

    def estimate(
        self,
        x: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        rng: np.random.Generator | None = None,
    ) -> Estimate:
        """Estimate I(X; Y) in bits. Pairs with equal ``groups`` (n,) are never divided between fit and measurement."""
        return self.estimate_many([x], y, groups, rng)[0]

    def estimate_many(
        self,
        xs: Sequence[np.ndarray],
        y: np.ndarray,
        groups: np.ndarray | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[Estimate]:
        """Estimate I(X; Y) for many X about one Y: the same numbers as one at a time, the work on Y shared."""
        seed = draw_seed(rng if rng is not None else generator(0, "probe"))
        return [self._estimate(x, y, groups, generator(seed, "estimate")) for x in xs]

    @abstractmethod
    def _estimate(
        self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator
    ) -> Estimate: ...
