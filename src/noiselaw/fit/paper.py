"""The published procedure, choice by choice, kept to repeat the paper's numbers and not for new ones.

Unweighted least squares from one start in the authors' own parametrisation, by the MINPACK routine and with the
transformation of bounded parameters (``value = √(v² + 1) − 1``) that their minimiser uses.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import leastsq

from noiselaw.errors import UsageError
from noiselaw.laws import LAWS, Law, NoiseLaw, SizeLaw
from noiselaw.records import Fit, Interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from noiselaw.fit.points import Points
    from noiselaw.records import FloatArray

__all__ = ["fit_as_published"]

_LOOKS = "The published rule calls this fit poorly constrained: "


@dataclass(frozen=True)
class Parametrisation:
    """How the authors wrote a law: parameter names, start, the curve, and the way to the law's parameters."""

    names: tuple[str, ...]
    start: tuple[float, ...]
    curve: Callable[[FloatArray, FloatArray], FloatArray]
    natural: Callable[[FloatArray], FloatArray]


def _noise(p: FloatArray, u: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.log2((1.0 + p[1] * u) / (1.0 + p[0] * u)))


def _noise_natural(p: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.array([0.5 * np.log2(p[1] / p[0]), 1.0 / p[0]])


def _size(p: FloatArray, n: FloatArray) -> FloatArray:
    return np.asarray(p[2] - np.exp(-p[1] * np.log(n / p[0])))


def _size_natural(p: FloatArray) -> FloatArray:
    return np.array([p[2], p[0], p[1]])


_PUBLISHED: dict[type[Law], Parametrisation] = {
    NoiseLaw: Parametrisation(("A", "B"), (1e-2, 1e-2), _noise, _noise_natural),
    SizeLaw: Parametrisation(("A", "B", "C"), (100.0, 1e-5, 1.0), _size, _size_natural),
}


def fit_as_published(law: Law, points: Points, confidence: float) -> Fit:
    """Lay ``law`` through ``points`` as the paper did; a dash there is status ``poorly_constrained`` here.

    Raises
    ------
    UsageError
        If the paper fitted no such law.
    """
    if type(law) not in _PUBLISHED:
        known = " and ".join(repr(LAWS.name_of(kind())) for kind in _PUBLISHED)
        raise UsageError(f"The paper fitted {known} only; use protocol='recommended' for {LAWS.name_of(law)!r}.")
    form = _PUBLISHED[type(law)]
    p, errors = _least_squares(form, points.x[0], points.bits)
    theta = form.natural(p)
    status, reason = _judge(form.names, p, errors)
    best = dict(zip(law.names, map(float, theta), strict=True))
    residuals = points.bits - form.curve(p, points.x[0])
    diagnostics: dict[str, Any] = {
        "protocol": "paper",
        "best": best,
        "published": dict(zip(form.names, map(float, p), strict=True)),
        "published_errors": dict(zip(form.names, map(float, errors), strict=True)),
        "region": [list(map(float, theta))],
        "open_kinds": [],
        "largest": [float(points.x[0].max())],
        "confidence": confidence,
        "left_out": points.left_out,
        "ceiling_bits": None,
    }
    return Fit(
        law=LAWS.name_of(law),
        parameters=best if status == "ok" else dict.fromkeys(law.names, float("nan")),
        intervals=_intervals(law, form, p, errors, theta, confidence),
        status=status,
        reason=reason,
        n_points=len(points.bits),
        x_range=(float(points.x[0].min()), float(points.x[0].max())),
        residual_sd=float(np.sqrt(residuals @ residuals / max(len(residuals) - len(p), 1))),
        diagnostics=diagnostics,
    )


def _least_squares(form: Parametrisation, x: FloatArray, bits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the authors' parameters and their standard errors, NaN where the minimiser gives none."""

    def outside(v: FloatArray) -> FloatArray:
        return np.asarray(np.sqrt(v * v + 1.0) - 1.0)

    def differences(v: FloatArray) -> Any:
        return form.curve(outside(v), x) - bits

    inner: Any = np.sqrt((np.array(form.start) + 1.0) ** 2 - 1.0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a search that ends at a bound warns; the missing error below says so
        found: Any = leastsq(
            differences,
            inner,
            full_output=True,
            ftol=1.5e-8,
            xtol=1.5e-8,
            maxfev=2000 * (len(inner) + 1),
        )
    v, covariance = found[:2]
    p = outside(v)
    if covariance is None:
        return p, np.full(len(p), np.nan)
    residuals = form.curve(p, x) - bits
    variance = residuals @ residuals / max(len(bits) - len(p), 1)
    slope = v / np.sqrt(v * v + 1.0)
    return p, np.abs(slope) * np.sqrt(np.maximum(np.diag(covariance), 0.0) * variance)


def _judge(names: tuple[str, ...], p: FloatArray, errors: FloatArray) -> tuple[str, str]:
    for name, value, error in zip(names, p, errors, strict=True):
        if np.isnan(error):
            return "poorly_constrained", f"{_LOOKS}the minimiser gives no standard error for {name}."
        if error >= value:
            return (
                "poorly_constrained",
                f"{_LOOKS}{name} = {value:.3g} with a standard error of {error:.3g}.",
            )
    return "ok", "Every standard error is smaller than its parameter, which is the published rule."


def _intervals(
    law: Law, form: Parametrisation, p: FloatArray, errors: FloatArray, theta: FloatArray, confidence: float
) -> dict[str, Interval]:
    """Return two standard errors either way, carried linearly and without the covariance, as the paper's bands are."""
    shifts = []
    for i, error in enumerate(errors):
        step = 1e-6 * max(abs(p[i]), 1e-12)
        moved = p.copy()
        moved[i] += step
        shifts.append((form.natural(moved) - theta) / step * error)
    spread = 2.0 * np.sqrt(np.sum(np.square(shifts), axis=0))
    return {
        parameter.name: Interval(
            max(parameter.lower, float(theta[i] - spread[i])) if np.isfinite(spread[i]) else parameter.lower,
            float(theta[i] + spread[i]) if np.isfinite(spread[i]) else parameter.upper,
            confidence,
        )
        for i, parameter in enumerate(law.parameters)
    }
