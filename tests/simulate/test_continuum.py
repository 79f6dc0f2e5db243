import numpy as np
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.signals import ClonalRelatives
from noiselaw.simulate import Continuum

SMALL = {"n_cells": 3000, "n_genes": 200, "depth": 1000.0, "seed": 2}
#: Nearly the theorem's model: hardly any curvature along the axis, cells of one depth.
PLAIN = {**SMALL, "depth_sd": 0.0, "separation": 0.05, "depth": 20_000.0, "marker_share": 1.0}


def theory(drawn, u, signal):
    """Return the bits that jointly Gaussian molecules, z and Y would give."""
    x = u / (u + drawn.half_depth)
    c = drawn.config
    clean = 1 / (1 + c.noise**2) if signal == "axis" else c.kinship**2
    partner = 1.0 if signal == "axis" else x
    return -0.5 * np.log2(1 - clean * x * partner)


@pytest.mark.parametrize("signal", ["axis", "clonal"])
def test_truth_is_what_the_theorem_gives_where_it_holds(signal):
    drawn = Continuum(**PLAIN).draw()
    for level in (0.01, 0.1, 1.0):
        known = drawn.truth(level, signal, 10_000)
        expected = theory(drawn, 20_000 * level, signal)
        assert known.bits == pytest.approx(expected, abs=0.03 * expected + 3 * known.standard_error)


def test_eq_2_has_the_sensitivity_and_capacity_of_the_theorem():
    drawn = Continuum(**PLAIN).draw()
    u = 20_000 * np.geomspace(0.001, 10, 9)
    saturation = 4 ** drawn.ceiling("axis") - 1
    eq2 = 0.5 * np.log2(1 + saturation * u / (u + drawn.noise_sensitivity("axis")))
    assert eq2 == pytest.approx(theory(drawn, u, "axis"))


@pytest.mark.parametrize("signal", ["axis", "clonal", "clonal_profile"])
def test_truth_grows_with_depth_and_its_grid_is_fine_enough(signal):
    drawn = Continuum(**SMALL).draw()
    known = [drawn.truth(level, signal, 2000) for level in (0, 0.01, 0.1, 1.0)]
    bits = np.array([item.bits for item in known])
    assert bits[0] == pytest.approx(0, abs=1e-7)
    assert (np.diff(bits) > 0).all()
    assert bits[-1] < drawn.ceiling(signal) + 3 * known[-1].standard_error
    assert drawn.truth(np.inf, signal).bits == drawn.ceiling(signal)
    finer = drawn.truth(1.0, signal, 2000, grid=401)
    assert finer.bits == pytest.approx(bits[-1], abs=1e-6)


def test_relatives_are_as_alike_as_is_said():
    drawn = Continuum(n_cells=20_000, n_genes=2, kinship=0.7, clone_size=2, noise=1e-6).draw()
    data = drawn.dataset
    pairs = ClonalRelatives("clone", "time_point", "early", "late").pair(
        data, np.arange(20_000), np.random.default_rng(0)
    )
    z = data.matrices["axis"]["axis"].to_numpy()
    assert np.corrcoef(z[pairs.rows], z[pairs.partners])[0, 1] == pytest.approx(0.7, abs=0.02)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=0.03), pytest.approx(1, abs=0.02))


def test_without_clones_there_are_none():
    drawn = Continuum(**SMALL, clone_size=0).draw()
    assert "clone" not in drawn.dataset.annotations
    with pytest.raises(InputError, match="no known truth for 'clonal'"):
        drawn.truth(0.1, "clonal")
    with pytest.raises(InputError, match="level must be at least 0; got -1"):
        drawn.truth(-1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_cells": 0}, "n_cells must be at least 1; got 0"),
        ({"noise": 0.0}, "noise must be positive; got 0.0"),
        ({"depth_sd": -1.0}, "depth_sd must be at least 0; got -1.0"),
        ({"marker_share": 0.0}, r"marker_share must lie in \(0, 1\]; got 0.0"),
        ({"kinship": 1.0}, r"kinship must lie in \[0, 1\); got 1.0"),
        ({"clone_size": 1}, "clone_size must be 0, or 2 to 1024; got 1"),
    ],
)
def test_options_that_cannot_be_meant(options, message):
    with pytest.raises(UsageError, match=message):
        Continuum(**options)
