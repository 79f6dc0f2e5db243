"""Many directions of signal at once: what theory predicts of principal components where the signal has a spectrum.

Spikes of different strength are found one by one: in the limit of many dimensions each has a sample direction of its
own, which keeps of it what a lone spike would keep (Benaych-Georges & Nadakuditi 2011, Adv. Math. 227:494; Paul 2007,
Stat. Sinica 17:1617), and equal spikes span a subspace that keeps as much as several lone ones. So bits add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import SHARES, Law, OpenEnd, Parameter, Working, middle
from noiselaw.laws.gaussian import spike_snr
from noiselaw.laws.noise import _FLAT, bits_from_snr, saturation, snr_from_bits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from noiselaw.records import FloatArray

__all__ = ["SpectrumLaw", "spectrum_bits"]

#: Directions of a power-law spectrum that are counted, by their ranks.
_RANKS = np.arange(1.0, 33.0)
_STEEPEST = 12.0


def spectrum_bits(strengths: ArrayLike, dimensions: ArrayLike, samples: ArrayLike) -> FloatArray:
    """Return the bits that principal components of N samples keep about Gaussian signals in several directions.

    Parameters
    ----------
    strengths
        ℓ_k, each direction's signal variance over that of the isotropic noise, (..., K).
    dimensions, samples
        D and N, (...); a direction with ℓ_k below √(D/N) is not found and adds nothing. At least K components are kept.
    """
    noise = (np.asarray(value, dtype=float)[..., None] for value in (dimensions, samples))
    return np.asarray(bits_from_snr(spike_snr(strengths, *noise)).sum(axis=-1))


def _total(first: FloatArray, slope: FloatArray) -> FloatArray:
    """Return the bits of a power-law spectrum with strongest ratio ``first``, without noise of measurement."""
    return np.asarray(bits_from_snr(first[..., None] * _RANKS ** -slope[..., None]).sum(axis=-1))


def _strongest(total: FloatArray, slope: FloatArray) -> FloatArray:
    """Return the strongest direction's ratio for a spectrum of ``total`` bits, by bisection of its own bits."""
    total, slope = np.broadcast_arrays(np.asarray(total, dtype=float), np.asarray(slope, dtype=float))
    low, high = total / len(_RANKS), total.copy()
    for _ in range(48):
        half = 0.5 * (low + high)
        short = _total(snr_from_bits(half), slope) < total
        low, high = np.where(short, half, low), np.where(short, high, half)
    return snr_from_bits(0.5 * (low + high))


@dataclass(frozen=True)
class SpectrumLaw(Law):
    """What theory gives for a power-law spectrum: 32 spikes in D dimensions of noise, found by PCA from N samples.

    Direction k has strength ℓ_k = S_1·k^−α·u/(u + ū), and its components keep (ℓ_k² − D/N)₊/(ℓ_k + D/N) of it; S_1 is
    such that noiseless measurements of unlimited observations give I_max. With α large this is :class:`SpikeLaw`.
    """

    variables: ClassVar[tuple[str, ...]] = ("u", "N")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "what noiseless measurements of unlimited observations would give"),
        Parameter("u_bar", "u", 0.0, np.inf, "noise sensitivity: the depth at which half of the variance is noise"),
        Parameter("D", "dimensions", 0.0, np.inf, "dimensions of isotropic noise that hide the spikes"),
        Parameter("alpha", "", 0.0, np.inf, "how fast the signal falls from one direction to the next"),
    )
    formula: ClassVar[str] = (
        "I(u, N) = Σ_k ½·log2(1 + max(ℓ_k² − D/N, 0)/(ℓ_k + D/N)), ℓ_k = S_1·k^−alpha·u/(u + u_bar)"
    )
    source: ClassVar[str] = "random-matrix theory of several spikes (Benaych-Georges & Nadakuditi 2011)"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u after training on N observations."""
        capacity, u_bar, dimensions, slope = (np.asarray(part, dtype=float) for part in theta)
        spectrum = _strongest(capacity, slope)[..., None] * _RANKS ** -slope[..., None]
        share = saturation(x[0], u_bar)
        return spectrum_bits(spectrum * share[..., None], dimensions, x[1])

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value with the plateau near and far, few and many dimensions, and two spectra."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.05)
        shares = ((0.5, -1.0), (0.1, -1.0), (0.9, -1.0), (0.5, 0.0), (0.1, -3.0))
        return [natural(np.array([level, t, d, slope])) for t, d in shares for slope in (1.0, 2.0)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return NaN: a number of bits is reached on a line of depths and sizes, not at one."""
        return np.full(np.shape(bits), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth or observations, I_max with unlimited ones."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth, the share of noise left there, log10 of D over the middle size, and α."""
        centre, size = middle(x[0]), middle(x[1])

        def natural(q: FloatArray) -> FloatArray:
            t = np.clip(q[1], _FLAT, 1.0)
            capacity = _total(_strongest(q[0], q[3]) / t, np.asarray(q[3]))
            return np.stack([capacity, centre * (1.0 - t) / t, size * np.power(10.0, q[2]), q[3]])

        def of(theta: FloatArray) -> FloatArray:
            t = centre / (centre + theta[1])
            level = _total(_strongest(theta[0], theta[3]) * t, np.asarray(theta[3]))
            return np.stack([level, t, np.log10(theta[2] / size), theta[3]])

        ends = {
            (0, "lower"): OpenEnd("nothing", (("I_max", 1), ("u_bar", 1), ("u_bar", -1), ("D", 1), ("D", -1))),
            (1, "lower"): OpenEnd("rising", (("I_max", 1), ("u_bar", 1))),
            (1, "upper"): OpenEnd("flat", (("u_bar", -1),)),
            (2, "lower"): OpenEnd("loose", (("D", -1),)),
            (2, "upper"): OpenEnd("loose", (("D", 1),)),
            (3, "upper"): OpenEnd("loose", (("alpha", 1),)),
        }
        low, high = np.array([0.0, 0.0, -5.0, 0.0]), np.array([30.0, 1.0, 5.0, _STEEPEST])
        return Working(low, high, natural, of, ends, {1: SHARES[::3]})
