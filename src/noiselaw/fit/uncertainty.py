"""Everything that the data allow: the region of parameters that fit nearly as well as the best.

The profile-likelihood interval of any number, a parameter or one derived from several, is its range over this region.
One region therefore serves every interval, and what parameters do together is never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from noiselaw.fit.minimise import Residual, jacobian
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from noiselaw.laws import Working
    from noiselaw.records import FloatArray

__all__ = ["Region", "explore", "quantile"]

#: Directions in which the region's edge is looked for, by number of parameters.
_RAYS = {1: 2, 2: 192, 3: 1200}
_MANY_RAYS = 3000
#: How near its bound, as a share of its range, a coordinate counts as at it.
_AT_BOUND = 1e-6


@dataclass(frozen=True, eq=False)
class Region:
    """The edge of the region: ``q`` in working coordinates (p, m), and which bounds it reaches, as their keys."""

    q: FloatArray
    reaches: frozenset[tuple[int, str]]


def quantile(confidence: float, freedom: float) -> float:
    """Return by how much a sum of squares may exceed its minimum, in units of the error variance."""
    return float(stats.t.ppf(0.5 + confidence / 2.0, freedom) ** 2)


def explore(residual: Residual, best: FloatArray, rise: float, working: Working) -> Region:
    """Find the edge of where the sum of squares exceeds its value at ``best`` (p,) by less than ``rise``.

    From ``best``, rays go out in all directions, bending along bounds where they meet them; on each, the edge is found
    by bisection.
    """
    rays = _directions(residual, best, working)
    rows = np.zeros(rays.shape[1], dtype=int)
    low, high = working.lower[:, None], working.upper[:, None]

    def inside(length: FloatArray) -> FloatArray:
        r = residual(np.clip(best[:, None] + length * rays, low, high), rows)
        return np.asarray(np.einsum("mn,mn->m", r, r) <= limit)

    start = residual(best[:, None], rows[:1])[0]
    limit = float(start @ start) + rise
    near, far = np.zeros(rays.shape[1]), np.full(rays.shape[1], 0.5 * np.sqrt(rise))
    for _ in range(60):
        grows = inside(far)
        near = np.where(grows, far, near)
        # A ray that is past every bound it meets stands still: its edge is there.
        moving = grows & np.any((best[:, None] + far * rays > low) & (best[:, None] + far * rays < high), axis=0)
        if not moving.any():
            break
        far = np.where(moving, 2.0 * far, far)
    for _ in range(24):
        half = 0.5 * (near + far)
        holds = inside(half)
        near, far = np.where(holds, half, near), np.where(holds, far, half)
    q = np.clip(best[:, None] + near * rays, low, high)
    return Region(np.concatenate([best[:, None], q], axis=1), _reached(q, working))


def _directions(residual: Residual, best: FloatArray, working: Working) -> FloatArray:
    """Return rays (p, m), each as long as changes the sum of squares by about one near ``best``."""
    p = len(best)
    step = np.full(p, 1e-6)
    centre = np.clip(best, working.lower + step, working.upper - step)
    slope = jacobian(residual, centre[:, None], np.zeros(1, dtype=int), step)[0]
    values, vectors = np.linalg.eigh(slope.T @ slope)
    longest = float(np.max(np.minimum(working.upper - working.lower, 10.0)))
    lengths = 1.0 / np.sqrt(np.maximum(values, 1.0 / longest**2))
    if p <= 2:
        angles = np.arange(_RAYS[p]) * (2.0 * np.pi / _RAYS[p])
        unit = np.stack([np.cos(angles), np.sin(angles)])[:p]
    else:
        half = generator(0, "rays", p).standard_normal((p, _RAYS.get(p, _MANY_RAYS) // 2))
        unit = np.concatenate([half, -half], axis=1) / np.tile(np.linalg.norm(half, axis=0), 2)
    return np.asarray(vectors @ (lengths[:, None] * unit))


def _reached(q: FloatArray, working: Working) -> frozenset[tuple[int, str]]:
    margin = _AT_BOUND * (working.upper - working.lower)
    reached = set()
    for i in range(len(q)):
        if np.any(q[i] <= working.lower[i] + margin[i]):
            reached.add((i, "lower"))
        if np.any(q[i] >= working.upper[i] - margin[i]):
            reached.add((i, "upper"))
    return frozenset(reached)
