"""The contract of a channel for images: planes of pixels on a scale of -1 to 1, each image with chance of its own."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noiselaw.channels.base import Channel
from noiselaw.errors import InputError
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noiselaw.records import FloatArray, IntArray, Kind

__all__ = ["ImageChannel", "draws"]


class ImageChannel(Channel):
    """A noise process for images (n, colours, height, width), floating-point on a scale of -1 (black) to 1.

    What an image becomes depends on the seed, the number of the image and the epoch, never on which other images are
    asked for beside it. Values are not clipped to the scale afterwards. Strategies are frozen dataclasses; they write
    ``_noisy``, ``_u`` and, where the size changes, ``size_after``.
    """

    takes: ClassVar[Kind] = "images"

    def noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray:
        """Return images ``x`` (n, colours, height, width) with noise; ``x`` is untouched.

        Parameters
        ----------
        x
            Float32 or float64, which is kept.
        images
            The number of each image in its dataset, (n,).
        epoch
            Epochs see noise of their own where it is drawn afresh. Held-out images have one draw, that of epoch 0.
        seed
            Of the condition.
        """
        return self._noisy(x, images, epoch, seed)

    def size_after(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that images of this size come out with.

        Raises
        ------
        InputError
            If such images are too small for the level.
        """
        return height, width

    def _check(self, x: Any) -> None:
        if not isinstance(x, np.ndarray):
            raise InputError(
                f"Images must be a numpy array (n, colours, height, width); got {type(x).__module__}."
                f"{type(x).__qualname__}. {type(self).__name__} is for images; counts take binomial or hypergeometric."
            )
        if x.ndim != 4 or x.dtype.kind != "f":
            raise InputError(
                "Images must be floating-point (n, colours, height, width) on a scale of -1 to 1; got "
                f"{x.dtype} of shape {x.shape}. {type(self).__name__} is for images; counts take binomial or "
                "hypergeometric."
            )
        if 0 in x.shape:
            raise InputError(f"The images are empty: shape {x.shape}. Check the folder and the filters applied to it.")
        self.size_after(*x.shape[2:])
        bad = np.argwhere(~np.isfinite(x))
        if len(bad):
            image, plane, row, column = bad[0]
            raise InputError(
                f"Pixels must be finite; image {image} has {x[tuple(bad[0])]} at plane {plane}, row {row}, column "
                f"{column}. Drop such images beforehand."
            )

    def _apply(self, x: FloatArray, seed: int) -> FloatArray:
        return self._noisy(x, np.arange(len(x)), 0, seed)

    def _strength(self, noisy: object) -> float:
        return self._u()

    @abstractmethod
    def _noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray: ...

    @abstractmethod
    def _u(self) -> float: ...


def draws(
    seed: int, use: str, level: float, images: IntArray | Sequence[int], epoch: int
) -> Iterator[np.random.Generator]:
    """Yield a generator for each of ``images``; levels are independent draws, not one seen at several contrasts."""
    return (generator(seed, use, float(level), int(image), epoch) for image in images)
