import numpy as np
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.fit import fit_law, predict
from noiselaw.fit.surfaces import SURFACES, lay_surface
from noiselaw.laws import law_of
from noiselaw.randomness import generator

U, N = (v.ravel() for v in np.meshgrid(np.logspace(1, 4, 7), np.logspace(2.5, 5, 6)))
TRUE = np.array([2.5, 300.0, 400.0, 0.6, 0.8, 1.2])
BITS = law_of("joint")(TRUE, U, N)


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_passes_near_its_points_and_into_the_gaps(name):
    gap = (U == np.unique(U)[3]) & (N == np.unique(N)[3])
    surface = lay_surface(name, U[~gap], N[~gap], BITS[~gap])
    assert surface(U[gap], N[gap]) == pytest.approx(BITS[gap], abs=0.5 if name == "joint_bilinear" else 0.25)
    assert surface(U, N).shape == U.shape
    grid = surface(np.array([[10.0], [100.0]]), np.array([[500.0, 5000.0]]))
    assert grid.shape == (2, 2) and (np.diff(grid, axis=0) > 0).all()


def test_the_law_that_made_the_grid_is_found_again():
    fit = fit_law("joint", (U, N), BITS + 0.005 * generator(0, "grid").standard_normal(len(BITS)))
    assert fit.status == "ok"
    for value, (name, interval) in zip(TRUE, fit.intervals.items(), strict=True):
        assert interval.low <= value <= interval.high, name
    bits, low, high = predict(fit, (U, N))
    assert bits == pytest.approx(BITS, abs=0.02)
    assert (low <= BITS).mean() > 0.8 and (high >= BITS).mean() > 0.8


def test_mistakes_are_named():
    with pytest.raises(UsageError, match="no surface called 'slice'. Nearest: slices"):
        lay_surface("slice", U, N, BITS)
    with pytest.raises(InputError, match="at least 6 measurements; got 5"):
        lay_surface("slices", U[:5], N[:5], BITS[:5])
    with pytest.raises(InputError, match=r"needs x as \(u, N\)"):
        fit_law("joint", U, BITS)
