"""The contract of a signal: what a representation is asked about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from noiselaw.records import Dataset, IntArray, Pairs

__all__ = ["Signal"]


class Signal(ABC):
    """The auxiliary variable Y, as pairs of a held-out observation and a value.

    Strategies are frozen dataclasses; they write ``name``, ``_pair`` and, where it matters, ``kept_together``.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """How tables and reports call the signal."""

    @property
    def drawn_as(self) -> str:
        """What the random choice of pairs is keyed by: signals that share it draw alike for a seed."""
        return self.name

    @abstractmethod
    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset that does not carry this signal.

        Raises
        ------
        InputError
            Naming what is missing and the nearest thing there is.
        """

    def kept_together(self, dataset: Dataset) -> np.ndarray | None:
        """Return one group per observation that a split must keep on one side, or None where it may cut anywhere."""
        return None

    def pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        """Pair held-out observations ``test`` (rows of ``dataset``) with values of Y."""
        self.check(dataset)
        return self._pair(dataset, test, rng)

    @abstractmethod
    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs: ...
