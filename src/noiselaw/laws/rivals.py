"""Other forms that bits against depth might have, so that Eq. 2 is tested and not assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.laws.base import SHARES, Law, OpenEnd, Parameter, Working, middle, real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["HillLaw", "HyperbolaLaw", "LogLinearLaw", "PowerLaw"]

#: A share of the middle depth's distance to the plateau below which the plateau is out of sight.
_FLAT = 1e-8
_RISING = OpenEnd("rising", (("I_max", 1), ("u_half", 1)))
_LEVEL = OpenEnd("flat", (("u_half", -1),))


@dataclass(frozen=True)
class LogLinearLaw(Law):
    """A straight line in log2 u: every doubling of depth adds the same bits, for ever."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_1", "bits", -np.inf, np.inf, "bits at u = 1"),
        Parameter("b", "bits per doubling", -np.inf, np.inf, "what each doubling adds"),
    )
    formula: ClassVar[str] = "I(u) = I_1 + b·log2 u"
    source: ClassVar[str] = "a rival form"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u; −inf at u = 0 where b > 0."""
        with np.errstate(divide="ignore"):
            return real(theta[0] + theta[1] * np.log2(real(x[0])))

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the line through the two ends."""
        order = np.argsort(x[0])
        slope = float(bits[order[-1]] - bits[order[0]]) / max(float(np.log2(x[0].max() / x[0].min())), 1e-9)
        return [np.array([float(np.mean(bits)) - slope * float(np.mean(np.log2(x[0]))), slope])]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN where the line does not rise."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(theta[1] > 0, np.exp2((np.asarray(bits) - theta[0]) / theta[1]), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return −inf and inf where the line rises."""
        end = np.where(theta[1] > 0, np.inf, np.where(theta[1] < 0, -np.inf, theta[0]))
        return np.where(theta[1] == 0, theta[0], -end), end

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth and bits per doubling."""
        centre = float(np.log2(middle(x[0])))

        def natural(q: FloatArray) -> FloatArray:
            return np.stack([q[0] - q[1] * centre, q[1]])

        def of(theta: FloatArray) -> FloatArray:
            return np.stack([theta[0] + theta[1] * centre, theta[1]])

        return Working(np.array([-40.0, -10.0]), np.array([40.0, 10.0]), natural, of, {})


@dataclass(frozen=True)
class PowerLaw(Law):
    """A power of depth: every doubling multiplies the bits, for ever."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_1", "bits", 0.0, np.inf, "bits at u = 1"),
        Parameter("s", "", 0.0, np.inf, "exponent"),
    )
    formula: ClassVar[str] = "I(u) = I_1·u^s"
    source: ClassVar[str] = "a rival form"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        return real(theta[0] * real(x[0]) ** theta[1])

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the mean bits at the middle depth, at several exponents."""
        level = max(float(np.mean(bits)), 0.01)
        return [np.array([level * middle(x[0]) ** -s, s]) for s in (0.3, 0.1, 1.0)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN below 0 and where the curve does not rise."""
        wanted = np.asarray(bits, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = wanted / theta[0]
            return np.where((wanted > 0) & (theta[1] > 0), ratio ** (1.0 / theta[1]), np.nan)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 and inf where the curve rises."""
        rises = theta[1] * theta[0] > 0
        return np.where(rises, 0.0, theta[0]), np.where(rises, np.inf, theta[0])

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth and the exponent."""
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            return np.stack([q[0] * centre ** -q[1], q[1]])

        def of(theta: FloatArray) -> FloatArray:
            return np.stack([theta[0] * centre ** theta[1], theta[1]])

        nothing, steepest = OpenEnd("nothing", (("s", 1), ("s", -1))), OpenEnd("loose", (("s", 1),))
        ends = {(0, "lower"): nothing, (1, "upper"): steepest}
        return Working(np.array([0.0, 0.0]), np.array([40.0, 5.0]), natural, of, ends)


@dataclass(frozen=True)
class HyperbolaLaw(Law):
    """Bits, not the signal-to-noise ratio, saturate in depth (Michaelis-Menten)."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "what a noiseless measurement would give"),
        Parameter("u_half", "u", 0.0, np.inf, "the depth that gives half of it"),
    )
    formula: ClassVar[str] = "I(u) = I_max·u/(u + u_half)"
    source: ClassVar[str] = "a rival form"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        return _hill(theta[0], theta[1], np.ones(()), x[0])

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the highest value seen, half reached across and beyond the measured depths."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.02)
        return [natural(np.array([level, t])) for t in (0.5, 0.1, 0.9, 0.01)]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN for bits below 0 or from I_max on."""
        return _hill_inverse(theta[0], theta[1], np.ones(()), bits)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth, I_max with unlimited depth."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth and the share of the plateau reached there."""
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            t = np.maximum(q[1], _FLAT)
            return np.stack([q[0] / t, centre * (1.0 - t) / t])

        def of(theta: FloatArray) -> FloatArray:
            t = centre / (centre + theta[1])
            return np.stack([theta[0] * t, t])

        nothing = OpenEnd("nothing", (("I_max", 1), ("u_half", 1), ("u_half", -1)))
        ends = {(0, "lower"): nothing, (1, "lower"): _RISING, (1, "upper"): _LEVEL}
        return Working(np.zeros(2), np.array([40.0, 1.0]), natural, of, ends, {1: SHARES})


@dataclass(frozen=True)
class HillLaw(Law):
    """A hyperbola in a power of depth."""

    variables: ClassVar[tuple[str, ...]] = ("u",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("I_max", "bits", 0.0, np.inf, "what a noiseless measurement would give"),
        Parameter("u_half", "u", 0.0, np.inf, "the depth that gives half of it"),
        Parameter("h", "", 0.0, np.inf, "steepness"),
    )
    formula: ClassVar[str] = "I(u) = I_max·u^h/(u^h + u_half^h)"
    source: ClassVar[str] = "a rival form"

    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at depth u."""
        return _hill(theta[0], theta[1], theta[2], x[0])

    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Start from the middle value, with several shares of the plateau and steepnesses."""
        natural = self.working(*x).natural
        level = max(float(np.median(bits)), 0.02)
        return [natural(np.array([level, t, h])) for t, h in ((0.5, 1.0), (0.2, 0.5), (0.8, 0.5), (0.5, 2.0))]

    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the depth at which ``bits`` are reached; NaN for bits below 0 or from I_max on."""
        return _hill_inverse(theta[0], theta[1], theta[2], bits)

    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 0 bits without depth, I_max with unlimited depth."""
        return np.zeros_like(theta[0]), theta[0]

    def working(self, *x: FloatArray) -> Working:
        """Search bits at the middle depth, the share of the plateau reached there, and the steepness."""
        centre = middle(x[0])

        def natural(q: FloatArray) -> FloatArray:
            t = np.clip(q[1], _FLAT, 1.0 - 1e-12)
            return np.stack([q[0] / t, centre * ((1.0 - t) / t) ** (1.0 / q[2]), q[2]])

        def of(theta: FloatArray) -> FloatArray:
            reached = centre ** theta[2]
            t = reached / (reached + theta[1] ** theta[2])
            return np.stack([theta[0] * t, t, theta[2]])

        nothing = OpenEnd("nothing", (("I_max", 1), ("u_half", 1), ("u_half", -1), ("h", 1), ("h", -1)))
        level = OpenEnd("flat", (("u_half", -1), ("h", -1), ("h", 1)))
        ends = {
            (0, "lower"): nothing,
            (1, "lower"): _RISING,
            (1, "upper"): level,
            (2, "lower"): OpenEnd("rising", (("I_max", 1), ("u_half", 1), ("h", -1))),
            (2, "upper"): OpenEnd("steep", (("h", 1),)),
        }
        shapes = {1: SHARES, 2: np.geomspace(0.15, 6.0, 20)}
        return Working(np.array([0.0, 0.0, 0.15]), np.array([40.0, 1.0, 6.0]), natural, of, ends, shapes)


def _hill(top: FloatArray, half: FloatArray, steepness: FloatArray, u: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", over="ignore"):
        return real(top / (1.0 + (half / real(u)) ** steepness))


def _hill_inverse(top: FloatArray, half: FloatArray, steepness: FloatArray, bits: FloatArray) -> FloatArray:
    wanted = np.asarray(bits, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = wanted / (top - wanted)
        return np.where((wanted >= 0) & (wanted < top), half * ratio ** (1.0 / steepness), np.nan)
