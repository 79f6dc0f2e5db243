"""Two relatives of Eq. 2: noise on both sides of the channel, and a saturation that is steeper or slower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import SHARES, Law, OpenEnd, Parameter, Working, middle, real
from noiselaw.laws.noise import _FLAT, _LN4, bits_from_snr, saturation, snr_from_bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["StretchedLaw", "TwoSidedLaw"]


@dataclass(frozen=True)
class TwoSidedLaw(Law):
    """Bits when the signal is itself seen through the noise, as with partner signals (``target = "embedding"``).

    Each side keeps the share x = u/(u + k) of its variance, so that their correlation ρ falls to ρ·x. I_max stands for
    the noiseless correlation: ρ² = 1 − 4^−I_max.
    """

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "what noiseless measurements of both partners would give"),
        Parameter("k", "u", 0.0, np.inf, "the depth at which half of each side's variance is noise"),
    )
    formula: ClassVar[str] = "I(u) = −½·log2(1 − (1 − 4^−I_max)·(u/(u + k))²)"
    source: ClassVar[str] = "Gaussian channel with the same noise on both sides"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        correlation = -np.expm1(-_LN4 * theta[0])
        # 1 − ρ²x² without cancelling digits: (1 − x²) + x²·4^−I_max.
        share = saturation(x[0], theta[1])
        lost = saturation(theta[1], x[0])
        kept = lost * (1.0 + share) + share**2 * np.exp(-_LN4 * theta[0])
        return real(np.where(kept > 0.5, -np.log1p(-correlation * share**2), -np.log(kept)) / _LN4)

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value, with the plateau near and far."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.02)
        return [natural(np.array([level, r])) for r in (0.5, 0.1, 0.9, 0.01)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN for bits below 0 or from I_max on."""
        wanted = np.asarray(bits, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.sqrt(np.expm1(-_LN4 * wanted) / np.expm1(-_LN4 * theta[0]))
            return np.where((wanted >= 0) & (wanted < theta[0]), theta[1] * share / (1.0 - share), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth, I_max with unlimited depth."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth, and how far its share of variance lies above the least that gives them."""
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            least = np.sqrt(-np.expm1(-_LN4 * q[0]))
            share = np.clip(least + (1.0 - least) * np.maximum(q[1], _FLAT), 1e-9, 1.0)
            correlation = np.minimum((least / share) ** 2, 1.0 - 1e-15)
            return np.stack([-np.log1p(-correlation) / _LN4, centre * (1.0 - share) / share])

        def of(theta: FloatArray) -> FloatArray:
            share = centre / (centre + theta[1])
            least = np.sqrt(-np.expm1(-_LN4 * theta[0])) * share
            return np.stack([-np.log1p(-(least**2)) / _LN4, (share - least) / np.maximum(1.0 - least, 1e-300)])

        ends = {
            (0, "lower"): OpenEnd("nothing", (("I_max", 1), ("k", 1), ("k", -1))),
            (1, "lower"): OpenEnd("rising", (("I_max", 1),)),
            (1, "upper"): OpenEnd("flat", (("k", -1),)),
        }
        return Working(np.zeros(2), np.array([12.0, 1.0]), natural, of, ends, {1: SHARES})


@dataclass(frozen=True)
class StretchedLaw(Law):
    """Eq. 2 with x = u^a/(u^a + ū^a): a > 1 where many weak directions appear at about the same depth."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "model capacity: what a noiseless measurement would give"),
        Parameter("u_bar", "u", 0.0, np.inf, "noise sensitivity: the depth at which half a bit is lost (I_max ≫ 1)"),
        Parameter("a", "", 0.0, np.inf, "how fast the signal-to-noise ratio rises with depth; 1 in Eq. 2"),
    )
    formula: ClassVar[str] = "I(u) = ½·log2(1 + (4^I_max − 1)·u^a/(u^a + u_bar^a))"
    source: ClassVar[str] = "Eq. 2 with an exponent"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        with np.errstate(divide="ignore", over="ignore"):
            share = 1.0 / (1.0 + (theta[1] / real(x[0])) ** theta[2])
        return bits_from_snr(snr_from_bits(theta[0]) * share)

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value, with several depths of saturation and exponents."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.02)
        return [natural(np.array([level, t, a])) for t, a in ((0.5, 1.0), (0.1, 0.7), (0.9, 0.7), (0.3, 1.5))]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN for bits below 0 or from I_max on."""
        top, wanted = snr_from_bits(theta[0]), snr_from_bits(bits)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            depth = theta[1] * (wanted / (top - wanted)) ** (1.0 / theta[2])
            return np.where((wanted >= 0) & (wanted < top), depth, np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth, I_max with unlimited depth."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search as for Eq. 2, and the exponent."""
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            t = np.clip(q[1], _FLAT, 1.0 - 1e-12)
            return np.stack([bits_from_snr(snr_from_bits(q[0]) / t), centre * ((1.0 - t) / t) ** (1.0 / q[2]), q[2]])

        def of(theta: FloatArray) -> FloatArray:
            t = 1.0 / (1.0 + (theta[1] / centre) ** theta[2])
            return np.stack([bits_from_snr(snr_from_bits(theta[0]) * t), t, theta[2]])

        ends = {
            (0, "lower"): OpenEnd("nothing", (("I_max", 1), ("u_bar", 1), ("u_bar", -1), ("a", 1), ("a", -1))),
            (1, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1))),
            (1, "upper"): OpenEnd("flat", (("u_bar", -1), ("a", -1), ("a", 1))),
            (2, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1), ("a", -1))),
            (2, "upper"): OpenEnd("steep", (("a", 1),)),
        }
        shapes = {1: SHARES, 2: np.geomspace(0.2, 6.0, 20)}
        return Working(np.array([0.0, 0.0, 0.2]), np.array([30.0, 1.0, 6.0]), natural, of, ends, shapes)
