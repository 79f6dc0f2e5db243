"""Pixels that are lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from noiselaw.channels.images import ImageChannel, draws
from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from noiselaw.records import FloatArray, IntArray

__all__ = ["PixelDropout"]


@dataclass(frozen=True)
class PixelDropout(ImageChannel):
    """Keep each pixel, with all its colours, with probability ``level``; the others turn mid-grey (0).

    A kept pixel carries its value times 1, a lost one times 0: a mean of kept and a variance of kept·(1 - kept) of
    what it is multiplied by, so that u = kept / (1 - kept).

    Parameters
    ----------
    level
        Share of the pixels that are kept, between 0 and 1. Without 1, at which u has no bound.
    noise
        Lost ``fresh`` for each epoch of a training, or ``fixed`` once for each image. Held-out images lose theirs once.
    """

    unit: ClassVar[str] = "kept/lost pixels"

    level: float
    noise: Literal["fresh", "fixed"] = "fresh"

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError(
                "The share of pixels that dropout keeps must lie in (0, 1), without 1, at which u = kept/(1 - kept) "
                f"has no bound; got {self.level}. Pass e.g. 0.5, or 0.999 for hardly any loss."
            )

    @classmethod
    def default_levels(cls, count: int) -> tuple[float, ...]:
        """Return shares whose u is log-spaced from 0.001 to 1000."""
        u = np.logspace(-3, 3, count) if count > 1 else np.ones(1)
        return tuple(float(share) for share in u / (1 + u))

    def _noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray:
        noisy: FloatArray = np.array(x)
        epoch = epoch if self.noise == "fresh" else 0
        for row, rng in enumerate(draws(seed, "pixel dropout", self.level, images, epoch)):
            noisy[row] *= rng.random(x.shape[2:]) < self.level
        return noisy

    def _u(self) -> float:
        return float(self.level / (1 - self.level))
