"""Standard errors of nearest-neighbour estimates, by subsampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Subsampled", "subsample", "trusted"]

#: Parts much smaller than the whole have a smaller n·variance, since their bias hides what varies.
_MOST_PARTS = 4
_SHUFFLES = 6


@dataclass(frozen=True)
class Subsampled:
    """What disjoint parts of the pairs say: the standard error of the whole, and the parts' mean bits and size."""

    standard_error: float
    bits: float
    n_pairs: int


def subsample(
    measure: Callable[[NDArray[np.intp]], float],
    groups: NDArray[np.int64] | None,
    n_pairs: int,
    smallest: int,
    rng: np.random.Generator,
) -> Subsampled:
    """Measure disjoint parts of the pairs and carry their variance, which falls as 1/n, over to the whole.

    The bootstrap is invalid for nearest neighbours: a pair drawn twice is its own neighbour at distance 0
    (Holmes and Nemenman 2019, Phys. Rev. E 100, 022404).

    Parameters
    ----------
    measure
        Bits of the pairs in some rows.
    groups
        (n,), or None. Groups are kept in one part, so that the error counts groups and not pairs.
    n_pairs
        n.
    smallest
        Pairs that a part must have for ``measure`` to mean something.
    rng
        Deals the pairs into parts.
    """
    units = np.arange(n_pairs) if groups is None else groups
    n_units = int(units.max()) + 1
    n_parts = min(max(n_pairs // smallest, 2), _MOST_PARTS, n_units)
    if n_parts < 2:
        return Subsampled(float("nan"), float("nan"), n_pairs)
    found, scaled = [], []
    for _ in range(_SHUFFLES):
        part_of = (rng.permutation(n_units) % n_parts)[units]
        bits = np.array([measure(np.flatnonzero(part_of == part)) for part in range(n_parts)])
        found.append(float(bits.mean()))
        scaled.append(float(bits.var(ddof=1)) / n_parts)
    return Subsampled(float(np.sqrt(np.mean(scaled))), float(np.mean(found)), n_pairs // n_parts)


def trusted(bits: float, parts: Subsampled, largest_bits: float, tied_share: float) -> str:
    """Return why a nearest-neighbour estimate should not be trusted, or nothing."""
    reasons = []
    if bits > largest_bits - 2:
        reasons.append(f"{bits:.2f} bits are within 2 bits of the most that so many pairs can show")
    growth = bits - parts.bits
    if growth > max(0.05, 0.1 * abs(bits), 3 * parts.standard_error):
        reasons.append(
            f"the estimate still grows with the number of pairs ({parts.bits:.2f} bits at {parts.n_pairs}), "
            "so the truth is likely higher"
        )
    if tied_share > 0.05:
        reasons.append(f"{tied_share:.0%} of the pairs coincide with several others")
    sentence = "; ".join(reasons)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""
