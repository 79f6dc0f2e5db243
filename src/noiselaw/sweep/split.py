"""Which observations train and which are held out, and which of the former make a training set of size N."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError
from noiselaw.randomness import generator
from noiselaw.records import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import IntArray

__all__ = ["make_split", "merge_groups", "training_rows"]


def merge_groups(groupings: Sequence[np.ndarray]) -> IntArray | None:
    """Return the finest grouping under which no group of any of ``groupings`` is divided; None for none.

    A group is a connected set of observations: two that share a donor or a clone, or are linked through others.
    Entries of -1 belong to no group.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not groupings:
        return None
    n, links = len(groupings[0]), []
    for groups in groupings:
        order = np.argsort(groups, kind="stable")
        same = (groups[order][1:] == groups[order][:-1]) & (groups[order][1:] != -1)
        links.append(np.column_stack([order[:-1][same], order[1:][same]]))
    edges = np.concatenate(links)
    graph = coo_array((np.ones(len(edges), dtype=bool), (edges[:, 0], edges[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def make_split(
    n: int, held_out: float, seed: int, groups: IntArray | None = None, splits: str = "complementary"
) -> Split:
    """Hold out a share of ``n`` observations, whole ``groups`` (n,) at a time where given.

    ``complementary`` splits of successive seeds hold out successive parts of one random order, so that few seeds
    measure every observation (four at a share of 0.25) and their errors are not shared; ``random`` ones are
    independent draws.

    Raises
    ------
    InputError
        If one side would be empty.
    """
    if groups is None:
        groups = np.arange(n, dtype=np.int64)
    names, members = np.unique(groups, return_inverse=True)
    if len(names) < min(2, n):
        raise InputError(
            "Observations that are kept together all belong to one group, so none can be held out; expected at least "
            "two groups. Group by another column, or by none, and ask about clones and about neighbours in studies of "
            "their own: what both keep together is linked."
        )
    turns = int(np.ceil(1 / held_out)) if splits == "complementary" else 1
    order = generator(seed // turns, "split").permutation(len(names))
    held = _turn(np.bincount(members)[order], held_out, seed % turns)
    out = np.isin(members, order[held])
    test, train = np.flatnonzero(out), generator(seed, "training order").permutation(np.flatnonzero(~out))
    if not (len(test) and len(train)):
        raise InputError(
            f"Holding out {held_out:g} of {n} observations leaves {len(train)} to train on and {len(test)} to measure; "
            "both need some. Pass more observations, smaller groups or another held_out."
        )
    return Split(train=train.astype(np.int64), test=test.astype(np.int64))


def _turn(sizes: IntArray, share: float, turn: int) -> IntArray:
    """Return the positions of the groups (in random order, with ``sizes``) whose turn it is to be held out.

    Each group stands for the stretch of [0, 1] that its observations fill; those are held out whose middle lies in the
    turn's stretch of length ``share`` (beginning again at 0 past 1), or else the one group nearest to its middle.
    """
    ends = np.cumsum(sizes)
    middles = (ends - sizes / 2) / ends[-1]
    into = (middles - turn * share) % 1.0
    held = np.flatnonzero(into < share)
    if len(held) in (0, len(sizes)):
        distance = np.abs(into - share / 2)
        held = np.array([np.argmin(np.minimum(distance, 1 - distance))])
    return held


def training_rows(split: Split, size: int, seed: int, subsets: str) -> IntArray:
    """Return the training set of ``size``: the first rows of the split (nested), or a fresh draw for each size."""
    if subsets == "nested":
        return split.train[:size]
    return generator(seed, "subset", size).permutation(split.train)[:size]
