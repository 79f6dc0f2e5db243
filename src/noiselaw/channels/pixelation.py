"""Fewer, larger pixels: each block of an image becomes its mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from noiselaw.channels.images import ImageChannel
from noiselaw.errors import InputError, UsageError

if TYPE_CHECKING:
    from noiselaw.records import FloatArray, IntArray

__all__ = ["Pixelation"]


@dataclass(frozen=True)
class Pixelation(ImageChannel):
    """Replace every block of f × f pixels by its mean, f being the ``level``; u = 1 / f^exponent.

    There is no chance in it. Where f does not divide the height or width, the pixels that are left over at the bottom
    and right are cut off (as the paper was run: 240 // f blocks along a side), or make smaller blocks.

    Parameters
    ----------
    level
        Side f of a block in pixels of the working size: a whole number from 1 (the image as it is) to the smaller of
        the image's sides.
    size
        ``shrunk``: a pixel for each block, as the paper was run; ``tiled``: blocks back to the size they had, as
        printed.
    borders
        What becomes of pixels that are left over: ``crop``, or ``partial`` blocks, which keep the whole image.
    exponent
        Of u: 1 as the paper's figure has it, 2 as its theory does, in which the signal is scaled by 1/f and u is that
        squared. The unit tells which.
    """

    rises: ClassVar[bool] = False
    random: ClassVar[bool] = False

    level: float
    size: Literal["shrunk", "tiled"] = "shrunk"
    borders: Literal["crop", "partial"] = "crop"
    exponent: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if not 1 <= self.level < inf or self.level % 1:
            raise UsageError(
                "The side f of the blocks of pixelation must be a positive whole number of pixels; got "
                f"{self.level}. Pass e.g. 4."
            )

    @property
    def unit(self) -> str:
        """Unit of u: 1/f or 1/f²."""
        return "1/f" if self.exponent == 1 else "1/f²"

    @classmethod
    def default_levels(cls, count: int) -> tuple[float, ...]:
        """Return sides log-spaced from 1 to 32 pixels, fewer than ``count`` where rounding makes some equal."""
        return tuple(sorted({float(round(side)) for side in np.geomspace(1, 32, count)}))

    def as_drawn(self) -> Pixelation:
        """Return the same blocks with u = 1/f."""
        return replace(self, exponent=1)

    def size_after(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that images of this size come out with."""
        f = int(self.level)
        if f > min(height, width):
            raise InputError(
                f"Blocks of {f} × {f} pixels do not fit into images of {height} × {width}. Choose levels up to "
                f"{min(height, width)}, or a larger working size."
            )
        if self.borders == "partial":
            return (height, width) if self.size == "tiled" else (-(-height // f), -(-width // f))
        rows, columns = height // f, width // f
        return (rows * f, columns * f) if self.size == "tiled" else (rows, columns)

    def _noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray:
        height, width = x.shape[2:]
        f = int(self.level)
        if self.borders == "crop":
            height, width = height // f * f, width // f * f
        means = _block_means(x[:, :, :height, :width], f)
        if self.size == "tiled":
            means = means.repeat(f, axis=2)[:, :, :height].repeat(f, axis=3)[..., :width]
        return means.astype(x.dtype)

    def _u(self) -> float:
        return float(self.level**-self.exponent)


def _block_means(x: FloatArray, f: int) -> FloatArray:
    """Return the means of blocks of f × f pixels; those at the bottom and right may be smaller."""
    rows, columns = (np.arange(0, length, f) for length in x.shape[2:])
    # Summed in double precision: a block may hold 40,000 pixels.
    sums = np.add.reduceat(np.add.reduceat(x, rows, axis=2, dtype=np.float64), columns, axis=3)
    pixels = np.diff(rows, append=x.shape[2])[:, None] * np.diff(columns, append=x.shape[3])
    means: FloatArray = sums / pixels
    return means
