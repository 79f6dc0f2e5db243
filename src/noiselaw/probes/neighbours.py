"""Nearest neighbours in a joint space with the maximum norm, and how many points lie within their distance."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Neighbours", "Search", "find", "find_within_labels"]

#: ``tree``: scipy's k-d tree, fastest in few dimensions. ``brute``: compiled (numba), fastest in many. Same answers.
Search = Literal["auto", "tree", "brute"]

#: Up to this many joint dimensions a tree is faster.
_TREE_DIMENSIONS = 2
#: Half the range of 16-bit integers, so that differences fit too.
_GRID_HALF = 16383
#: Points beyond this many times the 99th percentile from the median stay off the grid, which they would coarsen.
_FAR = 4.0


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of n points, its k-th neighbour in the joint space and how many others lie within its distance.

    Parameters
    ----------
    radius
        Distance of the k-th neighbour, (n,).
    k
        Which neighbour it is; where the radius is 0, how many points coincide there, itself included (Gao et al.
        2017), (n,).
    nearer_x, nearer_y
        Others strictly nearer in x, in y, (n,).
    within_x, within_y
        Others at most as far in x, in y, (n,).
    """

    radius: NDArray[np.float64]
    k: NDArray[np.int64]
    nearer_x: NDArray[np.int64]
    within_x: NDArray[np.int64]
    nearer_y: NDArray[np.int64]
    within_y: NDArray[np.int64]


def find(x: NDArray[np.float64], y: NDArray[np.float64], k: int, search: Search = "auto") -> Neighbours:
    """Find neighbours of the pairs (x, y), (n, d) and (n, p)."""
    if _use_tree(search, x.shape[1] + y.shape[1]):
        return _by_tree(x, y, k)
    return _by_brute_force(x, y, np.full(len(x), k), labelled=False)


def find_within_labels(
    x: NDArray[np.float64], labels: NDArray[np.int64], k: int, search: Search = "auto"
) -> Neighbours:
    """Find neighbours of the same label, (n, d) and codes (n,), and count all points within their distance.

    Labels of m members have at most m - 1 neighbours, and k is lowered to that (Ross 2014).
    """
    members = np.bincount(labels)[labels]
    which = np.minimum(k, members - 1)
    if _use_tree(search, x.shape[1]):
        found = _by_label_trees(x, labels, which)
    else:
        apart = np.asarray(labels[:, None] * (2.0 * max(float(np.ptp(x, axis=0).max()), 1e-300)), np.float64)
        found = _by_brute_force(x, apart, which, labelled=True)
    return Neighbours(found.radius, found.k, found.nearer_x, found.within_x, members - 1, members - 1)


def _use_tree(search: Search, dimensions: int) -> bool:
    if search == "auto":
        return dimensions <= _TREE_DIMENSIONS or find_spec("numba") is None
    return search == "tree"


def _by_brute_force(
    x: NDArray[np.float64], y: NDArray[np.float64], k: NDArray[np.int64], *, labelled: bool
) -> Neighbours:
    """Measure every distance: most on a grid, those within reach of a decision exactly."""
    from noiselaw.probes.compiled import neighbours, on_grid

    centred = [points - np.median(points, axis=0) for points in ([x] if labelled else [x, y])]
    reach = np.max([np.abs(points).max(axis=1) for points in centred], axis=0)
    edge = float(np.quantile(reach, 0.99)) * _FAR
    is_core = reach <= (edge if edge > 0 else np.inf)
    order = np.argsort(~is_core, kind="stable")
    core = order[: int(is_core.sum())]
    step = max(float(reach[core].max()) / _GRID_HALF, float(np.finfo(np.float64).tiny))
    grids: list[NDArray[Any]] = [on_grid(points[core], step) for points in centred]
    if labelled:
        grids.append(np.unique(y[order, 0], return_inverse=True)[1][None])
    radius, counts = neighbours(
        np.ascontiguousarray(x[order]), np.ascontiguousarray(y[order]), *grids, len(core), step, k[order], labelled
    )
    back = np.argsort(order, kind="stable")
    radius, counts = radius[back], counts[back]
    return Neighbours(radius, np.where(radius > 0, k, counts[:, 4] + 1), *counts[:, :4].T)


def _counted(points: NDArray[np.float64], radius: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many others are nearer than ``radius`` (n,), and how many at most as far."""
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    below = np.nextafter(radius, -np.inf)
    nearer = tree.query_ball_point(points, below, p=np.inf, return_length=True) - (radius > 0)
    within = tree.query_ball_point(points, radius, p=np.inf, return_length=True) - 1
    return nearer.astype(np.int64), within.astype(np.int64)


def _coincident(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many points equal each, itself included, (n,)."""
    _, inverse, members = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(members[inverse.ravel()], dtype=np.int64)


def _distance_to(points: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return each point's distance to its k-th other, (n,)."""
    from scipy.spatial import cKDTree

    distances, _ = cKDTree(points).query(points, [k + 1], p=np.inf)
    return np.asarray(distances, dtype=np.float64)[:, 0]


def _by_tree(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> Neighbours:
    pairs = np.column_stack([x, y])
    radius = _distance_to(pairs, k)
    which = np.full(len(x), k, np.int64)
    if (radius == 0).any():
        which = np.where(radius > 0, which, _coincident(pairs))
    return Neighbours(radius, which, *_counted(x, radius), *_counted(y, radius))


def _by_label_trees(x: NDArray[np.float64], labels: NDArray[np.int64], k: NDArray[np.int64]) -> Neighbours:
    radius = np.empty(len(x))
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        radius[rows] = _distance_to(x[rows], int(k[rows[0]]))
    if (radius == 0).any():
        k = np.where(radius > 0, k, _coincident(np.column_stack([x, labels])))
    nearer, within = _counted(x, radius)
    return Neighbours(radius, k, nearer, within, nearer, within)
