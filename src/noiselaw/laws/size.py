"""Eq. 1: bits against the number of training observations, a saturating power law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import Law, OpenEnd, Parameter, Working, real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["SizeLaw"]

#: Below this exponent the power law cannot be told from a logarithm on any range that anybody measures.
_SLOWEST, _FASTEST = 0.02, 8.0


@dataclass(frozen=True)
class SizeLaw(Law):
    """Bits learned from N training observations: I_inf − (N/N_0)^(−s)."""

    variables: ClassVar[tuple[str, ...]] = ("N",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_inf", "bits", -np.inf, np.inf, "what unlimited training observations would give at this depth"),
        Parameter("N_0", "observations", 0.0, np.inf, "the training size at which one bit is missing"),
        Parameter("s", "", 0.0, np.inf, "how fast the missing bits fall with size"),
    )
    formula: ClassVar[str] = "I(N) = I_inf − (N/N_0)^(−s)"
    source: ClassVar[str] = "Eq. 1"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits after training on N observations; −inf at N = 0."""
        with np.errstate(divide="ignore", over="ignore"):
            missing = np.exp(theta[2] * (np.log(theta[1]) - np.log(real(x[0]))))
        return real(theta[0] - missing)

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the rise seen between the smallest and the largest size, at several exponents."""
        order = np.argsort(x[0])
        first, last = float(bits[order[0]]), float(bits[order[-1]])
        natural = self.working(*x).natural
        rise = max(last - first, 0.02)
        return [natural(np.array([last, rise, s])) for s in (0.5, 0.15, 1.0, 0.05, 3.0)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the size at which ``bits`` are reached; NaN from I_inf on."""
        missing = theta[0] - np.asarray(bits, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(missing > 0, theta[1] * missing ** (-1.0 / theta[2]), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return −inf without training observations, I_inf with unlimited ones."""
        return np.full_like(theta[0], -np.inf), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the largest size, the rise over the measured sizes, and the exponent."""
        sizes = np.asarray(x[0], dtype=float)
        largest, span = float(sizes.max()), float(np.log(sizes.max() / sizes.min())) or 1.0

        def natural(q: FloatArray) -> FloatArray:
            missing = np.maximum(q[1], 1e-12) / np.expm1(q[2] * span)
            with np.errstate(over="ignore"):
                return np.stack([q[0] + missing, largest * np.exp(np.log(missing) / q[2]), q[2] + 0.0 * q[0]])

        def of(theta: FloatArray) -> FloatArray:
            with np.errstate(divide="ignore"):
                missing = np.exp(theta[2] * (np.log(theta[1]) - np.log(largest)))
            return np.stack([theta[0] - missing, missing * np.expm1(theta[2] * span), theta[2] + 0.0 * theta[0]])

        return Working(
            lower=np.array([-10.0, 0.0, _SLOWEST]),
            upper=np.array([40.0, 40.0, _FASTEST]),
            natural=natural,
            of=of,
            open_ends={
                (1, "lower"): OpenEnd("flat", (("N_0", -1), ("N_0", 1), ("s", 1), ("s", -1))),
                (2, "lower"): OpenEnd("rising", (("I_inf", 1), ("N_0", 1), ("N_0", -1), ("s", -1))),
                (2, "upper"): OpenEnd("steep", (("s", 1),)),
            },
            shapes={2: np.geomspace(_SLOWEST, _FASTEST, 24)},
        )
