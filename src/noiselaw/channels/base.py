"""The contract of a channel: a noise process with a level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.randomness import draw_seed

if TYPE_CHECKING:
    from noiselaw.records import Kind, Matrix

__all__ = ["Channel"]


class Channel(ABC):
    """A noise process with a level. It owns the x-axis of the noise law.

    Strategies are frozen dataclasses with a field ``level``; they write ``_apply`` and ``_strength``.
    """

    #: What it is applied to.
    takes: ClassVar[Kind] = "counts"
    #: Whether ``strength`` rises with the level.
    rises: ClassVar[bool] = True
    #: Whether there is chance in it: pixelation has none.
    random: ClassVar[bool] = True
    #: Raised when the numbers that a channel gives for the same seed change, so that stored results are redone.
    revision: ClassVar[int] = 1

    level: float

    @property
    def unit(self) -> str:
        """Unit of ``strength`` as tables and axes show it; strategies set a class variable in its place."""
        return ""

    @classmethod
    def default_levels(cls, count: int) -> tuple[float, ...]:
        """Return ``count`` levels for a study that does not name them: log-spaced from 0.001 to 1."""
        return tuple(float(q) for q in np.logspace(-3, 0, count)) if count > 1 else (1.0,)

    def as_drawn(self) -> Channel:
        """Return the channel that names this one's noise: options that only say how u is counted are at their defaults.

        What was computed from the noise is then shared by channels that count u differently.
        """
        return self

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
