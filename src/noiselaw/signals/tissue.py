"""Cells in space: who lies next to whom, and blocks of tissue that can be held out whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import IntArray

__all__ = ["blocks_of", "linked", "neighbours_of"]


def neighbours_of(positions: NDArray[np.float64], sections: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the ``k`` cells nearest to each cell within its section, itself excluded, nearest first, (n, k).

    Parameters
    ----------
    positions
        (n, dimensions), finite.
    sections
        Section of each cell, (n,); each has more than ``k`` cells.
    k
        How many.
    """
    from scipy.spatial import cKDTree

    near = np.empty((len(positions), k), dtype=np.int64)
    for section in np.unique(sections):
        here = np.flatnonzero(sections == section)
        found = np.atleast_2d(cKDTree(positions[here]).query(positions[here], k=k + 1)[1])
        # Of many cells at one place the cell itself may not be among those found: then the farthest goes.
        own = found == np.arange(len(here))[:, None]
        own[~own.any(axis=1), -1] = True
        near[here] = here[found[~own].reshape(len(here), k)]
    return near


def blocks_of(positions: NDArray[np.float64], sections: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the block of each cell, (n,), -1 without a section (-1).

    Sections are halved across their longest side (by numbers of cells) until no part has more than ``most`` cells:
    compact blocks of ``most``/2 to ``most`` cells wherever they lie dense or sparse.
    """
    blocks = np.full(len(positions), -1, dtype=np.int64)
    waiting = [np.flatnonzero(sections == section) for section in np.unique(sections[sections >= 0])]
    done = 0
    while waiting:
        part = waiting.pop()
        if len(part) <= most:
            blocks[part] = done
            done += 1
            continue
        side = int(np.ptp(positions[part], axis=0).argmax())
        order = np.argsort(positions[part, side], kind="stable")
        waiting += [part[order[: len(part) // 2]], part[order[len(part) // 2 :]]]
    return blocks


def linked(rows: IntArray, partners: IntArray) -> NDArray[np.int64]:
    """Return a code for each pair, (n pairs,), that pairs share when a chain of common cells links them."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    cells = np.unique(np.concatenate([rows, partners]))
    first, second = np.searchsorted(cells, rows), np.searchsorted(cells, partners)
    graph = coo_array((np.ones(len(rows)), (first, second)), shape=(len(cells), len(cells)))
    return np.asarray(connected_components(graph, directed=False)[1][first], dtype=np.int64)
