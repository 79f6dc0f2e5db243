"""Is the law the right form? Every form through the same points, judged by AICc and by levels kept from it.

All curves of a table are searched together: one call evaluates every form at every start of every curve, with none,
one, two and three of its highest levels hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.fit.minimise import minimise
from noiselaw.laws import law_of
from noiselaw.laws.base import middle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.fit.points import Points
    from noiselaw.laws import Law
    from noiselaw.records import Fit, FloatArray, IntArray

__all__ = ["FORMS", "HIDDEN", "SIZE_FORMS", "Laid", "Padded", "compare", "doubt", "lay", "pad"]

#: A form this far behind by AICc has next to no support.
_CLEARLY = 10.0

#: Forms that are compared, by registered name: of depth, and of size.
FORMS = ("noise", "log_linear", "power", "hyperbola", "hill", "two_sided", "stretched")
SIZE_FORMS = ("size", "log_linear", "power", "hyperbola", "hill")
#: How many of the highest levels are hidden in turn.
HIDDEN = (0, 1, 2, 3)


@dataclass(frozen=True, eq=False)
class Laid:
    """One form through every curve, each with some levels hidden.

    Parameters
    ----------
    theta
        Best parameters for x divided by the curve's ``centre``, (p, c, h).
    cost
        Weighted sum of squares over what was fitted, (c, h).
    n_fitted
        (c, h).
    errors
        Predicted less measured bits, (c, h, n); NaN where there is no point.
    """

    theta: FloatArray
    cost: FloatArray
    n_fitted: IntArray
    errors: FloatArray


@dataclass(frozen=True, eq=False)
class Padded:
    """Curves of different lengths side by side: x over its centre, bits and weights (c, n), levels from the top."""

    x: FloatArray
    bits: FloatArray
    weight: FloatArray
    from_top: IntArray
    centre: FloatArray


def pad(curves: Sequence[Points]) -> Padded:
    """Gather ``curves``; absent points have weight 0."""
    shape = (len(curves), max(len(curve.bits) for curve in curves))
    x, bits, weight = np.ones(shape), np.zeros(shape), np.zeros(shape)
    from_top = np.zeros(shape, dtype=int)
    centre = np.array([middle(curve.x[0]) for curve in curves])
    for i, curve in enumerate(curves):
        n = len(curve.bits)
        x[i, :n] = np.maximum(curve.x[0] / centre[i], 1e-12)
        bits[i, :n] = curve.bits
        weight[i, :n] = 1.0 if curve.error is None else float(np.median(curve.error)) / curve.error
        labels = curve.labels
        from_top[i, :n] = labels.max() - labels
    return Padded(x, bits, weight, from_top, centre)


def lay(law: Law, padded: Padded, hidden: Sequence[int] = HIDDEN) -> Laid:
    """Lay ``law`` through every curve, with each number of its highest levels hidden."""
    c, n = padded.bits.shape
    kept = padded.weight[:, None] * (padded.from_top[:, None] >= np.array(hidden)[:, None])  # (c, h, n)
    starts = np.stack([_starts(law, padded, i) for i in range(c)], axis=1)  # (p, c, s)
    p, _, s = starts.shape
    h = len(hidden)
    curve, mask = (a.ravel() for a in np.meshgrid(np.arange(c), np.arange(h), indexing="ij"))
    curve, mask = np.repeat(curve, s), np.repeat(mask, s)
    working = law.working(np.array([0.5, 2.0]))

    def residual(q: FloatArray, rows: IntArray) -> FloatArray:
        at = curve[rows]
        bits = law(working.natural(q)[:, :, None], padded.x[at])
        return np.asarray((bits - padded.bits[at]) * kept[at, mask[rows]])

    first = np.broadcast_to(working.of(starts.reshape(p, -1)).reshape(p, c, 1, s), (p, c, h, s)).reshape(p, -1)
    found = minimise(residual, first, working.lower, working.upper, max_steps=60, tolerance=1e-9)
    cost = found.cost.reshape(c, h, s)
    best = np.argmin(cost, axis=2)[:, :, None]
    theta = working.natural(np.take_along_axis(found.q.reshape(p, c, h, s), best[None], axis=3)[..., 0].reshape(p, -1))
    theta = theta.reshape(p, c, h)
    errors = law(theta[..., None], padded.x[:, None]) - padded.bits[:, None]
    return Laid(
        theta=theta,
        cost=np.take_along_axis(cost, best, axis=2)[..., 0],
        n_fitted=(kept > 0).sum(axis=2),
        errors=np.where(padded.weight[:, None] > 0, errors, np.nan),
    )


def _starts(law: Law, padded: Padded, i: int) -> FloatArray:
    there = padded.weight[i] > 0
    return np.stack(law.starts(padded.bits[i, there], padded.x[i, there]), axis=1)


def aicc(cost: FloatArray, n: IntArray, parameters: int) -> FloatArray:
    """Return Akaike's criterion corrected for few points, the error variance being fitted too; inf where undefined."""
    k = parameters + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        value = n * np.log(np.maximum(cost, 1e-300) / n) + 2.0 * k + 2.0 * k * (k + 1) / (n - k - 1)
    return np.where(n > k + 1, value, np.inf)


def compare(curves: Sequence[Points], forms: Sequence[str] = FORMS) -> list[dict[str, dict[str, Any]]]:
    """Return how each form does on each curve.

    By form: ``aicc``; ``behind``, by how much it exceeds the least; ``hidden_1`` to ``hidden_3``, the mean absolute
    error in bits at the one to three highest levels, predicted from the rest (NaN where the rest has fewer levels than
    the form needs); ``residual_sd`` in bits, and ``theta``, the form's parameters for x in units of the curve's middle.
    """
    if not curves:
        return []
    padded = pad(curves)
    laid = {name: lay(law_of(name), padded) for name in forms}
    return [_summary(laid, padded, i) for i in range(len(curves))]


def _summary(laid: Mapping[str, Laid], padded: Padded, i: int) -> dict[str, dict[str, Any]]:
    """Return how each form did on curve ``i``."""
    levels = len(np.unique(padded.from_top[i, padded.weight[i] > 0]))
    rows: dict[str, dict[str, Any]] = {}
    for name, form in laid.items():
        p = len(form.theta)
        n = int(form.n_fitted[i, 0])
        row: dict[str, Any] = {
            "aicc": float(aicc(form.cost[i, 0], form.n_fitted[i, 0], p)),
            "residual_sd": float(np.sqrt(form.cost[i, 0] / max(n - p, 1))),
            "theta": form.theta[:, i, 0].tolist(),
        }
        for h, hidden in enumerate(HIDDEN[1:], start=1):
            errors = form.errors[i, h][(padded.from_top[i] < hidden) & (padded.weight[i] > 0)]
            enough = levels - hidden > p
            row[f"hidden_{hidden}"] = float(np.mean(np.abs(errors))) if enough and len(errors) else float("nan")
        rows[name] = row
    least = min(row["aicc"] for row in rows.values())
    for row in rows.values():
        row["behind"] = row["aicc"] - least if np.isfinite(least) else float("nan")
    return rows


def doubt(fit: Fit, rivals: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what to add to the sentence of a fit that another form clearly beats: a number that hides no doubt."""
    own = rivals.get(fit.law, {}).get("behind", np.nan)
    if fit.status != "ok" or not own > _CLEARLY:
        return ""
    best = min(rivals, key=lambda name: float(rivals[name]["aicc"]))
    return f" Another form ({best}) describes these points clearly better, so do not extrapolate this one."
