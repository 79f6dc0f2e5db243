"""The Gaussian model of Theorem 4.1, sampled, with its information exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import InputError
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GaussianSample", "gaussian", "gaussian_bits"]


@dataclass(frozen=True, eq=False)
class GaussianSample:
    """Draws of the three variables, (n, d) each, and the exact information I(Y; Z) in bits.

    ``y`` is the signal, ``x = y + u`` the true state, ``z = alpha·x + standard normal`` its noisy measurement.
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    z: NDArray[np.float64]
    bits: float


def gaussian_bits(signal: ArrayLike, noise: ArrayLike, alpha: float) -> float:
    """Return I(Y; Z) in bits of the model of Theorem 4.1 (Eq. 3).

    Parameters
    ----------
    signal, noise
        Covariances Σ_Y and Σ_U, (d, d); numbers are one-dimensional.
    alpha
        Signal-to-noise ratio of the measurement, ≥ 0; ``inf`` gives I(X; Y).

    Raises
    ------
    InputError
        If these are no covariances of one size, or alpha is negative.
    """
    signal, noise = _covariances(signal, noise)
    _check_alpha(alpha)
    # Both sides of Eq. 3 times α², which holds at α = 0 too.
    scale, unit = (1.0, 0.0) if np.isinf(alpha) else (alpha**2, 1.0)
    identity = unit * np.eye(len(signal))
    above = np.linalg.slogdet(scale * (signal + noise) + identity)[1]
    below = np.linalg.slogdet(scale * noise + identity)[1]
    return float((above - below) / (2 * np.log(2)))


def gaussian(n: int, signal: ArrayLike, noise: ArrayLike = 1.0, alpha: float = 1.0, seed: int = 0) -> GaussianSample:
    """Draw ``n`` times from the model of Theorem 4.1: Y ~ N(1, Σ_Y), X = Y + N(0, Σ_U), Z = αX + N(0, I).

    Parameters
    ----------
    n
        Number of draws.
    signal, noise
        Covariances Σ_Y and Σ_U, (d, d); numbers are one-dimensional.
    alpha
        Signal-to-noise ratio of the measurement; u of the noise law is α², ū is 1/Σ_U in one dimension.
    seed
        Same seed, same numbers; the same Y and X at every alpha.
    """
    signal, noise = _covariances(signal, noise)
    _check_alpha(alpha)
    if np.isinf(alpha):
        raise InputError("alpha must be finite to draw Z; got inf. Take x for a measurement without noise.")
    rng = generator(seed, "gaussian")
    d = len(signal)
    y = 1.0 + rng.standard_normal((n, d)) @ _root(signal)
    x = y + rng.standard_normal((n, d)) @ _root(noise)
    z = alpha * x + rng.standard_normal((n, d))
    return GaussianSample(y, x, z, gaussian_bits(signal, noise, alpha))


def _covariances(*given: ArrayLike) -> list[NDArray[np.float64]]:
    matrices = [np.atleast_2d(np.asarray(value, dtype=float)) for value in given]
    if any(matrix.ndim != 2 or matrix.shape != (len(matrices[0]),) * 2 for matrix in matrices):
        shapes = " and ".join(str(matrix.shape) for matrix in matrices)
        raise InputError(f"Covariances must be square and of one size; got {shapes}. Pass (d, d), or two numbers.")
    for matrix in matrices:
        if not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min() < -1e-9 * max(np.trace(matrix), 1.0):
            raise InputError("A covariance must be symmetric without negative eigenvalues; this one is not. Check it.")
    return matrices


def _check_alpha(alpha: float) -> None:
    if not alpha >= 0:
        raise InputError(f"alpha must be at least 0; got {alpha}. Pass the signal-to-noise ratio of the measurement.")


def _root(covariance: NDArray[Any]) -> NDArray[np.float64]:
    """Return a symmetric square root; unlike Cholesky's it exists for singular covariances."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root
