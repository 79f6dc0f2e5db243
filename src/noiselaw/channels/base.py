"""The contract of a channel: a noise process with a level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from noiselaw.randomness import draw_seed

if TYPE_CHECKING:
    import numpy as np

    from noiselaw.records import Matrix

__all__ = ["Channel"]


class Channel(ABC):
    """A noise process with a level. It owns the x-axis of the noise law.

    Strategies are frozen dataclasses with a field ``level``; they write ``_apply`` and ``_strength``.
    """

    #: Unit of ``strength`` as tables and axes show it.
    unit: ClassVar[str]
    #: Raised when the numbers that a channel gives for the same seed change, so that stored results are redone.
    revision: ClassVar[int] = 1

    level: float

    def apply(self, x: Matrix, rng: np.random.Generator) -> Matrix:
        """Return a noisy copy of ``x`` (n observations, n features), of the same kind of array; ``x`` is untouched.

        Raises
        ------
        InputError
            If ``x`` cannot have come from this channel's kind of measurement (negative or fractional counts).
        """
        self._check(x)
        return self._apply(x, draw_seed(rng))

    def strength(self, noisy: Matrix) -> float:
        """Return the realised signal-to-noise measure u of ``noisy``, in ``unit``."""
        return self._strength(noisy)

    @abstractmethod
    def _check(self, x: Matrix) -> None: ...

    @abstractmethod
    def _apply(self, x: Matrix, seed: int) -> Matrix: ...

    @abstractmethod
    def _strength(self, noisy: Matrix) -> float: ...
