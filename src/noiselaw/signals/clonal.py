"""Clonal relatives: what a cell tells about another cell of its clone, measured at another time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.signals.base import Signal
from noiselaw.signals.columns import as_texts, codes_of, column_of, listed, text_of
from noiselaw.signals.partners import PairTarget, check_target, name_of, partner_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Dataset, IntArray, Pairs

__all__ = ["ClonalRelatives"]

#: More pairs than this come from a few very large clones, of which they would say little else.
_MOST_PAIRS = 2_000_000


@dataclass(frozen=True)
class ClonalRelatives(Signal):
    """A cell of each clone, and a relative of it: X is the early one's embedding, Y is the late one.

    Clones stay whole on one side of the split and inside every fold. A cell without a clone (NaN, empty text, one of
    ``missing``) is in no pair, and is counted in ``Pairs.dropped`` like those whose clone has no relative.

    Parameters
    ----------
    clone
        Annotation column of the clone's name (the lineage barcode).
    time
        Annotation column of time points; without one, any two cells of a clone are relatives.
    early, late
        Time points of X and of Y, one or several.
    pairs
        ``one`` random pair for each clone and replicate, as the paper ran it; or ``all``, which still count as one
        group for each clone wherever pairs are resampled.
    target
        What Y is of the relative: its ``embedding``, as the paper ran it; or its ``profile`` before the channel, as
        it is printed.
    components
        How many leading components of the profile Y is; 0 for every prepared feature.
    missing
        Clones that mean "none", as text.
    name
        How tables call the signal; by default ``clonal``, or ``clonal_profile``.
    """

    clone: str
    time: str = ""
    early: tuple[str | int | float, ...] | str | int | float = ()
    late: tuple[str | int | float, ...] | str | int | float = ()
    pairs: Literal["one", "all"] = "one"
    target: PairTarget = "embedding"
    components: int = 16
    missing: tuple[str, ...] | str = ()
    name: str = ""

    def __post_init__(self) -> None:
        for key in ("early", "late", "missing"):
            object.__setattr__(self, key, as_texts(getattr(self, key)))
        object.__setattr__(self, "name", name_of(self.name, "clonal", self.target))
        check_target(self.target, self.components)
        if self.pairs not in ("one", "all"):
            raise UsageError(f"pairs is 'one' for each clone, or 'all'; got {self.pairs!r}.")
        if not self.time and (self.early or self.late):
            raise UsageError(
                "early and late are time points, which need the column that they stand in. Pass time, e.g. "
                "time = 'time_point'."
            )
        both = sorted(set(as_texts(self.early)) & set(as_texts(self.late)))
        if both:
            raise UsageError(f"A time point is early or late; got {both[0]!r} as both.")

    @property
    def drawn_as(self) -> str:
        """One name whatever the target is, so that both targets are asked about the same pairs."""
        return "clonal"

    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset without these columns, time points that do not occur, and clones without relatives."""
        clones, names = self._clones(dataset)
        known = int((clones >= 0).sum())
        if known and len(names) == known:
            raise InputError(
                f"Relatives share a clone, but column {self.clone!r} has {len(names)} different values for {known} "
                f"cells. {_repeating(dataset)}"
            )
        early, late = self._times(dataset)
        self._refuse_one_clone(clones, names)
        if not len(self._shared(clones, early, late)):
            raise InputError(
                f"No clone of column {self.clone!r} has cells at both ends: of {len(names)} clones "
                f"{len(np.unique(clones[early & (clones >= 0)]))} have early and "
                f"{len(np.unique(clones[late & (clones >= 0)]))} late ones. Choose other time points, or none."
                if self.time
                else f"No clone of column {self.clone!r} has two cells. Choose another column."
            )

    def _refuse_one_clone(self, clones: NDArray[np.int64], names: NDArray[np.object_]) -> None:
        """Refuse a clone that holds most cells: it says "none", or leaves no strangers to tell relatives from."""
        sizes = np.bincount(clones[clones >= 0], minlength=len(names))
        if not len(names) or sizes.max() <= max(2, sizes.sum() / 2):
            return
        largest = str(names[sizes.argmax()])
        raise InputError(
            f"Relatives are told from strangers, but {sizes.max()} of the {sizes.sum()} cells that have a clone in "
            f"column {self.clone!r} are of one, {largest!r}. If that means none, pass missing = [{largest!r}] "
            "(--missing-clone); else choose another column."
        )

    def kept_together(self, dataset: Dataset) -> NDArray[np.int64]:
        """Return the clone of each observation, -1 for none."""
        return self._clones(dataset)[0]

    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        clones, _ = self._clones(dataset)
        early, late = self._times(dataset)
        # A random order of the held-out cells: the first early and the first late one of each clone are its pair.
        drawn = rng.permutation(np.asarray(test))
        drawn = drawn[np.isin(clones[drawn], self._shared(clones[test], early[test], late[test]))]
        rows, partners = self._drawn(clones, drawn[early[drawn]], drawn[late[drawn]])
        has_clone = clones[test] >= 0
        reasons = {
            "no clone": ~has_clone,
            "other time point": ~(early | late)[test],
            "no relative in the clone": ~np.isin(test, drawn),
            "another cell of the clone was drawn": np.ones(len(test), dtype=bool),
        }
        profile = None if self.target == "embedding" else self.components
        return partner_pairs(rows, partners, clones[rows], test, reasons, profile)

    def _drawn(
        self, clones: NDArray[np.int64], early: NDArray[np.int64], late: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pair cells of one clone, given in random order; without times both sides are the same cells."""
        first, second = (
            pd.DataFrame({"cell": cells, "clone": clones[cells], "place": np.arange(len(cells))})
            for cells in (early, late)
        )
        if self.pairs == "one":
            first = first[first.groupby("clone").cumcount() == 0]
            second = second[second.groupby("clone").cumcount() == (0 if self.time else 1)]
        elif (n_pairs := _count_pairs(first["clone"], second["clone"])) > _MOST_PAIRS:
            raise InputError(
                f"All pairs of relatives are {n_pairs:,}, more than the {_MOST_PAIRS:,} that can be measured; a few "
                "large clones make most of them. Pass pairs = 'one'."
            )
        both = first.merge(second, on="clone", suffixes=("", "_late"))
        if not self.time:
            both = both[both["place"] < both["place_late"]]
        return both["cell"].to_numpy(dtype=np.int64), both["cell_late"].to_numpy(dtype=np.int64)

    def _shared(
        self, clones: NDArray[np.int64], early: NDArray[np.bool_], late: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return the clones that have a cell for X and another one for Y."""
        known = clones >= 0
        if self.time:
            return np.intersect1d(clones[known & early], clones[known & late])
        names, times = np.unique(clones[known], return_counts=True)
        return np.asarray(names[times > 1], dtype=np.int64)

    def _clones(self, dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
        return codes_of(text_of(column_of(dataset, self.clone, "clones"), as_texts(self.missing)))

    def _times(self, dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which observations may be X and which Y, (n,) each."""
        if not self.time:
            every = np.ones(len(dataset.names), dtype=bool)
            return every, every
        times = text_of(column_of(dataset, self.time, "time points", fractions=True))
        known = sorted({time for time in times if time is not None})
        ends = []
        for key in ("early", "late"):
            wanted = as_texts(getattr(self, key))
            if not wanted:
                raise InputError(
                    f"Relatives at two times need {key} = [...]; column {self.time!r} has {listed(known)}."
                )
            for time in wanted:
                if time not in known:
                    raise InputError(
                        f"No cell has the {key} time point {time!r}; column {self.time!r} has {listed(known)}."
                    )
            ends.append(np.isin(times.astype(str), wanted))
        return ends[0], ends[1]


def _count_pairs(early: pd.Series[int], late: pd.Series[int]) -> int:
    return int(early.value_counts().mul(late.value_counts(), fill_value=0).sum())


def _repeating(dataset: Dataset) -> str:
    """Say which columns could be clones: those that repeat and differ."""
    n = len(dataset.names)
    able = [name for name, values in dataset.annotations.items() if 1 < values.nunique() <= n / 2]
    return f"Choose one whose values repeat: {listed(able)}." if able else nearest("", [])
