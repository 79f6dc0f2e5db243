"""The exact Gaussian channel that Eq. 2 comes from, its collapse onto one curve, and one spike seen through samples.

Y ~ N(·, Σ_Y), X = Y + U with U ~ N(0, Σ_U), Z = αX + N(0, I): a measurement with signal-to-noise ratio α. All in bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError
from noiselaw.laws.base import real
from noiselaw.laws.noise import _LN4, bits_from_snr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from noiselaw.records import FloatArray

__all__ = [
    "asymptotic_collapse",
    "asymptotic_noise_law",
    "bits_lost",
    "collapse",
    "collapse_coordinate",
    "gaussian_channel",
    "noise_parameters",
    "spike_snr",
]


def gaussian_channel(signal: ArrayLike, nuisance: ArrayLike, alpha: ArrayLike) -> FloatArray:
    """Return I(Y; Z) of the three-variable Gaussian model (Eq. 3 and 9; Eq. 4 and 10 for one dimension).

    Parameters
    ----------
    signal, nuisance
        Covariances Σ_Y and Σ_U, (n, n), or variances where n = 1.
    alpha
        Signal-to-noise ratios of the measurement, any shape.

    Raises
    ------
    InputError
        If the covariances have different shapes, are not symmetric, or are not those of any distribution.
    """
    sigma_y, sigma_u = _covariance(signal, "signal"), _covariance(nuisance, "nuisance")
    if sigma_y.shape != sigma_u.shape:
        raise InputError(f"signal and nuisance must have one shape; got {sigma_y.shape} and {sigma_u.shape}.")
    squared = np.square(np.asarray(alpha, dtype=float))[..., None, None]
    # Both determinants times α^2n: nothing is divided by an α of 0.
    identity = np.eye(len(sigma_y))
    below = np.linalg.slogdet(identity + squared * sigma_u)[1]
    return np.asarray((np.linalg.slogdet(identity + squared * (sigma_y + sigma_u))[1] - below) / _LN4)


def noise_parameters(signal: float, nuisance: float, kappa: float = 1.0) -> tuple[float, float]:
    """Return I_max (bits) and ū of the channel with variances ``signal`` and ``nuisance`` where α² = κ·u.

    I_max = ½·log2((σ_Y² + σ_U²)/σ_U²); the paper's Section 4.1 prints it without ½·log2.
    """
    if signal < 0 or nuisance <= 0 or kappa <= 0:
        raise InputError(
            f"signal must be at least 0, nuisance and kappa above 0; got {signal}, {nuisance}, {kappa}. "
            "Without nuisance variance there is no plateau."
        )
    return float(bits_from_snr(signal / nuisance)), 1.0 / (kappa * nuisance)


def bits_lost(u_hat: ArrayLike, i_max: ArrayLike) -> FloatArray:
    """Return what noise costs at û = u/ū: I_max − I(û) = ½·log2[(1 + û)/(û + 4^−I_max)] (Eq. 7)."""
    u_hat = np.asarray(u_hat, dtype=float)
    return np.asarray((np.log1p(u_hat) - np.log(u_hat + np.exp(-_LN4 * np.asarray(i_max)))) / _LN4)


def asymptotic_noise_law(u_hat: ArrayLike, i_max: ArrayLike) -> FloatArray:
    """Return I_max − ½·log2[(1 + û)/û] (Eq. 5), which Eq. 2 approaches where û ≫ 4^−I_max."""
    return np.asarray(np.asarray(i_max, dtype=float) - asymptotic_collapse(u_hat))


def asymptotic_collapse(u_hat: ArrayLike) -> FloatArray:
    """Return I_max − I(û) ≈ ½·log2[(1 + û)/û] (Eq. 6), one curve for all where û ≫ 4^−I_max."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(1.0 / np.asarray(u_hat, dtype=float)) / _LN4)


def collapse_coordinate(u_hat: ArrayLike, i_max: ArrayLike) -> FloatArray:
    """Return z = (û + 4^−I_max)/(1 − 4^−I_max), on which every curve of Eq. 2 is the same, everywhere."""
    rest = np.exp(-_LN4 * np.asarray(i_max, dtype=float))
    with np.errstate(divide="ignore"):
        return np.asarray((np.asarray(u_hat, dtype=float) + rest) / -np.expm1(-_LN4 * np.asarray(i_max, dtype=float)))


def collapse(z: ArrayLike) -> FloatArray:
    """Return I_max − I = ½·log2(1 + 1/z): the exact collapse, without Eq. 6's asymptotics."""
    return asymptotic_collapse(z)


def spike_snr(strength: ArrayLike, dimensions: ArrayLike, samples: ArrayLike) -> FloatArray:
    """Return the signal-to-noise ratio kept by the first principal component of one spike in isotropic noise.

    Parameters
    ----------
    strength
        ℓ, the spike's variance over the noise's.
    dimensions, samples
        D and N; below ℓ = √(D/N) the component is not found and nothing is kept.
    """
    spike, noise = real(strength), real(dimensions) / real(samples)
    total = spike + noise
    with np.errstate(invalid="ignore"):
        return real(np.where(total > 0, np.maximum(spike**2 - noise, 0.0) / total, 0.0))


def _covariance(value: ArrayLike, name: str) -> FloatArray:
    matrix = np.atleast_2d(np.asarray(value, dtype=float))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name} must be a square covariance; got shape {matrix.shape}.")
    scale = max(float(np.abs(matrix).max()), 1e-300)
    if not np.allclose(matrix, matrix.T, atol=1e-9 * scale):
        raise InputError(f"{name} must be symmetric. Pass a covariance, such as numpy.cov gives.")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -1e-9 * scale:
        raise InputError(f"{name} must have no negative variances; its least is {least:.3g}.")
    return matrix
