"""What may lie beyond the measurements: several forms at once, and widths that were right on other data.

No form of bits over depth and training size is established, and a small pilot identifies none. So every prediction is
the average of several forms, weighted by how closely they pass the points, and its interval is the forms' own (a
linearised fit with a weak prior) stretched by a factor that covered 95 % of what was hidden in published grids
(conformal; :mod:`noiselaw.fit.widths`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from noiselaw.errors import InputError, UsageError
from noiselaw.fit import widths
from noiselaw.fit.minimise import Residual, jacobian, minimise
from noiselaw.laws import LAWS
from noiselaw.laws.base import real

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.laws import Law, Working
    from noiselaw.records import FloatArray, IntArray

__all__ = ["FAR", "FORMS", "Expected", "Kind", "Member", "Outlook", "lay"]

#: Beyond this factor outside what was measured, a prediction is labelled an extrapolation.
FAR = 10.0
Kind = Literal["bits", "gain"]
#: By what they are functions of, the forms asked, by registered name. Along depth, Eq. 2 levels off and the straight
#: line in log u does not: they err on opposite sides, and more forms than these predict no better.
FORMS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("u",): ("noise", "log_linear"),
    ("u", "N"): ("joint", "joint_two_sided", "joint_capacity", "joint_bilinear"),
}
#: Half the width, in working coordinates, of the weak prior that keeps what the data leave open from being infinite.
_PRIOR = 3.0
#: Forms that miss the points by this many times more than the best (and more than noise explains) are not asked.
_MISSES, _LEAST_SD = 3.0, 0.02
#: Realised depths of one level differ by this much between replicates.
_SAME = 0.03


@dataclass(frozen=True)
class Expected:
    """A predicted number of bits: its value, its interval, and how far outside the measurements it lies.

    ``beyond`` is the largest factor by which a variable leaves the measured range, 1 inside it; above ten the number is
    ``extrapolated``.
    """

    value: float
    low: float
    high: float
    beyond: float = 1.0
    extrapolated: bool = False
    confidence: float = widths.CONFIDENCE


@dataclass(frozen=True, eq=False)
class Member:
    """One form as it was laid: best working coordinates ``q`` (p,), their covariance (p, p), and its share."""

    name: str
    law: Law
    working: Working
    q: FloatArray
    covariance: FloatArray
    sd: float
    freedom: int
    weight: float

    def bits(self, *x: FloatArray) -> FloatArray:
        """Return the form's bits at ``x``."""
        return self.law(self.working.natural(self.q), *x)

    def slopes(self, *x: FloatArray) -> FloatArray:
        """Return derivatives of the bits at ``x`` (n,) by working coordinate, (p, n)."""
        step = np.diag(np.full(len(self.q), 1e-3) * np.minimum(self.working.upper - self.working.lower, 1.0))
        low, high = self.working.lower[:, None], self.working.upper[:, None]
        below, above = np.clip(self.q[:, None] - step, low, high), np.clip(self.q[:, None] + step, low, high)
        length = np.diag(above - below)[:, None]
        moved = self.law(self.working.natural(above)[:, :, None], *x) - self.law(
            self.working.natural(below)[:, :, None], *x
        )
        return real(moved / length)


