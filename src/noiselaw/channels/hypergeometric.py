"""Thinning to an exact number of molecules: draws without replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from noiselaw.arrays import check_counts, row_sums
from noiselaw.channels.base import Channel
from noiselaw.channels.thinning import check_fraction, keep_exactly
from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from noiselaw.records import Matrix

__all__ = ["Hypergeometric"]


@dataclass(frozen=True)
class Hypergeometric(Channel):
    """Draw exactly ``int(level * total)`` molecules without replacement (multivariate hypergeometric law).

    With N molecules in the pool, an entry x has mean ``T x / N`` and variance ``T x (N - x) (N - T) / (N^2 (N - 1))``
    where ``T = int(level * N)``. The strength u is the mean number of molecules that an observation keeps, over all
    features.

    Parameters
    ----------
    level
        Share of the molecules to keep, in (0, 1].
    per
        The pool: the whole ``"matrix"``, as the paper's authors ran it, or each ``"cell"`` (observation).
    """

    unit: ClassVar[str] = "UMI per cell"

    level: float
    per: Literal["matrix", "cell"] = "matrix"

    def __post_init__(self) -> None:
        check_fraction(self.level)
        if self.per not in ("matrix", "cell"):
            raise UsageError(f'The pool of molecules must be per "matrix" or per "cell"; got {self.per!r}.')

    def _check(self, x: Matrix) -> None:
        check_counts(x, allow_zero=True)

    def _apply(self, x: Matrix, seed: int) -> Matrix:
        return keep_exactly(x, self.level, seed, self.per)

    def _strength(self, noisy: Matrix) -> float:
        return float(row_sums(noisy).mean())
