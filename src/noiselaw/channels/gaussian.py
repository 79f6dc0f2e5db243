"""Additive noise on real-valued measurements."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.arrays import as_dense, check_finite, is_sparse
from noiselaw.channels.base import Channel
from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from noiselaw.records import Matrix

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian(Channel):
    """Add independent Gaussian noise of standard deviation ``level`` to every entry; u = 1 / level^2.

    For a matrix of measurements; images take :class:`~noiselaw.channels.PixelNoise`. Whole-number matrices become
    float64, others keep their precision.

    Parameters
    ----------
    level
        Standard deviation of the noise, in the unit of the data, positive.
    """

    unit: ClassVar[str] = "1/variance"
    rises: ClassVar[bool] = False

    level: float

    def __post_init__(self) -> None:
        if not 0 < self.level < inf:
            raise UsageError(
                f"The standard deviation of Gaussian noise must be positive and finite; got {self.level}. Pass e.g. 1."
            )

    def _check(self, x: Matrix) -> None:
        if is_sparse(x):
            raise InputError(
                "Gaussian noise needs a dense matrix, because it leaves no entry at zero; got a sparse one. "
                "Convert it, e.g. with x.toarray(), or thin counts with the binomial channel."
            )
        check_finite(x)

    def _apply(self, x: Matrix, seed: int) -> Matrix:
        dtype = np.float32 if x.dtype in (np.float16, np.float32) else np.float64
        # The level is part of the key, so that one seed does not give one noise picture at every contrast.
        noisy = np.asarray(generator(seed, "gaussian", float(self.level)).standard_normal(x.shape, dtype=dtype))
        noisy *= self.level
        noisy += as_dense(x)
        return noisy

    def _strength(self, noisy: Matrix) -> float:
        return self.level**-2
