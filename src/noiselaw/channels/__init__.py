"""Noise processes with a level; each owns the x-axis of its noise law."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, cast

from noiselaw.channels.base import Channel
from noiselaw.channels.binomial import Binomial
from noiselaw.channels.dropout import PixelDropout
from noiselaw.channels.gaussian import Gaussian
from noiselaw.channels.hypergeometric import Hypergeometric
from noiselaw.channels.images import ImageChannel
from noiselaw.channels.pixel_noise import PixelNoise
from noiselaw.channels.pixelation import Pixelation
from noiselaw.errors import UsageError
from noiselaw.randomness import generator
from noiselaw.registry import Registry, checked

if TYPE_CHECKING:
    from noiselaw.records import Matrix

__all__ = [
    "CHANNELS",
    "Binomial",
    "Channel",
    "Gaussian",
    "Hypergeometric",
    "ImageChannel",
    "PixelDropout",
    "PixelNoise",
    "Pixelation",
    "thin",
]

CHANNELS: Registry[Channel] = Registry(
    "channel",
    "noiselaw.channels",
    {
        "binomial": Binomial,
        "hypergeometric": Hypergeometric,
        "gaussian": Gaussian,
        "pixel_noise": PixelNoise,
        "pixelation": Pixelation,
        "pixel_dropout": PixelDropout,
    },
)


def thin(counts: Matrix, fraction: float, seed: int, method: str = "binomial", **options: Any) -> Any:
    """Return ``counts`` with about ``fraction`` of their molecules; ``counts`` stay untouched.

    Parameters
    ----------
    counts
        (n observations, n features), dense, scipy sparse, or on disk (AnnData's backed matrices, h5py, zarr).
    fraction
        Share of the molecules to keep, in (0, 1].
    seed
        Equal seeds, equal numbers, whatever the number of threads. For ``"binomial"`` the layout of the matrix does
        not matter either.
    method
        ``"binomial"`` keeps each molecule independently; ``"hypergeometric"`` keeps an exact number.
    **options
        Of the method: ``per="cell"`` makes ``"hypergeometric"`` exact in every observation instead of in the whole.

    Returns
    -------
    In memory, dense, CSR or CSC as ``counts``, and of their dtype.

    Raises
    ------
    InputError
        If ``counts`` are negative, fractional, not finite or empty.
    UsageError
        If the fraction, the seed or an option is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> thin(np.full((2, 3), 100), 0.1, seed=0).shape
    (2, 3)
    """
    share, root = cast("Any", fraction), cast("Any", seed)
    if isinstance(share, bool) or not isinstance(share, Real):
        raise UsageError(f"fraction must be a number in (0, 1]; got {fraction!r}. Pass e.g. 0.1 for a tenth of them.")
    if isinstance(root, bool) or not isinstance(root, Integral) or seed < 0:
        raise UsageError(f"seed must be a whole number of at least 0; got {seed!r}. Pass e.g. 0.")
    channel = checked(CHANNELS.get(method), {"level": float(fraction), **options}, f"channel {method}")
    return channel.apply(counts, generator(int(seed), "thin"))
