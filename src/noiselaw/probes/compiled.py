"""Nearest neighbours in the maximum norm by brute force, compiled. Imported only where it is used: numba is heavy.

In eight dimensions and more a tree visits most points anyway, at a branch each. Here every distance is computed, but
first in steps of a grid of 16-bit integers, 32 at a time in one vector instruction; a distance on the grid is off by
at most one step, so only the few neighbours within reach of a decision are measured again in double precision.
Radii and counts are therefore exactly those of a tree.

Points lie dimension by dimension on the grid, (d, columns), and row by row in double precision, (n, d). The first
``n_core`` points are on the grid; the rest are outliers that would stretch it, and are always measured exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FARTHEST", "neighbours", "on_grid"]

#: Columns examined together.
_CHUNK = 256
#: Largest distance on the grid; 32767 marks what is no neighbour.
FARTHEST = 32766
_NONE = 32767

_options = {"cache": True, "nogil": True, "error_model": "numpy", "boundscheck": False}


def on_grid(points: NDArray[np.float64], step: float) -> NDArray[np.int16]:
    """Return centred points (n, d) in whole steps, (d rounded up to 4, n rounded up to a chunk); what is added is 0."""
    n_points, n_dims = points.shape
    grid = np.zeros((-(-n_dims // 4) * 4, -(-n_points // _CHUNK) * _CHUNK), dtype=np.int16)
    grid[:n_dims, :n_points] = np.rint(points.T / step)
    return grid


@njit(**_options)
def _grid_distances(grid, i, n_core, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the distances of point ``i`` of ``grid`` (d, columns) to all points into ``out`` (columns,)."""
    for d in range(0, grid.shape[0], 4):
        p0, p1, p2, p3 = grid[d], grid[d + 1], grid[d + 2], grid[d + 3]
        c0, c1, c2, c3 = p0[i], p1[i], p2[i], p3[i]
        first = d == 0
        # written out: the casts keep every number in 16 bits, and four dimensions share one load and store of ``out``
        if first:
            for j in range(out.shape[0]):
                a, b = np.int16(p0[j] - c0), np.int16(p1[j] - c1)
                e, f = np.int16(p2[j] - c2), np.int16(p3[j] - c3)
                a = a if a > 0 else np.int16(-a)
                b = b if b > 0 else np.int16(-b)
                e = e if e > 0 else np.int16(-e)
                f = f if f > 0 else np.int16(-f)
                a = a if a > b else b
                e = e if e > f else f
                out[j] = a if a > e else e
        else:
            for j in range(out.shape[0]):
                a, b = np.int16(p0[j] - c0), np.int16(p1[j] - c1)
                e, f = np.int16(p2[j] - c2), np.int16(p3[j] - c3)
                a = a if a > 0 else np.int16(-a)
                b = b if b > 0 else np.int16(-b)
                e = e if e > 0 else np.int16(-e)
                f = f if f > 0 else np.int16(-f)
                a = a if a > b else b
                e = e if e > f else f
                a = a if a > e else e
                g = out[j]
                out[j] = a if a > g else g
    out[n_core:] = _NONE


