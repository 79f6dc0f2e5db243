"""Every registered law keeps the contract of :class:`noiselaw.laws.Law`."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from noiselaw.laws import LAWS
from noiselaw.randomness import generator

U, N = np.logspace(1, 4, 8), np.logspace(2, 5, 8)


def points(law):
    if law.variables == ("u", "N"):
        u, n = np.meshgrid(U, N)
        return u.ravel(), n.ravel()
    return (U,) if law.variables == ("u",) else (N,)


@pytest.fixture(params=LAWS.names())
def law(request):
    return LAWS.build(request.param)


def typical(law):
    """Parameters of a rising curve: where a search through rising points starts."""
    x = points(law)
    rising = 1.0 + 0.25 * sum(np.log10(column / column.min()) for column in x)
    return x, np.asarray(law.starts(rising, *x)[0], dtype=float)


def test_is_a_frozen_dataclass_that_names_and_describes_itself(law):
    assert is_dataclass(law) and law.__dataclass_params__.frozen
    assert all(f.init for f in fields(law))
    assert law.variables in (("u",), ("N",), ("u", "N"))
    assert law.formula and law.source and type(law).__doc__
    assert len(set(law.names)) == len(law.names) > 0
    for parameter in law.parameters:
        assert parameter.lower < parameter.upper
        assert parameter.meaning


def test_starts_lie_within_the_bounds_and_give_finite_bits(law):
    x, _ = typical(law)
    for theta in law.starts(1.0 + 0.25 * np.log10(x[0] / x[0].min()), *x):
        assert len(theta) == len(law.parameters)
        for value, parameter in zip(theta, law.parameters, strict=True):
            assert parameter.lower <= value <= parameter.upper
        assert np.isfinite(law(theta, *x)).all()


def test_evaluates_many_parameter_sets_as_it_does_one(law):
    x, _ = typical(law)
    thetas = np.stack(law.starts(1.0 + 0.25 * np.log10(x[0] / x[0].min()), *x), axis=1)
    together = law(thetas[:, :, None], *x)
    for i in range(thetas.shape[1]):
        assert together[i] == pytest.approx(law(thetas[:, i], *x), rel=1e-12)


def test_rises_with_depth_and_size(law):
    x, theta = typical(law)
    for i in range(len(x)):
        path = [np.full(40, np.median(column)) for column in x]
        path[i] = np.geomspace(x[i].min(), x[i].max(), 40)
        assert (np.diff(law(theta, *path)) >= -1e-12).all()


def test_working_coordinates_cover_the_curve(law):
    x, theta = typical(law)
    working = law.working(*x)
    q = working.of(theta)
    assert (working.lower < working.upper).all()
    assert law(working.natural(np.clip(q, working.lower, working.upper)), *x) == pytest.approx(law(theta, *x), abs=1e-6)
    rng = generator(0, "corners")
    corners = np.where(rng.random((len(q), 30)) < 0.5, working.lower[:, None], working.upper[:, None])
    inside = working.lower[:, None] + rng.random((len(q), 30)) * (working.upper - working.lower)[:, None]
    for q in (corners, inside):
        assert np.isfinite(law(working.natural(q)[:, :, None], *x)).all()
    assert {i for i, _ in working.open_ends} <= set(range(len(theta)))
    for end in working.open_ends.values():
        assert {name for name, _ in end.unbounded} <= set(law.names)


def test_inverse_finds_where_bits_are_reached_or_says_that_it_cannot(law):
    x, theta = typical(law)
    if len(law.variables) > 1:
        pytest.skip("a joint law has many points with equal bits")
    wanted = law(theta, *x)
    assert law.inverse(theta, wanted) == pytest.approx(x[0], rel=1e-6)
    low, high = law.limits(theta)
    assert low < high
    if np.isfinite(high):
        assert np.isnan(law.inverse(theta, np.array([high + 1.0]))).all()
