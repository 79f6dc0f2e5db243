"""What reproducing cost: processor seconds, measured, and an estimate of their CO₂ made as the paper makes one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PAPER_KG", "Footprint", "measured"]

T = TypeVar("T")

#: The paper's estimate for all its experiments and pilots.
PAPER_KG = 18.66


@dataclass(frozen=True)
class Footprint:
    """Assumptions that turn processor time into CO₂, as Lacoste et al. 2019 do: energy times carbon intensity.

    Parameters
    ----------
    watts
        Drawn by one busy core, its share of memory and power supply included.
    grams_per_kwh
        Of CO₂ equivalent; 432 is what their calculator assumes where nothing is known of the grid.
    """

    watts: float = 15.0
    grams_per_kwh: float = 432.0

    def __post_init__(self) -> None:
        """Refuse what no machine or grid has."""
        for name in ("watts", "grams_per_kwh"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name} must be at least 0; got {getattr(self, name)}. Pass 15 watts, 432 g/kWh.")

    def kwh(self, seconds: float) -> float:
        """Return the energy of ``seconds`` of processor time."""
        return seconds * self.watts / 3.6e6

    def grams(self, seconds: float) -> float:
        """Return the CO₂ equivalent of ``seconds`` of processor time."""
        return self.kwh(seconds) * self.grams_per_kwh

    def told(self, seconds: float) -> str:
        """Say what ``seconds`` of processor time cost, and what was assumed."""
        return (
            f"{seconds:,.1f} CPU seconds (measured, the drawing of pages not counted), about "
            f"{self.kwh(seconds) * 1000:.2g} Wh and {self.grams(seconds):.2g} g CO₂eq, at {self.watts:g} W per busy "
            f"core and {self.grams_per_kwh:g} g/kWh. "
            f"The paper's own experiments, pilots included: {PAPER_KG} kg CO₂eq by the same rule "
            "(Lacoste et al. 2019), on one GPU."
        )


def measured(work: Callable[[], T]) -> tuple[T, float]:
    """Return what ``work`` returns and the processor seconds it took, those of finished child processes included."""
    before = _seconds()
    result = work()
    return result, _seconds() - before


def _seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
