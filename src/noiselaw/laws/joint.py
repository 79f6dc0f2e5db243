"""Bits over depth and training size together. The paper calls this law open, and so it is; these are candidates.

Throughout, x = u/(u + ū) is what depth gives, S = 4^I_max − 1 the signal-to-noise ratio without noise, and
g = (N_0/N)^s what too few training observations cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import SHARES, Law, OpenEnd, Parameter, Working, middle, real
from noiselaw.laws.gaussian import spike_snr
from noiselaw.laws.noise import _FLAT, _LN4, bits_from_snr, saturation, snr_from_bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["BilinearLaw", "CapacityLaw", "EstimationLaw", "JointLaw", "JointTwoSidedLaw", "SpikeLaw"]

_COMMON = (
    Parameter("I_max", "bits", 0.0, np.inf, "what noiseless measurements of unlimited observations would give"),
    Parameter("u_bar", "u", 0.0, np.inf, "noise sensitivity: the depth at which half of the variance is noise"),
    Parameter("N_0", "observations", 0.0, np.inf, "the training size at which estimation costs as much as noise"),
    Parameter("s", "", 0.0, np.inf, "how fast that cost falls with size"),
)
_P = Parameter("p", "", 0.0, np.inf, "how much more a shallow measurement asks of size")
_A = Parameter("a", "", 0.0, np.inf, "how fast the signal-to-noise ratio rises with depth")
_SLOWEST, _FASTEST = 0.05, 4.0
_ENDS = {
    (0, "lower"): OpenEnd(
        "nothing", (("I_max", 1), ("u_bar", 1), ("u_bar", -1), ("N_0", 1), ("N_0", -1), ("s", 1), ("s", -1))
    ),
    (1, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1))),
    (1, "upper"): OpenEnd("flat", (("u_bar", -1),)),
    (2, "lower"): OpenEnd("loose", (("N_0", -1), ("s", 1), ("s", -1))),
    (2, "upper"): OpenEnd("rising", (("I_max", 1), ("N_0", 1))),
    (3, "lower"): OpenEnd("rising", (("I_max", 1), ("N_0", 1), ("s", -1))),
    (3, "upper"): OpenEnd("steep", (("s", 1),)),
    (4, "upper"): OpenEnd("loose", (("p", 1),)),
    (5, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1), ("a", -1))),
    (5, "upper"): OpenEnd("steep", (("a", 1),)),
}


class _Grid(Law):
    """What candidates for a joint law share: two variables, no inverse, and coordinates to search."""

    variables: ClassVar[tuple[str, ...]] = ("u", "N")
    #: Bounds of the parameters after s, which are searched as they are.
    more: ClassVar[tuple[tuple[float, float], ...]] = ()

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return NaN: a number of bits is reached on a line of depths and sizes, not at one."""
        return np.full(np.shape(bits), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth or observations, I_max with unlimited ones."""
        return np.zeros_like(theta[0]), theta[0]

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value, with plateaus near and far in depth and in size."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.05)
        sizes = ((-1.0, 0.5), (0.0, 0.3), (-3.0, 1.0))
        ones = [1.0] * len(self.more)
        return [natural(np.array([level, t, g, s, *ones])) for t in (0.5, 0.1, 0.9) for g, s in sizes]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth, the share of noise left there, log10 of g at the largest size, and s."""
        centre, largest = middle(x[0]), float(np.max(x[1]))

        def natural(q: FloatArray) -> FloatArray:
            t = np.clip(q[1], _FLAT, 1.0 - 1e-12)
            return np.stack(
                [
                    bits_from_snr(snr_from_bits(q[0]) / t),
                    centre * (1.0 - t) / t,
                    largest * np.power(10.0, q[2] / q[3]),
                    *q[3:],
                ]
            )

        def of(theta: FloatArray) -> FloatArray:
            t = centre / (centre + theta[1])
            cost = theta[3] * np.log10(theta[2] / largest)
            return np.stack([bits_from_snr(snr_from_bits(theta[0]) * t), t, cost, *theta[3:]])

        low, high = zip((0.0, 30.0), (0.0, 1.0), (-4.0, 3.0), (_SLOWEST, _FASTEST), *self.more, strict=True)
        ends = {key: end for key, end in _ENDS.items() if key[0] < len(low)}
        return Working(np.array(low), np.array(high), natural, of, ends, {1: SHARES[::2]})


def _cost(theta: FloatArray, size: FloatArray) -> FloatArray:
    """Return g = (N_0/N)^s without overflow."""
    with np.errstate(divide="ignore"):
        return real(np.exp(np.clip(theta[3] * (np.log(theta[2]) - np.log(size)), -80.0, 80.0)))


@dataclass(frozen=True)
class CapacityLaw(_Grid):
    """Eq. 1 inside Eq. 2: too few observations lower the capacity."""

    parameters: ClassVar[tuple[Parameter, ...]] = _COMMON
    formula: ClassVar[str] = "I(u, N) = ½·log2(1 + (4^(I_max − g) − 1)·u/(u + u_bar)), g = (N_0/N)^s"
    source: ClassVar[str] = "Eq. 1 inside Eq. 2"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        capacity = np.maximum(theta[0] - _cost(theta, x[1]), -20.0)
        return bits_from_snr(snr_from_bits(capacity) * saturation(x[0], theta[1]))


@dataclass(frozen=True)
class EstimationLaw(_Grid):
    """Estimation adds noise of its own, the more so the weaker the signal: form E, the smooth limit of one spike."""

    more: ClassVar[tuple[tuple[float, float], ...]] = ((0.0, 4.0),)
    parameters: ClassVar[tuple[Parameter, ...]] = (*_COMMON, _P)
    formula: ClassVar[str] = "I(u, N) = ½·log2(1 + S·x/(1 + g·x^−p)), x = u/(u + u_bar)"
    source: ClassVar[str] = "smooth limit of a spike estimated from N samples"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        share = saturation(x[0], theta[1])
        return bits_from_snr(
            snr_from_bits(theta[0]) * share / (1.0 + _cost(theta, x[1]) * np.maximum(share, 1e-12) ** -theta[4])
        )


@dataclass(frozen=True)
class JointLaw(_Grid):
    """Form L: estimation noise as in form E, and a saturation with an exponent. The best description so far."""

    more: ClassVar[tuple[tuple[float, float], ...]] = ((0.0, 4.0), (0.3, 4.0))
    parameters: ClassVar[tuple[Parameter, ...]] = (*_COMMON, _P, _A)
    formula: ClassVar[str] = "I(u, N) = ½·log2(1 + S·x/(1 + g·x^−p)), x = u^a/(u^a + u_bar^a)"
    source: ClassVar[str] = "form E with an exponent in depth; descriptive"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        with np.errstate(divide="ignore", over="ignore"):
            share = 1.0 / (1.0 + (theta[1] / real(x[0])) ** theta[5])
        return bits_from_snr(
            snr_from_bits(theta[0]) * share / (1.0 + _cost(theta, x[1]) * np.maximum(share, 1e-12) ** -theta[4])
        )


@dataclass(frozen=True)
class JointTwoSidedLaw(_Grid):
    """A correlation that noise and estimation lower together, on both sides, as with partner signals."""

    more: ClassVar[tuple[tuple[float, float], ...]] = ((0.0, 4.0),)
    parameters: ClassVar[tuple[Parameter, ...]] = (*_COMMON, _P)
    formula: ClassVar[str] = "I(u, N) = −½·log2(1 − (1 − 4^−I_max)·r²), 1/r = 1 + u_bar/u + g·(u_bar/u)^p"
    source: ClassVar[str] = "Gaussian channel with the same noise on both sides"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        with np.errstate(over="ignore", divide="ignore"):
            noise = theta[1] / real(x[0])
            kept = 1.0 / (1.0 + noise + _cost(theta, x[1]) * noise ** theta[4])
        squared = -np.expm1(-_LN4 * theta[0]) * kept**2
        return real(-np.log1p(-np.minimum(squared, 1.0 - 1e-15)) / _LN4)


@dataclass(frozen=True)
class SpikeLaw(Law):
    """What theory gives: the first principal component of N samples of one spike in D dimensions of noise.

    With ℓ = S·x the spike's strength, the embedding's signal-to-noise ratio is (ℓ² − D/N)₊/(ℓ + D/N); below
    ℓ = √(D/N) nothing is found at all.
    """

    variables: ClassVar[tuple[str, ...]] = ("u", "N")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *_COMMON[:2],
        Parameter("D", "dimensions", 0.0, np.inf, "dimensions of isotropic noise that hide the spike"),
    )
    formula: ClassVar[str] = "I(u, N) = ½·log2(1 + max(ℓ² − D/N, 0)/(ℓ + D/N)), ℓ = (4^I_max − 1)·u/(u + u_bar)"
    source: ClassVar[str] = "random-matrix theory of one spike (Baik, Ben Arous & Péché 2005; Paul 2007)"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        spike = snr_from_bits(theta[0]) * saturation(x[0], theta[1])
        return bits_from_snr(spike_snr(spike, theta[2], x[1]))

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value with the plateau near and far, and with few and many dimensions."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.05)
        return [natural(np.array([level, t, d])) for t in (0.5, 0.1, 0.9) for d in (-1.0, 0.0, -3.0)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return NaN: a number of bits is reached on a line of depths and sizes, not at one."""
        return np.full(np.shape(bits), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth or observations, I_max with unlimited ones."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search as for Eq. 2, and log10 of D over the middle size."""
        centre, size = middle(x[0]), middle(x[1])

        def natural(q: FloatArray) -> FloatArray:
            t = np.clip(q[1], _FLAT, 1.0)
            return np.stack(
                [bits_from_snr(snr_from_bits(q[0]) / t), centre * (1.0 - t) / t, size * np.power(10.0, q[2])]
            )

        def of(theta: FloatArray) -> FloatArray:
            t = centre / (centre + theta[1])
            return np.stack([bits_from_snr(snr_from_bits(theta[0]) * t), t, np.log10(theta[2] / size)])

        ends = {
            (0, "lower"): OpenEnd("nothing", (("I_max", 1), ("u_bar", 1), ("u_bar", -1), ("D", 1), ("D", -1))),
            (1, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1))),
            (1, "upper"): OpenEnd("flat", (("u_bar", -1),)),
            (2, "lower"): OpenEnd("loose", (("D", -1),)),
            (2, "upper"): OpenEnd("loose", (("D", 1),)),
        }
        low, high = np.array([0.0, 0.0, -5.0]), np.array([30.0, 1.0, 5.0])
        return Working(low, high, natural, of, ends, {1: SHARES[::2]})