@dataclass(frozen=True, eq=False)
class Outlook:
    """Several forms through the same points.

    Parameters
    ----------
    variables
        ``("u",)`` or ``("u", "N")``.
    members
        The forms and their shares, which sum to one.
    smallest, largest
        The measured range of each variable.
    scatter
        Standard deviation of the points about the forms, in bits.
    ceiling
        Bits that nothing can exceed; NaN when unknown.
    surely
        Bits measured at the largest of each variable, less their error: below the ceiling no gain from there can exceed
        what that leaves; NaN when unknown.
    """

    variables: tuple[str, ...]
    members: tuple[Member, ...]
    smallest: tuple[float, ...]
    largest: tuple[float, ...]
    scatter: float
    ceiling: float = float("nan")
    surely: float = float("nan")

    def bits(self, **x: float) -> Expected:
        """Return the bits expected at ``u=...`` and ``N=...`` (the largest measured where not given)."""
        return self.ask("bits", [(1.0, self._point(x))])

    def gain(self, variable: str, factor: float, **x: float) -> Expected:
        """Return what ``factor`` times as much of ``variable`` adds at a point."""
        here = self._point(x)
        return self.ask("gain", [(1.0, self.times(here, variable, factor)), (-1.0, here)])

    def ask(self, kind: Kind, terms: Sequence[tuple[float, tuple[float, ...]]]) -> Expected:
        """Return the expected sum of bits at points, each with its coefficient, and the interval of that sum."""
        coefficients = np.array([term[0] for term in terms])
        x = tuple(np.array([term[1][i] for term in terms]) for i in range(len(self.variables)))
        value, low, high, beyond = (np.asarray(v).item() for v in self.weigh(kind, coefficients, x, self._room(terms)))
        return Expected(value, low, high, beyond, beyond > FAR * (1 + 1e-9))

    def weigh(
        self, kind: Kind, coefficients: FloatArray, x: tuple[FloatArray, ...], room: tuple[float, float]
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the sum of bits at ``x`` (n,) with ``coefficients`` (n,), its interval, and how far outside it lies.

        Pure arithmetic, so that it can be recorded; ``room`` is what the ceiling leaves at most and as far as expected.
        """
        value, stat = self._sum(coefficients[None], x)
        half = self._half(kind, stat, real(np.max(self._decades(x))))
        most, likely = room
        low, high = np.minimum(value - half, likely), np.minimum(value + half, most)
        return np.minimum(value, likely), low, high, real(np.max(self._beyond(x)))

    def room(self, start: tuple[float, ...] | None = None) -> tuple[float, float]:
        """Return what the ceiling leaves for bits, or for what is gained from ``start``: at most, and as expected."""
        return self._room([] if start is None else [(-1.0, start)])

    def surface(self, *x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the bits expected at many points (n,) and the ends of their intervals, (n,) each."""
        value, stat = self._sum(None, x)
        half = self._half("bits", stat, self._decades(x))
        top = self.ceiling if np.isfinite(self.ceiling) else np.inf
        return np.minimum(value, top), np.minimum(value - half, top), np.minimum(value + half, top)

    def centre(self, *x: FloatArray) -> FloatArray:
        """Return the bits expected at many points, without their intervals."""
        value = np.sum([member.weight * member.bits(*x) for member in self.members], axis=0)
        return np.minimum(value, self.ceiling) if np.isfinite(self.ceiling) else real(value)

    def times(self, point: tuple[float, ...], variable: str, factor: float) -> tuple[float, ...]:
        """Return ``point`` with ``factor`` times as much of ``variable``."""
        if not factor > 0:
            raise UsageError(f"A factor must be above 0; got {factor:g}. Pass 2, 5 or 10.")
        if variable not in self.variables:
            raise UsageError(f"This outlook knows {' and '.join(self.variables)}, not {variable!r}.")
        return tuple(
            value * factor if name == variable else value for name, value in zip(self.variables, point, strict=True)
        )

    def _point(self, x: dict[str, float]) -> tuple[float, ...]:
        for name, value in x.items():
            if name not in self.variables:
                raise UsageError(f"This outlook knows {' and '.join(self.variables)}, not {name!r}.")
            if not value > 0 or not np.isfinite(value):
                raise UsageError(f"{name} must be a number above 0; got {value:g}.")
        return tuple(float(x.get(name, top)) for name, top in zip(self.variables, self.largest, strict=True))

    def _sum(self, coefficients: FloatArray | None, x: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray]:
        # A linearised form that the data leave open may promise any number; no form asks for more than was ever needed.
        capped = len(self.variables) > 1
        most = widths.CAP[0] + widths.CAP[1] * self._decades(x) + 3.0 * self.scatter if capped else np.inf
        most = np.max(most) if coefficients is not None else most
        values, stats_ = [], []
        for member in self.members:
            bits, slopes = member.bits(*x), member.slopes(*x)
            if coefficients is not None:
                bits, slopes = coefficients @ bits, slopes @ coefficients.T
            error = np.sqrt(np.maximum(np.einsum("pn,pq,qn->n", slopes, member.covariance, slopes), 0.0))
            values.append(member.weight * bits)
            error = error * float(stats.t.ppf(0.5 + widths.CONFIDENCE / 2, member.freedom))
            stats_.append(member.weight * np.minimum(error, most))
        return np.sum(values, axis=0), np.sum(stats_, axis=0)

    def _half(self, kind: Kind, stat: FloatArray, decades: FloatArray | float) -> FloatArray:
        return widths.FACTORS[len(self.variables), kind] * (stat + widths.FLOOR + widths.PER_DECADE * decades)

    def _decades(self, x: tuple[FloatArray, ...]) -> FloatArray:
        """Return by how many tenfolds the depths at ``x`` exceed the deepest measured, (n,)."""
        return real(np.log10(np.maximum(x[0] / self.largest[0], 1.0)))

    def _beyond(self, x: tuple[FloatArray, ...]) -> FloatArray:
        outside = [
            np.maximum(values / high, low / values)
            for values, low, high in zip(x, self.smallest, self.largest, strict=True)
        ]
        return real(np.maximum(reduce(np.maximum, outside), 1.0))

    def _room(self, terms: Sequence[tuple[float, tuple[float, ...]]]) -> tuple[float, float]:
        """Return what the ceiling leaves at most and as far as is expected.

        For bits both are the ceiling itself; for a gain what is surely, and what is likely, still below it.
        """
        if not np.isfinite(self.ceiling):
            return float("inf"), float("inf")
        start = [point for coefficient, point in terms if coefficient < 0]
        if not start:
            return self.ceiling, self.ceiling
        here = self.ask("bits", [(1.0, start[0])])
        measured = np.allclose(start[0], self.largest, rtol=_SAME)
        low = min(float(np.fmax(here.low, self.surely)) if measured else here.low, self.ceiling)
        return self.ceiling - low, self.ceiling - max(here.value, low)


def lay(
    variables: tuple[str, ...],
    x: tuple[FloatArray, ...],
    bits: FloatArray,
    ceiling: float = float("nan"),
    near: Outlook | None = None,
) -> list[Outlook]:
    """Lay every form through one or many tables measured at the same points.

    Parameters
    ----------
    variables
        What ``x`` are.
    x
        One array (n,) for each; every point once (replicates averaged).
    bits
        (n,) or (k, n) for k tables.
    ceiling
        Bits that nothing can exceed.
    near
        An outlook that the tables were simulated from: where to start, so that many are laid soon.

    Raises
    ------
    InputError
        If no form has fewer parameters than there are points.
    """
    tables = np.atleast_2d(np.asarray(bits, dtype=float))
    laid = {}
    for name in FORMS[variables]:
        law = LAWS.build(name)
        if len(law.parameters) < tables.shape[1]:
            laid[name] = _lay_form(law, x, tables, _starts(law, x, tables.mean(axis=0), name, near))
    if not laid:
        raise InputError(
            f"{tables.shape[1]} points are too few to predict from; measure at 4 different levels or more."
        )
    return [
        _outlook(variables, x, {name: found[i] for name, found in laid.items()}, ceiling) for i in range(len(tables))
    ]


Laid = tuple["Law", "Working", "FloatArray", "FloatArray", float, int]


def _starts(law: Law, x: tuple[FloatArray, ...], bits: FloatArray, name: str, near: Outlook | None) -> list[FloatArray]:
    starts = list(law.starts(bits, *x))
    known = [m.working.natural(m.q) for m in near.members if m.name == name] if near else []
    return [*known, starts[0]] if known else starts


def _lay_form(law: Law, x: tuple[FloatArray, ...], tables: FloatArray, first: list[FloatArray]) -> list[Laid]:
    working = law.working(*x)
    starts = np.clip(
        np.stack([working.of(theta) for theta in first], axis=1), working.lower[:, None], working.upper[:, None]
    )
    k, s, p = len(tables), starts.shape[1], len(starts)

    def residual(q: FloatArray, rows: IntArray) -> FloatArray:
        return np.asarray(law(working.natural(q)[:, :, None], *x) - tables[rows // s])

    found = minimise(residual, np.tile(starts, k), working.lower, working.upper, max_steps=60, tolerance=1e-7)
    best = np.arange(k) * s + np.argmin(found.cost.reshape(k, s), axis=1)
    q, freedom = found.q[:, best], tables.shape[1] - p
    variance = np.maximum(found.cost[best] / freedom, 1e-12)
    slope = _slope(residual, working, q, np.arange(k) * s)
    prior = np.diag((1.0 / np.minimum(0.5 * (working.upper - working.lower), _PRIOR)) ** 2)
    curvature = np.einsum("knp,knq->kpq", slope, slope) / variance[:, None, None] + prior
    covariance = np.linalg.inv(curvature)
    return [(law, working, q[:, i], covariance[i], float(np.sqrt(variance[i])), freedom) for i in range(k)]


def _slope(residual: Residual, working: Working, q: FloatArray, rows: IntArray) -> FloatArray:
    step = 1e-5 * np.minimum(working.upper - working.lower, 1.0)
    inside = np.clip(q, (working.lower + step)[:, None], (working.upper - step)[:, None])
    return jacobian(residual, inside, rows, step)


def _outlook(variables: tuple[str, ...], x: tuple[FloatArray, ...], laid: dict[str, Laid], ceiling: float) -> Outlook:
    least = min(found[4] for found in laid.values())
    kept = {name: found for name, found in laid.items() if found[4] <= _MISSES * least + _LEAST_SD}
    weights = {name: (found[4] + _LEAST_SD) ** -2.0 for name, found in kept.items()}
    total = sum(weights.values())
    return Outlook(
        variables=variables,
        members=tuple(Member(name, *found, weights[name] / total) for name, found in kept.items()),
        smallest=tuple(float(values.min()) for values in x),
        largest=tuple(float(values.max()) for values in x),
        scatter=float(sum(weights[name] * found[4] for name, found in kept.items()) / total),
        ceiling=ceiling,
    )
