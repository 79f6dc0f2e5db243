"""The contract of a law: a formula for bits with named parameters, units and bounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np

from noiselaw.laws.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noiselaw.records import FloatArray

__all__ = ["SHARES", "Law", "OpenEnd", "Parameter", "Working", "middle", "real"]

#: Values of a coordinate between 0 and 1, dense near both.
SHARES = np.array([0, 1e-4, 1e-3, 0.004, 0.012, 0.03, 0.06, 0.1, 0.16, 0.24, 0.34, 0.45])
SHARES = np.concatenate([SHARES, [0.5], 1.0 - SHARES[::-1]])


@dataclass(frozen=True)
class Parameter:
    """A parameter of a law: its name in tables, unit, bounds, and what it means to a reader."""

    name: str
    unit: str
    lower: float
    upper: float
    meaning: str


@dataclass(frozen=True)
class OpenEnd:
    """What it means that the data allow a working coordinate's bound.

    Parameters
    ----------
    kind
        The curve is then still ``rising`` at its end, ``flat`` already, ``steep`` between two levels, or ``nothing``;
        ``loose`` where the bound is only the search's, and the data leave a parameter open that bends the curve little.
    unbounded
        The parameters that the data then do not bound: name, and +1 above or -1 below.
    """

    kind: Literal["rising", "flat", "steep", "nothing", "loose"]
    unbounded: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Working:
    """Coordinates in which a law is searched: bounded, and nearly linear in the bits that they move.

    Parameters
    ----------
    lower, upper
        Bounds of each coordinate, (n parameters,).
    natural
        From working coordinates (n parameters, ...) to the law's parameters, of the same shape.
    of
        The way back.
    open_ends
        By coordinate and ``"lower"`` or ``"upper"``, what it means that the data allow this bound.
    shapes
        Coordinates that bend the curve, with values (from bound to bound) at which the others are worth searching anew.
    """

    lower: FloatArray
    upper: FloatArray
    natural: Callable[[FloatArray], FloatArray]
    of: Callable[[FloatArray], FloatArray]
    open_ends: Mapping[tuple[int, str], OpenEnd]
    shapes: Mapping[int, FloatArray] = field(default_factory=dict)


class Law(ABC):
    """A formula bits = f(x). Strategies are frozen dataclasses without state of their own.

    ``theta`` holds the parameters along its first axis; what follows broadcasts against ``x``, so that one call
    evaluates many parameter sets: ``theta`` (n parameters, m, 1) with ``x`` (n,) gives (m, n).
    """

    #: Variables in the order ``__call__`` takes them: ``("u",)``, ``("N",)`` or ``("u", "N")``.
    variables: ClassVar[tuple[str, ...]]
    parameters: ClassVar[tuple[Parameter, ...]]
    #: The formula as text, and where it comes from.
    formula: ClassVar[str]
    source: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parameters' names, in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @abstractmethod
    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at ``x`` for parameters ``theta`` (n parameters, ...), in the order of ``parameters``."""

    @abstractmethod
    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Return points from which to search for the best parameters, the likeliest first."""

    @abstractmethod
    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the x at which the law reaches ``bits``; NaN where it never does."""

    @abstractmethod
    def limits(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the bits at x → 0 and at x → ∞ (for a joint law, of both variables); ±inf where it diverges."""

    @abstractmethod
    def working(self, *x: FloatArray) -> Working:
        """Return the coordinates in which to search, given where the measurements lie."""


def middle(x: FloatArray) -> float:
    """Return the geometric middle of the range of the positive ``x``: where a curve is known best."""
    positive = x[(x > 0) & np.isfinite(x)]
    return float(np.sqrt(positive.min() * positive.max())) if positive.size else 1.0


def real(values: Any) -> FloatArray:
    """Return ``values`` as an array of floats; recorded numbers as they are, so that a formula can be written out."""
    return cast("FloatArray", values) if isinstance(values, Recorded) else np.asarray(values, dtype=float)
