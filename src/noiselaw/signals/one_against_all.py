"""One class of a column of labels against all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import InputError, nearest
from noiselaw.records import Pairs
from noiselaw.signals.base import Signal
from noiselaw.signals.columns import as_texts
from noiselaw.signals.labels import Labels, entropy_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Dataset, IntArray

__all__ = ["OneAgainstAll"]


@dataclass(frozen=True)
class OneAgainstAll(Signal):
    """Whether each held-out observation is of one class, in as many observations of it as of all others.

    An embedding of predicted labels is read as whether that class is predicted, so that every class is asked about from
    the same predictions (section 6 of the paper).

    Parameters
    ----------
    column
        Column of the annotations (``obs``), as for labels.
    label
        The class, as text.
    balance
        Draw without replacement as many of the more frequent side as there are of the other, so that the ceiling is
        1 bit; what is not drawn is counted in ``Pairs.dropped``. The draw is the same for every level, size and model
        of a seed.
    missing
        Labels that mean "missing", as text; one or several.
    name
        How tables call the signal; by default ``"LABEL against all"``.
    """

    column: str
    label: str
    balance: bool = True
    missing: tuple[str, ...] | str = ()
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", as_texts(self.missing))
        object.__setattr__(self, "name", self.name or f"{self.label} against all")

    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset without this column, or in which no observation (or every one) is of the class."""
        lookup = self._labels()
        lookup.check(dataset)
        self._is_one(lookup.pair(dataset, np.arange(len(dataset.names)), np.random.default_rng(0)), "observations")

    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        pairs = self._labels().pair(dataset, test, rng)
        is_one = self._is_one(pairs, "held-out observations")
        kept = _balanced(is_one, rng) if self.balance else np.arange(len(is_one))
        values = np.where(is_one[kept], self.label, f"not {self.label}").astype(np.str_)
        left = len(is_one) - len(kept)
        return Pairs(
            pairs.rows[kept],
            values,
            ceiling_bits=entropy_bits(values),
            dropped={**pairs.dropped, **({"left out to balance": left} if left else {})},
            against_all=self.label,
        )

    def _labels(self) -> Labels:
        return Labels(self.column, self.missing)

    def _is_one(self, pairs: Pairs, where: str) -> NDArray[np.bool_]:
        labels: NDArray[Any] = np.asarray(pairs.values)
        is_one: NDArray[np.bool_] = labels == self.label
        if is_one.any() and not is_one.all():
            return is_one
        hint = "" if is_one.any() else f" {nearest(self.label, np.unique(labels))}"
        found = "all" if is_one.all() else "none"
        raise InputError(
            f"A class stands against others; {found} of the {len(labels)} {where} in column {self.column!r} are "
            f"{self.label!r}.{hint}"
        )


def _balanced(is_one: NDArray[np.bool_], rng: np.random.Generator) -> IntArray:
    """Return the positions, sorted, of all observations of the rarer side and as many of the other."""
    sides = [np.flatnonzero(is_one), np.flatnonzero(~is_one)]
    fewest = min(len(side) for side in sides)
    return np.sort(np.concatenate([rng.choice(side, fewest, replace=False) for side in sides]))
