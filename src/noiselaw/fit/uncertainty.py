"""Everything that the data allow: the region of parameters that fit nearly as well as the best.

The profile-likelihood interval of any number, a parameter or one derived from several, is its range over this region.
One region therefore serves every interval, and what parameters do together is never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.fit.minimise import minimise
from noiselaw.randomness import generator

if TYPE_CHECKING:
    from noiselaw.fit.errors import Spread
    from noiselaw.fit.minimise import Residual
    from noiselaw.laws import Working
    from noiselaw.records import FloatArray, IntArray

__all__ = ["Deviance", "Region", "explore"]

#: Directions in which the edge is looked for from the best point, and from each point of a ridge.
_RAYS, _MANY_RAYS, _SIDE_RAYS = 160, 800, 10
#: How near its bound, as a share of its range, a coordinate counts as at it.
_AT_BOUND = 1e-6


@dataclass(frozen=True, eq=False)
class Region:
    """The edge of the region: ``q`` in working coordinates (p, m), and which bounds it reaches, as their keys."""

    q: FloatArray
    reaches: frozenset[tuple[int, str]]


@dataclass(frozen=True, eq=False)
class Deviance:
    """By how much the sum of squares exceeds its least value, corrected for errors in common.

    Parameters
    ----------
    residual, best, working
        The problem and its solution (p,) in working coordinates.
    spread
        How far the errors make parameters stray: the excess is multiplied by its ratio in the direction from the best.
    confidence
        Of the intervals.
    """

    residual: Residual
    best: FloatArray
    working: Working
    spread: Spread
    confidence: float

    def __call__(self, q: FloatArray) -> FloatArray:
        """Return the excess at points (p, m)."""
        both = self.residual(np.concatenate([self.best[:, None], q], axis=1), np.zeros(q.shape[1] + 1, dtype=int))
        cost = np.einsum("mn,mn->m", both, both)
        excess = cost[1:] - cost[0]
        return np.asarray(excess * self._ratio(q - self.best[:, None], excess))

    @cached_property
    def _least(self) -> float:
        return self.spread.least(self.confidence)

    def _ratio(self, away: FloatArray, excess: FloatArray) -> FloatArray:
        if self.spread.simple:
            return np.ones(away.shape[1])
        ratio, believed = self.spread.ratio(away, self.confidence)
        # Where the curve is far from linear, curvatures say little, and the least ratio is the safe one.
        linear = (excess > 0.5 * believed) & (excess < 2.0 * believed)
        return np.where(linear, ratio, self._least)


def explore(deviance: Deviance, rise: float) -> Region:
    """Find the edge of where ``deviance`` stays below ``rise``.

    Rays go out from the best point in all directions, and sideways from the ridges along the coordinates that the law
    names as its shape: the region may be bent, or wide where the best point is not.
    """
    best, working = deviance.best, deviance.working
    rays = _directions(deviance.spread.plain, working)
    q = _edge(deviance, np.repeat(best[:, None], rays.shape[1], axis=1), rays, rise)
    found = [best[:, None], q]
    if _reached(q, working):  # a region well inside its bounds is convex enough for the rays alone
        for j, values in working.shapes.items():
            ridge = _ridge(deviance, j, values)
            ridge = ridge[:, deviance(ridge) <= rise]
            side = _sideways(deviance, j)
            origins = np.repeat(ridge, side.shape[1], axis=1)
            found.append(_edge(deviance, origins, np.tile(side, (1, ridge.shape[1])), rise))
    q = np.concatenate(found, axis=1)
    return Region(q, _reached(q, working))


def _edge(deviance: Deviance, origins: FloatArray, rays: FloatArray, rise: float) -> FloatArray:
    """Follow each ray, bending it along bounds where it meets them, until ``deviance`` exceeds ``rise``."""
    low, high = deviance.working.lower[:, None], deviance.working.upper[:, None]

    def at(length: FloatArray) -> FloatArray:
        return np.clip(origins + length * rays, low, high)

    near, far = np.zeros(rays.shape[1]), np.full(rays.shape[1], 0.5 * np.sqrt(rise))
    for _ in range(60):
        inside = deviance(at(far)) <= rise
        near = np.where(inside, far, near)
        # A ray that is past every bound it can meet stands still: its edge is there.
        moved = origins + far * rays
        moving = inside & np.any((rays != 0) & (moved > low) & (moved < high), axis=0)
        if not moving.any():
            break
        far = np.where(moving, 2.0 * far, far)
    for _ in range(16):
        half = 0.5 * (near + far)
        inside = deviance(at(half)) <= rise
        near, far = np.where(inside, half, near), np.where(inside, far, half)
    return at(near)


def _directions(curvature: FloatArray, working: Working) -> FloatArray:
    """Return rays (p, m), each as long as changes the sum of squares by about one near the best point."""
    p = len(curvature)
    values, vectors = np.linalg.eigh(curvature)
    longest = float(np.max(np.minimum(working.upper - working.lower, 10.0)))
    lengths = 1.0 / np.sqrt(np.maximum(values, 1.0 / longest**2))
    if p <= 2:
        angles = np.arange(_RAYS) * (2.0 * np.pi / _RAYS)
        unit = np.stack([np.cos(angles), np.sin(angles)])[:p]
    else:
        unit = _unit(p, _MANY_RAYS)
    return np.asarray(vectors @ (lengths[:, None] * unit))


def _unit(p: int, count: int) -> FloatArray:
    """Return ``count`` opposite pairs of fixed directions in p dimensions, (p, count)."""
    if p == 1:
        return np.array([[1.0, -1.0]])
    half = generator(0, "rays", p).standard_normal((p, count // 2))
    return np.asarray(np.concatenate([half, -half], axis=1) / np.tile(np.linalg.norm(half, axis=0), 2))


def _sideways(deviance: Deviance, j: int) -> FloatArray:
    """Return rays (p, m) that leave coordinate ``j`` as it is."""
    others = [i for i in range(len(deviance.best)) if i != j]
    widths = np.sqrt(1.0 / np.maximum(np.diag(deviance.spread.plain)[others], 1e-2))
    rays = np.zeros((len(deviance.best), len(_unit(len(others), _SIDE_RAYS)[0])))
    rays[others] = widths[:, None] * _unit(len(others), _SIDE_RAYS)
    return rays


def _ridge(deviance: Deviance, j: int, values: FloatArray) -> FloatArray:
    """Return the best points (p, m) with coordinate ``j`` held at each of ``values``."""
    best, working = deviance.best, deviance.working
    others = [i for i in range(len(best)) if i != j]

    def whole(q: FloatArray, rows: IntArray) -> FloatArray:
        full = np.empty((len(best), q.shape[1]))
        full[others], full[j] = q, values[rows]
        return full

    found = minimise(
        lambda q, rows: deviance.residual(whole(q, rows), np.zeros_like(rows)),
        np.repeat(best[others][:, None], len(values), axis=1),
        working.lower[others],
        working.upper[others],
        max_steps=40,
        tolerance=1e-6,
    )
    return whole(found.q, np.arange(len(values)))


def _reached(q: FloatArray, working: Working) -> frozenset[tuple[int, str]]:
    margin = _AT_BOUND * (working.upper - working.lower)
    reached = set()
    for i in range(len(q)):
        if np.any(q[i] <= working.lower[i] + margin[i]):
            reached.add((i, "lower"))
        if np.any(q[i] >= working.upper[i] - margin[i]):
            reached.add((i, "upper"))
    return frozenset(reached)
