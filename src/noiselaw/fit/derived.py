"""Numbers read off a fitted curve, with what the data allow for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy import stats

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.fit.domain import refuse_outside
from noiselaw.fit.outlook import lay
from noiselaw.laws import law_of
from noiselaw.records import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from noiselaw.laws import Law
    from noiselaw.records import Fit, FloatArray

__all__ = ["QUANTITIES", "Derived", "derive", "predict"]


@dataclass(frozen=True)
class Derived:
    """A number read off a curve: NaN where the data bound it on one side only; the interval then says which."""

    name: str
    value: float
    interval: Interval
    unit: str


@dataclass(frozen=True)
class Question:
    """What is read off, where, and by how much a variable is multiplied or which share of the plateau is wanted."""

    law: Law
    point: tuple[float, ...]
    along: int
    factor: float
    fraction: float
    bits: float

    def at(self, theta: FloatArray, factor: float = 1.0) -> FloatArray:
        """Return the curve's bits at the point, with the chosen variable multiplied by ``factor``."""
        x = [np.asarray(value * (factor if i == self.along else 1.0)) for i, value in enumerate(self.point)]
        return self.law(theta, *x)


#: What a prediction may be of.
KINDS = get_args(Literal["curve", "measurement", "forecast"])


def _plateau(ask: Question, theta: FloatArray) -> FloatArray:
    return np.asarray(ask.law.limits(theta)[1])


def _bits(ask: Question, theta: FloatArray) -> FloatArray:
    return ask.at(theta)


def _bits_lost(ask: Question, theta: FloatArray) -> FloatArray:
    return np.asarray(_plateau(ask, theta) - ask.at(theta))


def _gain(ask: Question, theta: FloatArray) -> FloatArray:
    return np.asarray(ask.at(theta, ask.factor) - ask.at(theta))


def _x_for_fraction(ask: Question, theta: FloatArray) -> FloatArray:
    return ask.law.inverse(theta, ask.fraction * _plateau(ask, theta))


def _x_for_bits(ask: Question, theta: FloatArray) -> FloatArray:
    reached = ask.law.inverse(theta, np.asarray(ask.bits))
    return np.where(np.isnan(reached), np.inf if ask.bits > 0 else np.nan, reached)


#: By name: how it is computed, its unit ("x" for that of the variable), and the ends that a curve which may still be
#: rising, or is flat already, leaves open: -1 below, +1 above, 0 neither.
QUANTITIES: dict[str, tuple[Callable[[Question, FloatArray], FloatArray], str, int, int]] = {
    "plateau": (_plateau, "bits", 1, 0),
    "bits": (_bits, "bits", 0, 0),
    "bits_lost": (_bits_lost, "bits", 1, 0),
    "gain": (_gain, "bits", 0, 0),
    "x_for_fraction": (_x_for_fraction, "x", 1, -1),
    "x_for_bits": (_x_for_bits, "x", 0, 0),
}


