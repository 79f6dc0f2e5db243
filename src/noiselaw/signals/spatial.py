"""Spatial neighbours: what a cell tells about a cell beside it in the tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.signals.base import Signal
from noiselaw.signals.columns import codes_of, column_of, text_of
from noiselaw.signals.partners import PairTarget, check_target, is_whole, name_of, partner_pairs
from noiselaw.signals.tissue import blocks_of, linked, neighbours_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Dataset, IntArray, Pairs

__all__ = ["SpatialNeighbours"]


@dataclass(frozen=True)
class SpatialNeighbours(Signal):
    """A held-out cell and one of the ``k`` cells nearest to it in its section: X is its embedding, Y the neighbour.

    A cell is never its own neighbour; cells at one and the same place are neighbours at distance 0. Cells without a
    section are in no pair and are counted in ``Pairs.dropped``.

    Parameters
    ----------
    key
        Which of the dataset's matrices (``obsm``) holds the positions, in two or three columns.
    section
        Annotation column of the section, slice or field of view, each with a frame of its own; without one, all cells
        lie in one frame.
    k
        Among how many nearest cells the neighbour is drawn.
    pairs
        ``one`` random neighbour of each cell, as the paper ran it; or ``all`` of them.
    hold_out
        ``blocks`` of tissue are held out whole and stay whole in every fold: a neighbour is one of the ``k`` nearest
        of all cells, where that lies in the cell's own block. Or single ``cells``, as the paper ran it: neighbours are
        then nearest among held-out cells only, and pairs that share a cell stay together.
    block
        Cells of a block, at most.
    target
        What Y is of the neighbour: its ``embedding``, as the paper ran it; or its ``profile`` before the channel, as
        it is printed.
    components
        How many leading components of the profile Y is; 0 for every prepared feature.
    name
        How tables call the signal; by default ``spatial``, or ``spatial_profile``.
    """

    key: str = "spatial"
    section: str = ""
    k: int = 5
    pairs: Literal["one", "all"] = "one"
    hold_out: Literal["blocks", "cells"] = "blocks"
    block: int = 100
    target: PairTarget = "embedding"
    components: int = 16
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", name_of(self.name, "spatial", self.target))
        check_target(self.target, self.components)
        if not is_whole(self.k) or self.k < 1:
            raise UsageError(
                f"k must be a whole number, at least 1; got {self.k!r}. Pass how many nearest cells to draw from."
            )
        if self.pairs not in ("one", "all"):
            raise UsageError(f"pairs is 'one' neighbour of each cell, or 'all'; got {self.pairs!r}.")
        if self.hold_out not in ("blocks", "cells"):
            raise UsageError(f"hold_out is 'blocks' or 'cells'; got {self.hold_out!r}.")
        if not is_whole(self.block) or self.block <= self.k:
            raise UsageError(f"A block must hold more than k = {self.k} cells; got block = {self.block!r}.")
        if self.pairs == "all" and self.hold_out == "cells":
            raise UsageError(
                "All neighbours of single held-out cells are linked to one another, so no fold could be independent. "
                "Pass hold_out = 'blocks', or pairs = 'one'."
            )

    @property
    def drawn_as(self) -> str:
        """One name whatever the target is, so that both targets are asked about the same pairs."""
        return "spatial"

    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset without these positions, with unknown ones, or with sections too small for ``k``."""
        positions = self._positions(dataset)
        sections, names = self._sections(dataset)
        _refuse_small(sections, names, self.k, self.section, "")
        for code, name in enumerate(names):
            here = positions[sections == code]
            if (here == here[0]).all():
                where = f"of section {name!r} " if self.section else ""
                raise InputError(
                    f"Neighbours need positions that differ; all {len(here)} cells {where}are at one place in matrix "
                    f"{self.key!r}. Choose another matrix."
                )

    def kept_together(self, dataset: Dataset) -> NDArray[np.int64] | None:
        """Return the block of tissue of each observation, -1 without a section; None where cells are held out."""
        if self.hold_out == "cells":
            return None
        return blocks_of(self._positions(dataset), self._sections(dataset)[0], self.block)

    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        positions, (sections, names) = self._positions(dataset), self._sections(dataset)
        test = np.asarray(test, dtype=np.int64)
        if self.hold_out == "cells":
            _refuse_small(sections[test], names, self.k, self.section, "held-out ")
            rows = test[sections[test] >= 0]
            near = rows[neighbours_of(positions[rows], sections[rows], self.k)]
            able = np.ones(near.shape, dtype=bool)
        else:
            placed = np.flatnonzero(sections >= 0)
            near = placed[neighbours_of(positions[placed], sections[placed], self.k)]
            rows = test[sections[test] >= 0]
            near = near[np.searchsorted(placed, rows)]
            blocks = blocks_of(positions, sections, self.block)
            able = (blocks[near] == blocks[rows][:, None]) & np.isin(near, test)
        chosen = able if self.pairs == "all" else _one_of(able, rng)
        pair, column = np.nonzero(chosen)
        first, second = rows[pair], near[pair, column]
        reasons = {
            "no section": sections[test] < 0,
            "no neighbour in its block": np.ones(len(test), dtype=bool),
        }
        profile = None if self.target == "embedding" else self.components
        return partner_pairs(first, second, linked(first, second), test, reasons, profile)

    def _sections(self, dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
        if not self.section:
            return np.zeros(len(dataset.names), dtype=np.int64), np.array(["the tissue"], dtype=np.object_)
        return codes_of(text_of(column_of(dataset, self.section, "sections")))

    def _positions(self, dataset: Dataset) -> NDArray[np.float64]:
        if self.key not in dataset.matrices:
            raise InputError(
                f"The dataset {dataset.name!r} has no matrix {self.key!r} to take positions from. "
                f"{nearest(self.key, dataset.matrices)}"
            )
        table = dataset.matrices[self.key]
        if not all(pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes) or table.shape[1] not in (1, 2, 3):
            raise InputError(
                f"Positions are numbers in two columns (or one, or three); matrix {self.key!r} has "
                f"{table.shape[1]} columns of {', '.join(sorted({str(dtype) for dtype in table.dtypes}))}. "
                "Choose another matrix."
            )
        values: NDArray[np.float64] = table.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise InputError(
                f"Every cell needs a position; {len(bad)} of {len(values)} cells have NaN or infinite coordinates in "
                f"matrix {self.key!r}, first {str(dataset.names[bad[0]])!r}. Leave those cells out."
            )
        return values


def _refuse_small(sections: NDArray[np.int64], names: NDArray[np.object_], k: int, column: str, which: str) -> None:
    """Refuse sections in which a cell has fewer than ``k`` others."""
    sizes = np.bincount(sections[sections >= 0], minlength=len(names))
    small = np.flatnonzero(sizes <= k)
    if not len(names) or not sizes.any():
        raise InputError(f"No cell has a section in column {column!r}. Choose another column, or none.")
    if len(small):
        where = f"section {str(names[small[0]])!r} of column {column!r}" if column else "the tissue"
        raise InputError(
            f"{k} nearest cells need at least {k + 1} {which}cells; {where} has {sizes[small[0]]}. Pass a smaller k, "
            "or leave such sections out."
        )


def _one_of(able: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose one of the able entries of each row that has any, all with equal chance."""
    draws = np.where(able, rng.random(able.shape), -1.0)
    chosen = np.zeros(able.shape, dtype=bool)
    chosen[np.arange(len(able)), draws.argmax(axis=1)] = True
    return chosen & able
