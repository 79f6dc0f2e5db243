"""Images on a scale of -1 to 1, as they come through a channel: drawn when they are asked for, never stored noisy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from noiselaw.errors import InputError
from noiselaw.prepare.base import FittedPreparation, Preparation
from noiselaw.records import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, IntArray, Kind, Matrix, View

__all__ = ["FittedImages", "ImageScaling", "ImageView"]


class _Noise(Protocol):
    """What an image goes through: a channel for images."""

    def noisy(self, x: FloatArray, images: IntArray, epoch: int, seed: int) -> FloatArray: ...

    def size_after(self, height: int, width: int) -> tuple[int, int]: ...


@dataclass(frozen=True, eq=False)
class ImageView:
    """Images as a channel shows them, like an array (n, 3, height, width) of float32 that is made where it is read.

    What an image looks like depends on ``seed``, its number in the dataset and the epoch only: any batch, in any order
    and of any size, shows the same.

    Parameters
    ----------
    observations
        Every image of the dataset, (n images, height, width, 3) of uint8; a memory map is read row by row.
    rows
        Which of them these are, (n,).
    channel
        The noise; None for the images as they are.
    seed
        What its draws descend from.
    """

    observations: NDArray[np.uint8]
    rows: IntArray
    channel: _Noise | None = None
    seed: int = 0

    @classmethod
    def of(cls, observations: NDArray[np.uint8], channel: _Noise | None = None, seed: int = 0) -> ImageView:
        """Return every image of ``observations`` through ``channel``.

        Raises
        ------
        InputError
            If they are no images (n, height, width, 3) of uint8.
        """
        if observations.ndim != 4 or observations.shape[3] != 3 or observations.dtype != np.uint8:
            raise InputError(
                "Images must be (n, height, width, 3) of uint8; got "
                f"{observations.dtype} of shape {observations.shape}. Read them with noiselaw.io.read_images."
            )
        return cls(observations, np.arange(len(observations)), channel, seed)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Images, colours, height and width, as they come out of the channel."""
        height, width = self.observations.shape[1:3]
        if self.channel is not None:
            height, width = self.channel.size_after(height, width)
        return len(self.rows), 3, height, width

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """What :meth:`pixels` gives."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: IntArray | slice) -> ImageView:
        return replace(self, rows=np.atleast_1d(self.rows[rows]))

    def pixels(self, rows: IntArray | slice | None = None, epoch: int = 0) -> NDArray[np.float32]:
        """Return images ``rows`` of this view (all by default) after the channel, (k, 3, height, width).

        Parameters
        ----------
        rows
            Positions in this view.
        epoch
            Noise that is drawn afresh differs between epochs. Epoch 0 is the one draw of images that are looked at
            once (held-out ones); epochs of a training count from 1.
        """
        taken = self.rows if rows is None else np.atleast_1d(self.rows[rows])
        planes = np.moveaxis(np.asarray(self.observations[taken]), -1, 1).astype(np.float32, order="C")
        planes /= np.float32(127.5)
        planes -= np.float32(1)
        if self.channel is None:
            return planes
        return self.channel.noisy(planes, taken, epoch, self.seed).astype(np.float32, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return every image as at epoch 0: for models that know arrays only."""
        return self.pixels().astype(dtype or np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class FittedImages(FittedPreparation):
    """Images need nothing fitted: what they take is what they give."""

    n_features: int = 3
    notes: Mapping[str, Any] = field(default_factory=dict)

    def _apply(self, noisy: Matrix, names: NDArray[np.str_], level: float) -> Prepared:
        colours = np.array(["red", "green", "blue"])
        return Prepared("image", noisy, np.asarray(names), colours, np.full(noisy.shape[0], np.nan), level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return nothing: nothing was fitted."""
        return {}

    def _as_view(self, prepared: Prepared, view: View) -> Prepared:
        raise InputError(
            f"Prepared images come as 'image' only; got {prepared.view!r} to be seen as {view!r}. Choose a "
            "representation that takes images."
        )


@dataclass(frozen=True)
class ImageScaling(Preparation):
    """Take images as the channel gives them: planes of red, green and blue on a scale of -1 (black) to 1 (white).

    Noise is in units of that scale, so that the scaling comes before it. What a model does beyond (ImageNet's mean and
    standard deviation, say) is the model's.

    Parameters
    ----------
    genes
        What a sweep fits on. Nothing is fitted on images, so there is one way.
    """

    prepares: ClassVar[Kind] = "images"
    views: ClassVar[tuple[View, ...]] = ("image",)

    genes: Literal["largest"] = "largest"

    def restore(self, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any] | None = None) -> FittedImages:
        """Return the fitted preparation: nothing had to be kept of it."""
        return FittedImages(notes=dict(notes or {}))

    def _fit(self, noisy: Matrix, train: IntArray, features: NDArray[np.str_], level: float) -> FittedImages:
        if len(noisy.shape) != 4 or noisy.shape[1] != 3:
            raise InputError(
                f"The preparation 'images' takes images (n, 3, height, width); got shape {tuple(noisy.shape)}. Counts "
                "take the preparation 'cells'."
            )
        height, width = (int(length) for length in noisy.shape[2:])
        return FittedImages(notes={"level": level, "height": height, "width": width, "fallback": ""})
