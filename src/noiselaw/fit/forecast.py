"""What the next measurement beyond the measured depths will give, with an interval that has been held to account.

No single form predicts deeper measurements best, and none of their own intervals hold what they promise. So two forms
that bracket the future, Eq. 2 (levels off) and a straight line in log u (does not), are averaged by how well they fit;
and the width is what past curves needed: the published measurements, their highest levels hidden
(``benchmarks/holdout.py`` makes the table below and tests it on data sets that did not make it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from noiselaw.errors import InputError
from noiselaw.laws import law_of

if TYPE_CHECKING:
    from noiselaw.records import Fit, FloatArray

__all__ = ["AVERAGED", "FLOOR", "WIDTHS", "average", "forecast"]

#: The forms averaged.
AVERAGED = ("noise", "log_linear")
#: Scatter in bits that is added to a curve's own: few points may lie on a line by chance.
FLOOR = 0.05
#: Decades beyond the highest level, and the half-width of the 95 % interval in units of the scatter.
WIDTHS = ((0.0, 2.3), (1 / 3, 3.21), (2 / 3, 4.98), (1.0, 6.73))


def average(predicted: FloatArray, scatter: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of forms ``predicted`` (forms, ...) by their scatter (forms, ...), and the mean scatter.

    A form's weight is one over its residual variance.
    """
    weight = 1.0 / (scatter**2 + 1e-4)
    weight = weight / weight.sum(axis=0)
    mean = (weight * predicted).sum(axis=0)
    return mean, np.sqrt((weight * scatter**2).sum(axis=0) + FLOOR**2)


def forecast(fit: Fit, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the bits that a new measurement at depth ``x`` is expected to give, with the ends of their interval.

    Raises
    ------
    InputError
        If ``fit`` is not of Eq. 2 with its rivals.
    """
    rivals: dict[str, Any] = fit.diagnostics.get("rivals", {})
    if not set(AVERAGED) <= set(rivals):
        raise InputError("A forecast needs a fit of a law of depth with its rivals. Call fit_law(..., rivals=True).")
    relative = np.maximum(np.asarray(x, dtype=float) / float(fit.diagnostics["centre"]), 1e-12)
    forms = [(law_of(name), rivals[name]) for name in AVERAGED]
    predicted = np.stack([law(np.array(rival["theta"]), relative) for law, rival in forms])
    scatter = np.array([rival["residual_sd"] for _, rival in forms])
    mean, spread = average(predicted, scatter.reshape(-1, *[1] * relative.ndim))
    low, depth, high = (np.log10(np.maximum(value, 1e-300)) for value in (fit.x_range[0], x, fit.x_range[1]))
    beyond = np.maximum(depth - high, low - depth)
    half = _width(np.maximum(beyond, 0.0), float(fit.diagnostics["confidence"])) * spread
    return mean, mean - half, mean + half


def _width(decades: FloatArray, confidence: float) -> FloatArray:
    """Return the half-width in units of the scatter; beyond the last decade on record it grows as the square root."""
    known, widths = np.array(WIDTHS).T
    inside = np.interp(decades, known, widths)
    further = np.sqrt(np.maximum(decades / known[-1], 1.0))
    return np.asarray(inside * further * stats.norm.ppf(0.5 + confidence / 2.0) / stats.norm.ppf(0.975))
