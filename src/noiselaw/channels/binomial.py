"""Independent thinning: every molecule is kept with the same probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from noiselaw.arrays import check_counts, row_sums
from noiselaw.channels.base import Channel
from noiselaw.channels.thinning import check_fraction, keep_each

if TYPE_CHECKING:
    from noiselaw.records import Matrix

__all__ = ["Binomial"]


@dataclass(frozen=True)
class Binomial(Channel):
    """Binomial(x, level) for every entry x: what sequencing fewer molecules does, and what the paper prints.

    Mean ``level * x``, variance ``level * (1 - level) * x``. The strength u is the mean number of molecules that an
    observation keeps, over all features.

    Parameters
    ----------
    level
        Probability to keep a molecule, in (0, 1].
    """

    unit: ClassVar[str] = "UMI per cell"

    level: float

    def __post_init__(self) -> None:
        check_fraction(self.level)

    def _check(self, x: Matrix) -> None:
        check_counts(x, allow_zero=True)

    def _apply(self, x: Matrix, seed: int) -> Matrix:
        return keep_each(x, self.level, seed)

    def _strength(self, noisy: Matrix) -> float:
        return float(row_sums(noisy).mean())
