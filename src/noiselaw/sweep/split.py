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


def make_split(n: int, held_out: float, seed: int, groups: IntArray | None = None) -> Split:
    """Hold out a share of ``n`` observations, whole ``groups`` (n,) at a time where given.

    Raises
    ------
    InputError
        If one side would be empty.
    """
    rng = generator(seed, "split")
    if groups is None:
        order = rng.permutation(n)
        n_test = round(held_out * n)
        test, train = order[:n_test], order[n_test:]
    else:
        test = np.flatnonzero(np.isin(groups, _held_out_groups(groups, held_out, rng)))
        train = rng.permutation(np.setdiff1d(np.arange(n), test))
    if not (len(test) and len(train)):
        raise InputError(
            f"Holding out {held_out:g} of {n} observations leaves {len(train)} to train on and {len(test)} to measure; "
            "both need some. Pass more observations, smaller groups or another held_out."
        )
    return Split(train=train.astype(np.int64), test=np.sort(test).astype(np.int64))


def _held_out_groups(groups: IntArray, held_out: float, rng: np.random.Generator) -> np.ndarray:
    """Choose random groups whose observations come closest to the wanted share, leaving at least one to train on."""
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise InputError(
            "Observations that are kept together all belong to one group, so none can be held out; expected at least "
            "two groups. Group by another column, or by none."
        )
    order = rng.permutation(len(names))
    share = np.cumsum(sizes[order])[:-1] / len(groups)
    return names[order[: 1 + int(np.argmin(np.abs(share - held_out)))]]


def training_rows(split: Split, size: int, seed: int, subsets: str) -> IntArray:
    """Return the training set of ``size``: the first rows of the split (nested), or a fresh draw for each size."""
    if subsets == "nested":
        return split.train[:size]
    return generator(seed, "subset", size).permutation(split.train)[:size]
