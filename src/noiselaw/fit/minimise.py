"""The search for best parameters: bounded least squares from many starts, and of many masked copies, at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.records import FloatArray, IntArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Minimum", "Residual", "minimise"]

#: A sum of squares below this is zero.
_EXACT = 1e-22
#: From points (p, m), and which search each belongs to (m,), to weighted residuals (m, n).
Residual = Callable[[FloatArray, IntArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where searches ended: ``q`` (p, m), ``cost`` (m,) as sums of squares, ``converged`` (m,)."""

    q: FloatArray
    cost: FloatArray
    converged: NDArray[np.bool_]


def jacobian(residual: Residual, q: FloatArray, rows: IntArray, step: FloatArray) -> FloatArray:
    """Return derivatives (m, n, p) of ``residual`` at ``q`` by central differences, all in one call."""
    p, m = q.shape
    shift = np.eye(p)[:, :, None] * step[:, None, None]
    moved = np.concatenate([q[:, None] + shift, q[:, None] - shift], axis=1)
    values = residual(moved.reshape(p, -1), np.tile(rows, 2 * p)).reshape(2, p, m, -1)
    return np.moveaxis((values[0] - values[1]) / (2.0 * step[:, None, None]), 0, -1)


def minimise(
    residual: Residual,
    starts: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    *,
    max_steps: int = 400,
    tolerance: float = 1e-13,
) -> Minimum:
    """Run a projected Levenberg-Marquardt search from each of ``starts``.

    Parameters
    ----------
    residual
        The residuals whose sum of squares is made small.
    starts
        (p, m); moved into the bounds.
    lower, upper
        (p,). Steps end at a bound, and a coordinate pressed against one is held there.
    max_steps
        Searches that take more are not converged.
    tolerance
        A search ends where the sum of squares falls by less than this share of itself.
    """
    low, high = lower[:, None], upper[:, None]
    step = 1e-6 * np.ones(len(lower))
    q = np.clip(starts, low, high).astype(float)
    everyone = np.arange(q.shape[1])
    r = residual(q, everyone)
    cost = np.einsum("mn,mn->m", r, r)
    damping = np.full(q.shape[1], 1e-3)
    failed = ~np.isfinite(cost)
    done = failed.copy()
    idle = np.zeros(q.shape[1], dtype=int)
    last = np.full(q.shape[1], np.inf)
    for _ in range(max_steps):
        rows = everyone[~done]
        if not rows.size:
            break
        at, now = q[:, rows], r[rows]
        # Differences are taken inside the bounds: a law may not be defined beyond them.
        inside = np.clip(at, low + step[:, None], high - step[:, None])
        slope = jacobian(residual, inside, rows, step)
        gradient = np.einsum("mnp,mn->pm", slope, now)
        held = ((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0))
        new = np.clip(at + _damped(slope, gradient, held, damping[rows]), low, high)
        new_r = residual(new, rows)
        new_cost = np.einsum("mn,mn->m", new_r, new_r)
        better = new_cost <= cost[rows]
        moved = np.max(np.abs(new - at) / (np.abs(at) + 1e-3), axis=0)
        gained = np.where(better, cost[rows] - new_cost, np.inf)
        still = gained <= tolerance * cost[rows]
        stuck = ~better & (moved < 1e-12)
        last[rows] = np.where(better, gained, last[rows])
        # A coordinate that has ceased to matter may wander on; the sum of squares decides.
        idle[rows] = np.where(gained <= 1e4 * tolerance * cost[rows], idle[rows] + 1, 0)
        kept = rows[better]
        q[:, kept], r[kept], cost[kept] = new[:, better], new_r[better], new_cost[better]
        damping[rows] = np.where(better, np.maximum(damping[rows] * 0.2, 1e-12), damping[rows] * 5.0)
        exact = better & (new_cost < _EXACT)
        done[rows[(still & (moved < 1e-7)) | stuck | exact | (idle[rows] > 8)]] = True
    # One that still creeps along a valley too flat to matter has arrived.
    done |= last <= 1e-6 * cost
    return Minimum(q, np.where(failed, np.inf, cost), done & ~failed)


def _damped(slope: FloatArray, gradient: FloatArray, held: NDArray[np.bool_], damping: FloatArray) -> FloatArray:
    """Return the damped Gauss-Newton step (p, m), zero for the coordinates in ``held`` (p, m)."""
    normal = np.einsum("mnp,mnq->mpq", slope, slope)
    each = np.arange(normal.shape[1])
    free = ~held.T
    normal = normal * (free[:, :, None] & free[:, None, :])
    scale = normal[:, each, each]
    scale = np.maximum(scale, 1e-12 * scale.max(axis=1, keepdims=True) + 1e-300)
    normal[:, each, each] += np.where(free, damping[:, None] * scale, 1.0)
    step: FloatArray = np.linalg.solve(normal, -(gradient.T * free)[:, :, None])[:, :, 0]
    return step.T