@njit(**_options)
def _other_labels(codes, i, n_core, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write 0 for points with the label of point ``i`` and no neighbour for the others."""
    for j in range(n_core):
        out[j] = np.int16(0) if codes[j] == codes[i] else np.int16(_NONE)
    out[n_core:] = _NONE


@njit(**_options)
def _exact(points, i, j):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the distance between rows ``i`` and ``j`` of ``points`` (n, d)."""
    largest = 0.0
    for d in range(points.shape[1]):
        gap = abs(points[i, d] - points[j, d])
        largest = gap if gap > largest else largest
    return largest


@njit(**_options)
def _insert(best, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put ``value`` into the sorted ``best`` (k,), dropping its largest."""
    slot = best.shape[0] - 1
    while slot > 0 and best[slot - 1] > value:
        best[slot] = best[slot - 1]
        slot -= 1
    best[slot] = value


@njit(**_options)
def _nearest_in_chunks(a, b, minima):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write into ``minima`` the smallest joint grid distance of each chunk."""
    for c in range(minima.shape[0]):
        u, v = a[c * _CHUNK : (c + 1) * _CHUNK], b[c * _CHUNK : (c + 1) * _CHUNK]
        smallest = np.int16(_NONE)
        for j in range(_CHUNK):
            joint = u[j] if u[j] > v[j] else v[j]
            smallest = joint if joint < smallest else smallest
        minima[c] = smallest


@njit(**_options)
def _radius(a, b, minima, x, y, i, n_core, grid_best, best):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the exact joint distance of the k-th neighbour of ``i``; ``best`` and ``grid_best`` (k,) are scratch."""
    grid_best[:] = _NONE
    k = best.shape[0]
    for c in range(minima.shape[0]):
        if minima[c] < grid_best[k - 1]:
            for j in range(c * _CHUNK, (c + 1) * _CHUNK):
                joint = max(a[j], b[j])
                if joint < grid_best[k - 1] and j != i:
                    _insert(grid_best, joint)
    reach = min(int(grid_best[k - 1]) + 2, FARTHEST)
    best[:] = np.inf
    for c in range(minima.shape[0]):
        if minima[c] <= reach:
            for j in range(c * _CHUNK, (c + 1) * _CHUNK):
                if a[j] <= reach and b[j] <= reach and j != i:
                    joint = max(_exact(x, i, j), _exact(y, i, j))
                    if joint < best[k - 1]:
                        _insert(best, joint)
    for j in range(n_core, x.shape[0]):
        joint = max(_exact(x, i, j), _exact(y, i, j))
        if joint < best[k - 1]:
            _insert(best, joint)
    return best[k - 1]


@njit(**_options)
def _within(distances, points, i, n_core, radius, step):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return how many points other than ``i`` lie nearer than ``radius``, and how many at most as far."""
    steps = radius / step
    sure = np.int16(min(max(np.floor(steps) - 2, -1), FARTHEST))
    possible = np.int16(min(np.ceil(steps) + 2, FARTHEST))
    nearer = at_most = 0
    for c in range(distances.shape[0] // _CHUNK):
        part = distances[c * _CHUNK : (c + 1) * _CHUNK]
        n_sure, n_possible = np.int16(0), np.int16(0)
        for j in range(_CHUNK):
            n_sure = np.int16(n_sure + np.int16(part[j] <= sure))
            n_possible = np.int16(n_possible + np.int16(part[j] <= possible))
        nearer += int(n_sure)
        at_most += int(n_sure)
        if n_possible != n_sure:
            for j in range(_CHUNK):
                if sure < part[j] <= possible:
                    gap = _exact(points, i, c * _CHUNK + j)
                    nearer += gap < radius
                    at_most += gap <= radius
    for j in range(n_core, points.shape[0]):
        gap = _exact(points, i, j)
        nearer += gap < radius
        at_most += gap <= radius
    return nearer - (radius > 0), at_most - 1


@njit(**_options)
def _exactly(x, y, i, best):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return what the grid gives, without it: for points that are not on it."""
    best[:] = np.inf
    k = best.shape[0]
    for j in range(x.shape[0]):
        joint = max(_exact(x, i, j), _exact(y, i, j))
        if joint < best[k - 1] and j != i:
            _insert(best, joint)
    radius = best[k - 1]
    nearer_x = nearer_y = at_most_x = at_most_y = 0
    for j in range(x.shape[0]):
        gap_x, gap_y = _exact(x, i, j), _exact(y, i, j)
        nearer_x += gap_x < radius
        nearer_y += gap_y < radius
        at_most_x += gap_x <= radius
        at_most_y += gap_y <= radius
    own = radius > 0
    return radius, nearer_x - own, at_most_x - 1, nearer_y - own, at_most_y - 1


@njit(**_options)
def _coincident(x, y, i):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return how many points other than ``i`` equal it in x and y."""
    same = 0
    for j in range(x.shape[0]):
        same += _exact(x, i, j) == 0 and _exact(y, i, j) == 0
    return same - 1


@njit(**_options)
def neighbours(x, y, grid_x, grid_y, n_core, step, k, labelled):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return each point's k-th neighbour in the joint space and how many points lie within its distance.

    Parameters
    ----------
    x, y
        (n, d) and (n, p), centred. For labels, y is (n, 1): codes so far apart that no distance in x reaches another.
    grid_x, grid_y
        The first ``n_core`` rows as :func:`on_grid` gives them. For labels, ``grid_y`` is (1, n) codes.
    n_core, step
        How many points are on the grid, and its step.
    k
        Which neighbour, (n,); at most one less than the members of a label.
    labelled
        Whether y is labels.

    Returns
    -------
    radius
        (n,) float64: the k-th neighbour's distance.
    counts
        (n, 5): others nearer in x, at most as far in x, nearer in y, at most as far in y; coincident where radius is 0.
    """
    n = x.shape[0]
    radius = np.empty(n)
    counts = np.zeros((n, 5), dtype=np.int64)
    columns = grid_x.shape[1]
    a, b = np.empty(columns, np.int16), np.empty(columns, np.int16)
    minima = np.empty(columns // _CHUNK, np.int16)
    most = k.max()
    grid_best, best = np.empty(most, np.int16), np.empty(most)
    for i in range(n):
        if i < n_core:
            _grid_distances(grid_x, i, n_core, a)
            if labelled:
                _other_labels(grid_y[0], i, n_core, b)
            else:
                _grid_distances(grid_y, i, n_core, b)
            _nearest_in_chunks(a, b, minima)
            r = _radius(a, b, minima, x, y, i, n_core, grid_best[: k[i]], best[: k[i]])
            counts[i, 0], counts[i, 1] = _within(a, x, i, n_core, r, step)
            if not labelled:
                counts[i, 2], counts[i, 3] = _within(b, y, i, n_core, r, step)
        else:
            r, counts[i, 0], counts[i, 1], counts[i, 2], counts[i, 3] = _exactly(x, y, i, best[: k[i]])
        radius[i] = r
        if r == 0:
            counts[i, 4] = _coincident(x, y, i)
    return radius, counts
