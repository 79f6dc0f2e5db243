"""What a design costs: an editable table of prices."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError, UsageError
from noiselaw.laws.base import real
from noiselaw.registry import checked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from noiselaw.records import FloatArray

__all__ = ["Costs", "default_costs", "read_costs"]

_PRICES = ("per_library", "per_cell", "per_million_reads", "fixed")


@dataclass(frozen=True)
class Costs:
    """Prices, each in ``currency``.

    Parameters
    ----------
    per_million_reads
        Of sequencing.
    per_library, cells_per_library
        Of one library (lane), and how many cells it takes.
    per_cell
        Of each cell beyond that.
    fixed
        Paid once.
    currency
        How amounts are called.
    cells_used
        The share of cells paid for that train the representation, in (0, 1].
    umi_per_read
        Molecules per read where no library is given, in (0, 1].

    Raises
    ------
    UsageError
        If a price is negative or not a number, or cells or reads cost nothing (the best design would be unlimited).
    """

    per_million_reads: float
    per_library: float = 0.0
    cells_per_library: float = math.inf
    per_cell: float = 0.0
    fixed: float = 0.0
    currency: str = "USD"
    cells_used: float = 1.0
    umi_per_read: float = 0.5

    def __post_init__(self) -> None:
        """Check every price."""
        for name in _PRICES:
            value = getattr(self, name)
            if not (value >= 0 and math.isfinite(value)):
                raise UsageError(f"{name} must be a price of 0 or more; got {value:g}. Put in what you are charged.")
        if self.per_million_reads == 0:
            raise UsageError("per_million_reads must be above 0: if reads cost nothing, no budget limits depth.")
        if self.per_cell == 0 and not (self.per_library > 0 and math.isfinite(self.cells_per_library)):
            raise UsageError(
                "Cells cost nothing: give per_cell, or per_library with cells_per_library, a price above 0; else no "
                "budget limits their number."
            )
        if not self.cells_per_library >= 1:
            raise UsageError(f"cells_per_library must be 1 or more; got {self.cells_per_library:g}.")
        for name in ("cells_used", "umi_per_read"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{name} must be a share in (0, 1]; got {getattr(self, name):g}.")

    def paid(self, cells: ArrayLike) -> FloatArray:
        """Return how many cells are paid for to have ``cells`` that train."""
        return real(np.ceil(real(cells) / self.cells_used * (1 - 1e-12)))

    def before_reads(self, cells: ArrayLike) -> FloatArray:
        """Return what ``cells`` training cells cost before they are sequenced."""
        bought = self.paid(cells)
        libraries = np.ceil(bought / self.cells_per_library)  # none where one takes any number
        return real(self.fixed + self.per_library * libraries + self.per_cell * bought)

    def total(self, cells: ArrayLike, reads: ArrayLike) -> FloatArray:
        """Return the cost of ``cells`` training cells at ``reads`` reads per cell."""
        sequencing = self.paid(cells) * real(reads) * (self.per_million_reads / 1e6)
        return real(self.before_reads(cells) + sequencing)

    def reads(self, cells: ArrayLike, budget: float) -> FloatArray:
        """Return the reads per cell that ``budget`` leaves for ``cells`` each; negative where it does not suffice."""
        return np.asarray((budget - self.before_reads(cells)) / (self.paid(cells) * (self.per_million_reads / 1e6)))


def default_costs() -> Costs:
    """Return the shipped prices: illustrative, see the comments in ``costs.toml``."""
    return _costs(files("noiselaw.plan").joinpath("costs.toml").read_text(encoding="utf-8"), "The shipped cost model")


def read_costs(path: str | Path) -> Costs:
    """Read prices from a TOML file.

    Raises
    ------
    InputError
        If there is no such file or it is no TOML.
    UsageError
        If it has an unknown key or a price that cannot be meant.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no cost model {str(path)!r}. Copy the shipped one: noiselaw plan --show-costs.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The cost model {path.name} is not text in UTF-8 ({error}). Save it as UTF-8.") from error
    return _costs(text, f"The cost model {path.name}")


def _costs(text: str, what: str) -> Costs:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} is not TOML ({error}). Compare it with the shipped one.") from error
    if "per_million_reads" not in table:
        raise UsageError(f"{what} has no per_million_reads, the price of sequencing. Put in what you are charged.")
    return checked(Costs, table, what)
