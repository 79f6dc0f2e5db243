"""A law laid through measurements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.fit.adequacy import FORMS, SIZE_FORMS, compare, doubt
from noiselaw.fit.diagnose import Evidence, diagnose, least_levels
from noiselaw.fit.errors import spread_of
from noiselaw.fit.minimise import Minimum, Residual, jacobian, minimise
from noiselaw.fit.paper import fit_as_published
from noiselaw.fit.points import Points, points_of
from noiselaw.fit.uncertainty import Deviance, Region, explore
from noiselaw.laws import LAWS, Law, Working, law_of
from noiselaw.laws.base import middle
from noiselaw.records import Fit, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from noiselaw.records import FloatArray, IntArray

__all__ = ["Protocol", "fit_law", "fit_points", "law_of", "protocol_of", "with_rivals"]

Protocol = Literal["recommended", "paper"]


def protocol_of(name: str) -> Protocol:
    """Return ``name`` if it is a protocol; else say which there are."""
    for known in get_args(Protocol):
        if name == known:
            return cast("Protocol", known)
    raise UsageError(f"protocol must be 'recommended' or 'paper'; got {name!r}.")


def fit_law(
    law: str | Law,
    x: ArrayLike,
    bits: ArrayLike,
    standard_error: ArrayLike | None = None,
    *,
    seeds: ArrayLike | None = None,
    shared_error: float | None = None,
    ceiling: float | None = None,
    protocol: Protocol = "recommended",
    confidence: float = 0.95,
    rivals: bool = True,
) -> Fit:
    """Lay ``law`` through measurements.

    Parameters
    ----------
    law
        A registered name (``"noise"``, ``"size"``, ...) or a law object.
    x
        Depths or sizes, (n,); for a joint law a pair (u, N) of such arrays.
    bits
        What was measured there, (n,), in bits. Values that are not finite are left out and counted.
    standard_error
        Their standard errors, (n,); without them the scatter about the curve sets the scale.
    seeds
        Which replicate each measurement belongs to, (n,): measurements of one replicate share held-out observations.
    shared_error
        The share of each error's variance that all measurements of a replicate have in common, from 0 to below 1.
        Estimated where it is not given: from replicates, or in one curve as what its scatter does not show of its
        standard errors. One curve without standard errors says nothing of it, and is taken to have none.
    ceiling
        Bits that no representation can exceed, such as the entropy of the labels.
    protocol
        ``recommended``, or ``paper`` to repeat the published procedure.
    confidence
        Of the intervals.
    rivals
        Whether to lay every other form through the same points too, to say how adequate the law is.

    Returns
    -------
    Fit
        Parameters that the data do not bound on both sides are NaN, with one-sided intervals; the best curve through
        the points stands in ``diagnostics["best"]`` all the same.

    Raises
    ------
    InputError
        If lengths differ or a value lies outside the law's domain.
    UsageError
        If there is no such law or protocol.

    Examples
    --------
    >>> import numpy as np
    >>> u = np.logspace(0, 4, 10)
    >>> fit = fit_law("noise", u, 0.5 * np.log2(1 + 15 * u / (u + 100)))
    >>> fit.status, round(fit.parameters["I_max"], 3), round(fit.parameters["u_bar"], 1)
    ('ok', 2.0, 100.0)
    """
    protocol = protocol_of(protocol)
    if shared_error is not None and not 0.0 <= shared_error < 1.0:
        raise UsageError(f"shared_error must lie in [0, 1); got {shared_error}. Pass a share of variance, or None.")
    chosen = law_of(law)
    points = points_of(chosen, x, bits, standard_error, seeds)
    fit = fit_points(
        chosen, points, shared_error=shared_error, ceiling=ceiling, protocol=protocol, confidence=confidence
    )
    return with_rivals([fit], [points])[0] if rivals else fit


def fit_points(
    law: Law,
    points: Points,
    *,
    shared_error: float | None = None,
    ceiling: float | None = None,
    protocol: Protocol = "recommended",
    confidence: float = 0.95,
) -> Fit:
    """Lay ``law`` through measurements already checked; arguments as in :func:`fit_law`."""
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"confidence must lie between 0 and 1; got {confidence}. Pass 0.95, for example.")
    if points.levels < least_levels(law):
        return _without_curve(law, points, ceiling, confidence)
    if protocol == "paper":
        return fit_as_published(law, points, confidence)
    return _recommended(law, points, shared_error, ceiling, confidence)


def with_rivals(fits: Sequence[Fit], curves: Sequence[Points]) -> list[Fit]:
    """Return ``fits`` with how every other form does on the same points in ``diagnostics["rivals"]``."""
    judged = [i for i, fit in enumerate(fits) if len(curves[i].x) == 1 and "best" in fit.diagnostics]
    done = list(fits)
    for forms, kind in ((FORMS, False), (SIZE_FORMS, True)):
        chosen = [i for i in judged if (fits[i].law == "size") == kind]
        for i, found in zip(chosen, compare([curves[i] for i in chosen], forms), strict=True):
            centre = middle(curves[i].x[0])
            more = {**fits[i].diagnostics, "rivals": found, "centre": centre}
            done[i] = replace(fits[i], reason=fits[i].reason + doubt(fits[i], found), diagnostics=more)
    return done


def _recommended(law: Law, points: Points, shared: float | None, ceiling: float | None, confidence: float) -> Fit:
    working = law.working(*points.x)
    residual = residual_of(law, working, points)
    found = _search(law, working, points, residual)
    lowest = int(np.argmin(found.cost))
    best = found.q[:, lowest]
    slope, rest = _linear(residual, working, best)
    spread = spread_of(points, rest, slope, shared)
    rise = max(spread.reference(confidence), 1e-18 * len(rest))
    region = explore(Deviance(residual, best, working, spread, confidence), rise)
    converged = bool(found.converged[lowest])
    return _fit_of(law, points, working, best, region, spread.shared, converged, ceiling, confidence)


def residual_of(law: Law, working: Working, points: Points) -> Residual:
    """Return the residuals, in units of their standard errors if known, as a function of working coordinates."""
    weight = 1.0 if points.error is None else 1.0 / points.error

    def residual(q: FloatArray, rows: IntArray) -> FloatArray:
        return np.asarray((law(working.natural(q)[:, :, None], *points.x) - points.bits) * weight)

    return residual


def _search(law: Law, working: Working, points: Points, residual: Residual) -> Minimum:
    """Search from every start of the law; the lowest sum of squares wins, nothing else."""
    starts = np.stack([working.of(theta) for theta in law.starts(points.bits, *points.x)], axis=1)
    return minimise(residual, starts, working.lower, working.upper)


def _linear(residual: Residual, working: Working, best: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return derivatives (n, p) and values (n,) of the residuals at ``best`` (p,)."""
    one, step = np.zeros(1, dtype=int), np.full(len(best), 1e-6)
    inside = np.clip(best, working.lower + step, working.upper - step)
    return jacobian(residual, inside[:, None], one, step)[0], residual(best[:, None], one)[0]


