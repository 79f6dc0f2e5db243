"""Gaussian noise on every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from noiselaw.channels.images import ImageChannel, draws
from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from noiselaw.records import FloatArray, IntArray

__all__ = ["PixelNoise"]


@dataclass(frozen=True)
class PixelNoise(ImageChannel):
    """Add independent Gaussian noise of standard deviation ``level`` to every pixel of an image; u = 1 / level^2.

    Parameters
    ----------
    level
        Standard deviation of the noise, positive, where black is -1 and white is 1.
    per
        Noise of its own for each ``colour``, as the paper was run; or one plane for the whole ``image``, as printed.
    noise
        Drawn ``fresh`` for each epoch of a training, as the paper was run; or ``fixed`` once for each image, as a
        measurement that cannot be repeated. Held-out images are drawn once either way.
    """

    unit: ClassVar[str] = "1/variance"
    rises: ClassVar[bool] = False

    level: float
    per: Literal["colour", "image"] = "colour"
    noise: Literal["fresh", "fixed"] = "fresh"

    def __post_init__(self) -> None:
        if not 0 < self.level < inf:
            raise UsageError(
                "The standard deviation of pixel noise must be positive and finite, where black is -1 and white is 1; "
                f"got {self.level}. Pass e.g. 1."
            )

    @classmethod
    def default_levels(cls, count: int) -> tuple[float, ...]:
        """Return standard deviations log-spaced from 0.1 to 100, as in the paper."""
        return tuple(float(sd) for sd in np.logspace(-1, 2, count)) if count > 1 else (1.0,)

    def _noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray:
        noisy: FloatArray = np.array(x)
        planes = x.shape[1] if self.per == "colour" else 1
        epoch = epoch if self.noise == "fresh" else 0
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        for row, rng in enumerate(draws(seed, "pixel noise", self.level, images, epoch)):
            noisy[row] += self.level * rng.standard_normal((planes, *x.shape[2:]), dtype=dtype)
        return noisy

    def _u(self) -> float:
        return float(self.level**-2)
