"""Bits over depth and size, by any means, behind one interface: laws, slices, and a Gaussian process.

A surface is laid through measurements and then answers ``(u, N) -> bits``. Laws say why; the references show what can
be predicted without knowing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.fit.curve import fit_law
from noiselaw.fit.derived import curve_of
from noiselaw.laws import law_of
from noiselaw.records import FloatArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["AVERAGED", "SURFACES", "Surface", "lay_surface"]

#: From depths and sizes of one shape to bits of that shape.
Surface = Callable[[FloatArray, FloatArray], FloatArray]

_LAWS = (
    "joint",
    "joint_estimation",
    "joint_capacity",
    "joint_two_sided",
    "joint_spike",
    "joint_spectrum",
    "joint_bilinear",
)
#: Least scatter, in bits, that a Gaussian process may believe in.
_QUIET = 0.005


def lay_surface(name: str, u: ArrayLike, n: ArrayLike, bits: ArrayLike) -> Surface:
    """Lay the surface ``name`` through bits measured at depths ``u`` after training on ``n`` observations, (m,) each.

    Raises
    ------
    UsageError
        If there is no such surface.
    InputError
        If there are too few measurements for it.
    """
    if name not in SURFACES:
        raise UsageError(f"There is no surface called {name!r}. {nearest(name, SURFACES)}")
    depth, size, y = (np.asarray(values, dtype=float).ravel() for values in (u, n, bits))
    known = np.isfinite(depth) & np.isfinite(size) & np.isfinite(y)
    if known.sum() < 6:
        raise InputError(f"A surface needs at least 6 measurements; got {int(known.sum())}.")
    return SURFACES[name](depth[known], size[known], y[known])


def _by_law(name: str) -> Callable[[FloatArray, FloatArray, FloatArray], Surface]:
    def lay(u: FloatArray, n: FloatArray, bits: FloatArray) -> Surface:
        fit = fit_law(name, (u, n), bits, rivals=False)
        best, _ = curve_of(fit)
        return lambda depth, size: law_of(name)(best, depth, size)

    return lay


def _slices(u: FloatArray, n: FloatArray, bits: FloatArray) -> Surface:
    """Lay Eq. 1 through the sizes of each depth, and Eq. 2 through what these predict (the paper's Fig. 2)."""
    levels = np.unique(u)
    by_size = []
    for level in levels:
        here = u == level
        fit = fit_law("size", n[here], bits[here], rivals=False)
        by_size.append(curve_of(fit)[0] if "region" in fit.diagnostics else np.array([bits[here].mean(), 1e-12, 1.0]))

    def surface(depth: FloatArray, size: FloatArray) -> FloatArray:
        depth, size = np.broadcast_arrays(np.asarray(depth, dtype=float), np.asarray(size, dtype=float))
        result = np.empty(depth.shape)
        for wanted in np.unique(size):
            column = np.array([law_of("size")(theta, np.array(wanted)) for theta in by_size])
            best, _ = curve_of(fit_law("noise", levels, column, rivals=False))
            here = size == wanted
            result[here] = law_of("noise")(best, depth[here])
        return result

    return surface


def _gaussian_process(u: FloatArray, n: FloatArray, bits: FloatArray) -> Surface:
    """Lay a Gaussian process in log u and log N over a plane with a twist; its scales by marginal likelihood."""

    def place(depth: FloatArray, size: FloatArray) -> FloatArray:
        return np.stack([np.log10(np.ravel(depth)), np.log10(np.ravel(size))], axis=1)

    def plane(at: FloatArray) -> FloatArray:
        return np.column_stack([np.ones(len(at)), at, at[:, 0] * at[:, 1]])

    def kernel(a: FloatArray, b: FloatArray, scales: FloatArray) -> FloatArray:
        far = ((a[:, None] - b) / scales[1:3]) ** 2
        return np.asarray(scales[0] ** 2 * np.exp(-0.5 * far.sum(axis=2)))

    at = place(u, n)
    trend = plane(at)

    def solved(scales: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        factor = cho_factor(kernel(at, at, scales) + scales[3] ** 2 * np.eye(len(at)), lower=True)
        weighted = cho_solve(factor, np.column_stack([trend, bits]))
        normal = trend.T @ weighted[:, :-1]
        slope = np.linalg.solve(normal, trend.T @ weighted[:, -1])
        rest = bits - trend @ slope
        solution = cho_solve(factor, rest)
        penalty = 2.0 * np.log(np.diag(factor[0])).sum() + np.linalg.slogdet(normal)[1]
        return slope, solution, float(rest @ solution + penalty)

    bounds: Any = np.log([[0.01, 5.0], [0.2, 10.0], [0.2, 10.0], [_QUIET, 1.0]])
    starts: Any = np.log([[0.3, 1.0, 1.0, 0.03], [0.1, 3.0, 3.0, 0.05], [1.0, 2.0, 0.7, 0.03]])
    search: Any = minimize
    tries = [search(lambda q: solved(np.exp(q))[2], start, method="L-BFGS-B", bounds=bounds) for start in starts]
    scales = np.exp(min(tries, key=lambda found: float(found.fun)).x)
    slope, solution, _ = solved(scales)

    def surface(depth: FloatArray, size: FloatArray) -> FloatArray:
        depth, size = np.broadcast_arrays(np.asarray(depth, dtype=float), np.asarray(size, dtype=float))
        wanted = place(depth, size)
        return np.asarray(plane(wanted) @ slope + kernel(wanted, at, scales) @ solution).reshape(depth.shape)

    return surface


def _average(u: FloatArray, n: FloatArray, bits: FloatArray) -> Surface:
    """Average four surfaces that err differently, weighted by one over their residual variance."""
    members = [SURFACES[name](u, n, bits) for name in AVERAGED]
    weights = np.array([1.0 / (np.mean((member(u, n) - bits) ** 2) + 1e-4) for member in members])
    weights /= weights.sum()

    def surface(depth: FloatArray, size: FloatArray) -> FloatArray:
        return np.asarray(sum(weight * member(depth, size) for weight, member in zip(weights, members, strict=True)))

    return surface


#: What is averaged: two laws that describe best, and two references without theory.
AVERAGED = ("joint", "joint_two_sided", "joint_bilinear", "gaussian_process")
#: By name: the laws of depth and size, the references, and the average, which predicts best.
SURFACES: dict[str, Callable[[FloatArray, FloatArray, FloatArray], Surface]] = {
    **{name: _by_law(name) for name in _LAWS},
    "slices": _slices,
    "gaussian_process": _gaussian_process,
    "average": _average,
}