def _fit_of(
    law: Law,
    points: Points,
    working: Working,
    best: FloatArray,
    region: Region,
    shared: float,
    converged: bool,
    ceiling: float | None,
    confidence: float,
) -> Fit:
    theta, edge = working.natural(best), working.natural(region.q)
    ends = [working.open_ends[key] for key in sorted(region.reaches) if key in working.open_ends]
    unbounded = {pair for end in ends for pair in end.unbounded}
    intervals, parameters = {}, {}
    for i, parameter in enumerate(law.parameters):
        below, above = (parameter.name, -1) in unbounded, (parameter.name, 1) in unbounded
        low = parameter.lower if below else float(edge[i].min())
        high = parameter.upper if above else float(edge[i].max())
        intervals[parameter.name] = Interval(low, high, confidence)
        parameters[parameter.name] = float("nan") if below or above else float(theta[i])
    named = dict(zip(law.names, map(float, theta), strict=True))
    status, reason = diagnose(
        Evidence(
            law=law,
            levels=points.levels,
            converged=converged,
            parameters=named,
            intervals=intervals,
            open_kinds=frozenset(end.kind for end in ends),
            top_bits=float(points.bits[int(np.argmax(points.x[0]))]),
            ceiling=ceiling,
        )
    )
    residuals = points.bits - law(theta, *points.x)
    diagnostics: dict[str, Any] = {
        "protocol": "recommended",
        "best": named,
        "region": edge.T.tolist(),
        "open_kinds": sorted({end.kind for end in ends}),
        "largest": [float(x.max()) for x in points.x],
        "confidence": confidence,
        "shared_error": shared,
        "replicates": points.replicates,
        "left_out": points.left_out,
        "ceiling_bits": ceiling,
    }
    if law.variables == ("u",):
        diagnostics["levels"] = [means.tolist() for means in points.averaged]
    return Fit(
        law=LAWS.name_of(law),
        parameters=parameters,
        intervals=intervals,
        status=status,
        reason=reason,
        n_points=len(points.bits),
        x_range=(float(points.x[0].min()), float(points.x[0].max())),
        residual_sd=float(np.sqrt(residuals @ residuals / max(len(residuals) - len(theta), 1))),
        diagnostics=diagnostics,
    )


def _without_curve(law: Law, points: Points, ceiling: float | None, confidence: float) -> Fit:
    """Return a fit that says that there are too few levels."""
    nan = float("nan")
    unknown = {p.name: Interval(p.lower, p.upper, confidence) for p in law.parameters}
    status, reason = diagnose(
        Evidence(law, points.levels, True, dict.fromkeys(law.names, nan), unknown, (), nan, ceiling)
    )
    x = points.x[0]
    return Fit(
        law=LAWS.name_of(law),
        parameters=dict.fromkeys(law.names, nan),
        intervals=unknown,
        status=status,
        reason=reason,
        n_points=len(points.bits),
        x_range=(float(x.min()), float(x.max())) if len(x) else (nan, nan),
        diagnostics={"protocol": "recommended", "left_out": points.left_out, "confidence": confidence},
    )