@dataclass(frozen=True)
class BilinearLaw(Law):
    """A plane in log depth and log size with a twist: a reference without theory and without a plateau."""

    variables: ClassVar[tuple[str, ...]] = ("u", "N")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("c", "bits", -np.inf, np.inf, "bits at u = 1, N = 1"),
        Parameter("c_u", "bits per decade", -np.inf, np.inf, "what ten times the depth adds at N = 1"),
        Parameter("c_N", "bits per decade", -np.inf, np.inf, "what ten times the size adds at u = 1"),
        Parameter("c_uN", "bits per decade²", -np.inf, np.inf, "how each helps the other"),
    )
    formula: ClassVar[str] = "I(u, N) = c + c_u·log10 u + c_N·log10 N + c_uN·log10 u·log10 N"
    source: ClassVar[str] = "a reference without theory"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        depth, size = np.log10(np.maximum(x[0], 1e-300)), np.log10(x[1])
        return real(theta[0] + theta[1] * depth + theta[2] * size + theta[3] * depth * size)

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the least-squares solution."""
        depth, size = np.log10(np.maximum(x[0], 1e-300)), np.log10(x[1])
        plane = np.stack([np.ones_like(depth), depth, size, depth * size], axis=1)
        return [np.linalg.lstsq(plane, bits, rcond=None)[0]]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return NaN: a number of bits is reached on a line of depths and sizes, not at one."""
        return np.full(np.shape(bits), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return −inf and inf."""
        return np.full_like(theta[0], -np.inf), np.full_like(theta[0], np.inf)

    def working(self, *x: FloatArray) -> Working:
        """Search the coefficients themselves."""
        return Working(np.full(4, -99.0), np.full(4, 99.0), np.asarray, np.asarray, {})
