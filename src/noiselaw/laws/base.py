"""The contract of a law: a formula for bits with named parameters, units and bounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import FloatArray

__all__ = ["Law", "Parameter"]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a law: its name in tables, unit, bounds, and what it means to a reader."""

    name: str
    unit: str
    lower: float
    upper: float
    meaning: str


class Law(ABC):
    """A formula bits = f(x). Strategies are frozen dataclasses without state of their own."""

    #: Variables in the order ``__call__`` takes them: ``("u",)``, ``("N",)`` or ``("u", "N")``.
    variables: ClassVar[tuple[str, ...]]
    parameters: ClassVar[tuple[Parameter, ...]]
    #: The formula as text, and where it comes from.
    formula: ClassVar[str]
    source: ClassVar[str]

    @abstractmethod
    def __call__(self, theta: FloatArray, *x: FloatArray) -> FloatArray:
        """Return bits at ``x`` for parameters ``theta`` (n parameters,), in the order of ``parameters``."""

    @abstractmethod
    def starts(self, bits: FloatArray, *x: FloatArray) -> Sequence[FloatArray]:
        """Return points from which to search for the best parameters, the likeliest first."""

    @abstractmethod
    def inverse(self, theta: FloatArray, bits: FloatArray) -> FloatArray:
        """Return the x at which the law reaches ``bits``; NaN where it never does."""