def derive(
    fit: Fit, quantity: str, *, factor: float = 10.0, fraction: float = 0.9, bits: float = np.nan, **where: float
) -> Derived:
    """Read a number off ``fit``, with its profile-likelihood interval (parameters vary together, not one by one).

    Parameters
    ----------
    fit
        From :func:`fit_law`.
    quantity
        A parameter's name, or ``plateau``, ``bits`` (of the curve), ``bits_lost`` (Eq. 7), ``gain`` (from ``factor``
        times as much), ``x_for_fraction`` (what reaches ``fraction`` of the plateau) or ``x_for_bits`` (Eq. 8).
    factor, fraction, bits
        What these ask for.
    **where
        The point, by the law's variables (``u=...``, ``N=...``); the largest measured where not given.

    Raises
    ------
    UsageError
        If there is no such quantity or variable, or what is asked for cannot be meant (a share of nothing, a depth
        that a joint law reaches on a whole line of sizes).
    InputError
        If the fit has no curve (too few levels), or the point lies outside the law's domain.
    """
    law = law_of(fit.law)
    best, edge = curve_of(fit)
    if quantity in law.names:
        i = law.names.index(quantity)
        return Derived(quantity, fit.parameters[quantity], fit.intervals[quantity], law.parameters[i].unit)
    if quantity not in QUANTITIES:
        raise UsageError(f"There is no quantity {quantity!r}. {nearest(quantity, [*law.names, *QUANTITIES])}")
    compute, unit, if_rising, if_flat = QUANTITIES[quantity]
    _refuse(quantity, law, factor, fraction, bits)
    ask = Question(law, _point(fit, law, where), _along(law, where), factor, fraction, bits)
    value = float(compute(ask, best))
    values = compute(ask, edge)
    values = values[~np.isnan(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (np.nan, np.nan)
    ends = {way for kind in fit.diagnostics["open_kinds"] for way in _opened(kind, if_rising, if_flat)}
    interval = Interval(
        (0.0 if unit == "x" else -np.inf) if -1 in ends else low,
        np.inf if 1 in ends else high,
        float(fit.diagnostics["confidence"]),
    )
    known = np.isfinite([interval.low, interval.high]).all() and -1 not in ends
    return Derived(quantity, value if known else np.nan, interval, law.variables[ask.along] if unit == "x" else unit)


def predict(
    fit: Fit, x: ArrayLike, *, kind: Literal["curve", "measurement", "forecast"] = "curve"
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return bits at ``x`` with the ends of their intervals, each like ``x``.

    Parameters
    ----------
    fit
        From :func:`fit_law`; its status says whether to trust the curve, predictions are made all the same.
    x
        Depths or sizes; for a joint law a pair (u, N).
    kind
        ``curve`` for where the law may lie if it is the right one; ``measurement`` for where a new measurement would
        fall (its scatter added); ``forecast`` for where it would fall if the law may also be wrong: the average of two
        forms, with the widths that past curves needed (see :mod:`noiselaw.fit.outlook`; the planner asks the same).

    Raises
    ------
    UsageError
        If there is no such kind.
    InputError
        If the fit has no curve (too few levels), or ``x`` lies outside the law's domain; where it is NaN, bits are too.
    """
    if kind not in KINDS:
        raise UsageError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}. {nearest(str(kind), KINDS)}")
    law = law_of(fit.law)
    best, edge = curve_of(fit)
    columns = _columns(law, x)
    flat = [column.ravel() for column in columns]
    refuse_outside(law, flat)
    unknown = np.any(np.isnan(flat), axis=0).reshape(columns[0].shape)
    if kind == "forecast":
        told = _forecast(fit, columns[0])
        return tuple(np.where(unknown, np.nan, part) for part in told)  # type: ignore[return-value]
    centre = law(best, *flat)
    band = law(edge[:, :, None], *flat)
    low, high = np.minimum(band.min(axis=0), centre), np.maximum(band.max(axis=0), centre)
    if kind == "measurement":
        scatter = _scatter(fit)
        low = centre - np.hypot(centre - low, scatter)
        high = centre + np.hypot(high - centre, scatter)
    return tuple(np.where(unknown, np.nan, part.reshape(unknown.shape)) for part in (centre, low, high))  # type: ignore[return-value]


def _columns(law: Law, x: ArrayLike) -> Sequence[FloatArray]:
    """Return one array for each variable of ``law``, all of one shape."""
    given = [x] if len(law.variables) == 1 else list(x)  # type: ignore[arg-type]
    if len(given) != len(law.variables):
        wanted = ", ".join(law.variables)
        raise InputError(f"This law needs x as ({wanted}), one array each; got {len(given)} of them.")
    return np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in given))


def _refuse(quantity: str, law: Law, factor: float, fraction: float, bits: float) -> None:
    """Refuse what cannot be meant by ``quantity``."""
    if quantity == "gain" and not (factor > 0 and np.isfinite(factor)):
        raise UsageError(f"factor must be above 0; got {factor:g}. Pass 10 for what ten times as much would add.")
    if quantity == "x_for_fraction" and not 0.0 < fraction < 1.0:
        raise UsageError(f"fraction must lie between 0 and 1; got {fraction:g}. Pass 0.9 for 90 %.")
    if quantity == "x_for_bits" and not np.isfinite(bits):
        raise UsageError(f"x_for_bits needs bits, the number to be reached; got {bits:g}. Pass bits=2.0, for example.")
    if quantity.startswith("x_for") and len(law.variables) > 1:
        raise UsageError(
            f"{quantity} asks for one depth, and a law of {' and '.join(law.variables)} reaches a number of bits on a "
            "whole line of them. Fit a law of depth to the rows of one size, or ask for bits at points of the line."
        )


def _forecast(fit: Fit, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    if "levels" not in fit.diagnostics:
        raise InputError("A forecast needs a fit of a law of depth with a curve. Fit 'noise', for example.")
    u, bits = (np.asarray(values, dtype=float) for values in fit.diagnostics["levels"])
    ceiling = fit.diagnostics["ceiling_bits"]
    deep = u > 0  # one of the two forms has no bits at 0
    (ahead,) = lay(("u",), (u[deep],), bits[deep], float("nan") if ceiling is None else ceiling)
    value, low, high = (part.reshape(x.shape) for part in ahead.surface(x.ravel()))
    wider = stats.norm.ppf(0.5 + float(fit.diagnostics["confidence"]) / 2.0) / stats.norm.ppf(0.975)
    return value, value - wider * (value - low), value + wider * (high - value)


def curve_of(fit: Fit) -> tuple[FloatArray, FloatArray]:
    """Return the best parameters (p,) and those on the edge of what the data allow (p, m)."""
    if "region" not in fit.diagnostics:
        raise InputError(f"There is no curve to read from: {fit.reason}")
    best = np.array([fit.diagnostics["best"][name] for name in law_of(fit.law).names])
    return best, np.asarray(fit.diagnostics["region"], dtype=float).T


def _scatter(fit: Fit) -> float:
    """Return how far a measurement falls from the curve at the fit's confidence, in bits."""
    freedom = max(fit.n_points - len(fit.parameters), 1)
    return fit.residual_sd * float(stats.t.ppf(0.5 + fit.diagnostics["confidence"] / 2.0, freedom))


def _opened(kind: str, if_rising: int, if_flat: int) -> set[int]:
    return ({if_rising} if kind in ("rising", "nothing") else set()) | (
        {if_flat} if kind in ("flat", "nothing") else set()
    )


def _along(law: Law, where: dict[str, float]) -> int:
    return 0 if len(law.variables) == 1 or "N" not in where or "u" in where else 1


def _point(fit: Fit, law: Law, where: dict[str, float]) -> tuple[float, ...]:
    for name in where:
        if name not in law.variables:
            raise UsageError(f"This law has no variable {name!r}. {nearest(name, law.variables)}")
    largest = dict(zip(law.variables, fit.diagnostics["largest"], strict=True))
    point = tuple(float(where.get(name, largest[name])) for name in law.variables)
    if np.isnan(point).any():
        raise InputError(f"The point to ask at must be numbers; got {where}. Pass a depth or a size.")
    refuse_outside(law, [np.array([value]) for value in point])
    return point
