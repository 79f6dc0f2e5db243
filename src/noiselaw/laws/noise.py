"""Eq. 2: bits against depth, a Gaussian channel whose signal-to-noise ratio saturates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import SHARES, Law, OpenEnd, Parameter, Working, middle, real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["NoiseLaw", "bits_from_snr", "saturation", "snr_from_bits"]

_LN4 = float(np.log(4.0))
#: A share of noise at the middle depth below which Eq. 2 is a straight line of the signal-to-noise ratio for any data.
_FLAT = 1e-8


def snr_from_bits(bits: FloatArray | float) -> FloatArray:
    """Return the signal-to-noise ratio 4^bits − 1 of a Gaussian channel that carries ``bits``."""
    return real(np.expm1(_LN4 * real(bits)))


def bits_from_snr(snr: FloatArray | float) -> FloatArray:
    """Return ½·log2(1 + snr), in bits."""
    return real(np.log1p(real(snr)) / _LN4)


def saturation(u: FloatArray, u_bar: FloatArray) -> FloatArray:
    """Return x = u / (u + ū), from 0 without depth to 1 with unlimited depth; 1 where ū is 0 and u is not."""
    total = real(u) + u_bar
    with np.errstate(invalid="ignore"):
        return np.where(total > 0, u / total, 0.0)


@dataclass(frozen=True)
class NoiseLaw(Law):
    """Bits kept at depth u.

    Eq. 2, I_max − ½·log2[(1 + u/ū) / (u/ū + 4^−I_max)], is the same as ½·log2(1 + S·x) with S = 4^I_max − 1 and
    x = u / (u + ū); this form loses no digits at either end.
    """

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "model capacity: what a noiseless measurement would give"),
        Parameter("u_bar", "u", 0.0, np.inf, "noise sensitivity: the depth at which half a bit is lost (I_max ≫ 1)"),
    )
    formula: ClassVar[str] = "I(u) = ½·log2(1 + (4^I_max − 1)·u/(u + u_bar))"
    source: ClassVar[str] = "Eq. 2"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        return bits_from_snr(snr_from_bits(theta[0]) * saturation(x[0], theta[1]))

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the highest value seen, with ū across and beyond the measured depths."""
        best = max(float(np.max(bits)), 0.05)
        low, high = float(np.min(x[0][x[0] > 0])), float(np.max(x[0]))
        centre = middle(x[0])
        depths = np.array([centre, high, low, 100.0 * high, 0.01 * low])
        level = snr_from_bits(min(best, 30.0)) / saturation(np.array([high]), depths)
        return [np.array([bits_from_snr(s), d]) for s, d in zip(level, depths, strict=True)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached (Eq. 8); NaN for bits below 0 or from I_max on."""
        top, wanted = snr_from_bits(theta[0]), snr_from_bits(bits)
        reached = (wanted >= 0) & (wanted < top)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(reached, theta[1] * wanted / (top - wanted), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth, I_max with unlimited depth."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth, and t, the share of that depth's noise that more depth cannot remove.

        The law is then a straight line of the signal-to-noise ratio at t = 0 and a plateau at t = 1.
        """
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            t = np.maximum(q[1], _FLAT)
            return np.stack([bits_from_snr(snr_from_bits(q[0]) / t), centre * (1.0 - t) / t])

        def of(theta: FloatArray) -> FloatArray:
            t = centre / (centre + theta[1])
            return np.stack([bits_from_snr(snr_from_bits(theta[0]) * t), t])

        return Working(
            lower=np.array([0.0, 0.0]),
            upper=np.array([30.0, 1.0]),
            natural=natural,
            of=of,
            open_ends={
                (0, "lower"): OpenEnd("nothing", (("I_max", 1), ("u_bar", 1), ("u_bar", -1))),
                (1, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1))),
                (1, "upper"): OpenEnd("flat", (("u_bar", -1),)),
            },
            shapes={1: SHARES},
        )
