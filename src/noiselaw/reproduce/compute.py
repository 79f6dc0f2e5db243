"""What reproducing cost: processor seconds, measured, and an estimate of their CO₂ made as the paper makes one."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["PAPER_KG", "Footprint", "counted", "measured", "spent"]

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


#: In the folder of studies: processor seconds by study, summed over every run that measured a part of it.
_LEDGER = "cpu_seconds.json"


def spent(studies: Path) -> dict[str, float]:
    """Return the processor seconds that each study in the folder ``studies`` took, all runs together."""
    ledger = studies / _LEDGER
    return json.loads(ledger.read_text(encoding="utf-8")) if ledger.is_file() else {}


@contextmanager
def counted(studies: Path, name: str) -> Iterator[None]:
    """Add the processor seconds of what follows to those of the study ``name``, also where it ends in an error."""
    before = _seconds()
    try:
        yield
    finally:
        found = spent(studies)
        found[name] = found.get(name, 0.0) + _seconds() - before
        studies.mkdir(parents=True, exist_ok=True)
        part = studies / f".{_LEDGER}.{uuid4().hex[:8]}.part"
        part.write_text(json.dumps(found, indent=1), encoding="utf-8")
        part.replace(studies / _LEDGER)


def _seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
