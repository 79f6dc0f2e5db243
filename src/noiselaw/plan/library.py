"""How many molecules a library gives for reads: every read more finds fewer molecules not seen before.

Sequencing saturation is, as a 10x summary has it, one less molecules over usable reads. Two curves are offered: Lander
and Waterman's (1988, Genomics 2:231; every molecule equally likely to be read), U = C·(1 − exp(−f·r/C)), and Michaelis
and Menten's hyperbola, U = C·f·r/(C + f·r), which bends earlier as amplification is uneven. C is the library's
complexity (UMI per cell), f the share of reads that are usable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize

from noiselaw.errors import InputError, UsageError
from noiselaw.laws.base import real

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from noiselaw.records import FloatArray

__all__ = ["Curve", "Library", "library_from_pairs", "library_from_saturation", "summarised"]

#: Newton's steps that halve their way from above down to a saturation of 1e-6, and then double their digits.
_STEPS = 30
Curve = Literal["lander_waterman", "michaelis_menten"]


@dataclass(frozen=True)
class Library:
    """A library's saturation curve.

    Parameters
    ----------
    complexity
        Molecules per cell that unlimited reads would find; infinite where reads never find one twice.
    usable
        The share of reads that map to a gene in a cell.
    curve
        ``lander_waterman`` or ``michaelis_menten``.
    source
        Where the numbers came from, for sentences.
    """

    complexity: float
    usable: float = 1.0
    curve: Curve = "lander_waterman"
    source: str = "given"

    def __post_init__(self) -> None:
        """Check that molecules can be found at all."""
        if not self.complexity > 0:
            raise UsageError(f"complexity must be above 0 UMI per cell; got {self.complexity:g}.")
        if not 0 < self.usable <= 1:
            raise UsageError(f"usable must be a share of reads in (0, 1]; got {self.usable:g}. Pass 0.6, for example.")
        if self.curve not in ("lander_waterman", "michaelis_menten"):
            raise UsageError(f"curve must be lander_waterman or michaelis_menten; got {self.curve!r}.")

    def umi(self, reads: ArrayLike) -> FloatArray:
        """Return molecules per cell for reads per cell."""
        usable = self.usable * np.asarray(reads, dtype=float)
        if np.isinf(self.complexity):
            return usable
        if self.curve == "michaelis_menten":
            return np.asarray(self.complexity * usable / (self.complexity + usable))
        return np.asarray(-self.complexity * np.expm1(-usable / self.complexity))

    def reads(self, umi: ArrayLike) -> FloatArray:
        """Return reads per cell for molecules per cell; infinite from the library's complexity on."""
        wanted = real(umi)
        share = np.minimum(wanted / self.complexity, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.curve == "michaelis_menten":
                found = np.where(share < 1, wanted / (1.0 - share), np.inf)
            else:
                found = np.where(np.isfinite(self.complexity), -self.complexity * np.log1p(-share), wanted)
        return real(found / self.usable)

    def saturation(self, reads: ArrayLike) -> FloatArray:
        """Return the share of usable reads that find a molecule already seen."""
        usable = self.usable * np.asarray(reads, dtype=float)
        return np.asarray(1.0 - self.umi(reads) / usable)


def library_from_saturation(
    reads: float, saturation: float, umi: float | None = None, curve: Curve = "lander_waterman"
) -> Library:
    """Derive a library from one summary: mean reads per cell, sequencing saturation and, if known, UMI per cell.

    Parameters
    ----------
    reads
        Mean reads per cell.
    saturation
        A share in (0, 1), or a percentage above 1 and below 100; 1 could be meant as either, and is refused.
    umi
        UMI per cell, which tells which share of reads was usable; without it all are taken to be.
    curve
        ``lander_waterman`` or ``michaelis_menten``.

    Raises
    ------
    UsageError
        If a number is outside its range, or more molecules were found than reads allow.
    """
    share, needed, complexity = (float(v) for v in summarised(reads, saturation, np.nan if umi is None else umi))
    if not 0.0 < share < 1.0:
        raise UsageError(
            f"saturation must be a share in (0, 1) or a percentage above 1 and below 100; got {saturation:g}. Pass 0.5 "
            "for half."
        )
    if not reads > 0:
        raise UsageError(f"reads per cell must be above 0; got {reads:g}.")
    if not 0.0 < needed <= 1.0 + 1e-9:
        raise UsageError(
            f"{umi:g} UMI from {reads:g} reads at saturation {share:g} would need {needed:.3g} usable reads per read. "
            "Check that all three come from the same summary."
        )
    usable = min(needed, 1.0)
    if curve == "michaelis_menten":
        complexity = usable * reads * (1.0 - share) / share
    return Library(float(complexity), float(usable), curve, f"saturation {100 * share:.0f} % at {reads:,.0f} reads")


def summarised(reads: ArrayLike, saturation: ArrayLike, umi: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the saturation as a share, the usable reads per read, and Lander and Waterman's complexity.

    Pure arithmetic, unchecked, so that it can be recorded; without UMI per cell (NaN) every read is taken to be usable.
    """
    told, read = real(saturation), real(reads)
    with np.errstate(all="ignore"):
        share = np.where(told > 1.0, told / 100.0, told)
        needed = np.where(np.isfinite(real(umi)), real(umi) / (read * (1.0 - share)), 1.0)
        return real(share), real(needed), real(np.minimum(needed, 1.0) * read / _read_over(share))


def _read_over(share: FloatArray) -> FloatArray:
    """Return usable reads over the complexity at a saturation: t in (1 − e^−t)/t = 1 − share.

    A fixed number of Newton's steps from above, where they never overshoot. Right to 1e-9 of itself from 1e-6 on.
    """
    new = 1.0 - share
    t = 1.0 / new
    for _ in range(_STEPS):
        t = t - (-np.expm1(-t) - new * t) / (np.exp(-t) - new)
    return t


def library_from_pairs(reads: ArrayLike, umi: ArrayLike, curve: Curve = "lander_waterman") -> Library:
    """Fit a library to (reads, UMI) pairs per cell, such as a downsampling curve.

    Raises
    ------
    InputError
        If there are fewer than two different pairs, or they show no saturation to fit.
    """
    r, u = np.asarray(reads, dtype=float).ravel(), np.asarray(umi, dtype=float).ravel()
    if len(r) != len(u):
        raise InputError(f"reads and umi must have one value per pair; got {len(r)} and {len(u)}.")
    known = ~(np.isnan(r) | np.isnan(u))
    r, u = r[known], u[known]
    for name, values in (("reads", r), ("umi", u)):
        if np.any(values <= 0):
            raise InputError(f"{name} must be above 0 in every pair; got {values.min():g}. Leave that pair out.")
    if len(np.unique(r)) < 2:
        pairs = f"{len(np.unique(r))} different number{'s' * (len(np.unique(r)) != 1)} of reads"
        raise InputError(f"A library is fitted to two or more (reads, UMI) pairs; got {pairs}.")
    if np.any(u > r):
        raise InputError("A pair has more UMI than reads; pass reads first, then UMI.")

    def misses(log: FloatArray) -> FloatArray:
        library = Library(float(np.exp(log[0])), float(min(np.exp(log[1]), 1.0)), curve)
        return np.asarray(np.log(library.umi(r) / u))

    start = np.log([2.0 * u.max(), min(float(np.max(u / r)), 1.0)])
    bounds = ([np.log(u.max() * (1 + 1e-9)), np.log(1e-6)], [np.log(1e6 * u.max()), 1e-12])
    found = optimize.least_squares(misses, np.clip(start, *bounds), bounds=bounds, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    complexity, usable = np.exp(found.x)
    if complexity > 1e3 * u.max():
        raise InputError(
            "The (reads, UMI) pairs show no saturation, so the library's complexity cannot be fitted. Pass deeper "
            "pairs, or plan with the cost model's umi_per_read."
        )
    return Library(float(complexity), float(min(usable, 1.0)), curve, f"{len(r)} (reads, UMI) pairs")
