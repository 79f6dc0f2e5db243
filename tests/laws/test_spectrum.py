"""The theory of several spikes against principal components of simulated samples."""

import numpy as np
import pytest

from noiselaw.laws import NoiseLaw, SpectrumLaw, SpikeLaw, bits_from_snr, spectrum_bits, spike_snr
from noiselaw.randomness import generator

law = SpectrumLaw()


def by_components(strengths, dimensions, samples, rng):
    """Exact bits between Gaussian signals and the components of noisy samples, on fresh observations."""
    k = len(strengths)
    loadings = np.linalg.qr(rng.standard_normal((dimensions, k)))[0] * np.sqrt(strengths)
    seen = rng.standard_normal((samples, k)) @ loadings.T + rng.standard_normal((samples, dimensions))
    found = np.linalg.eigh(seen.T @ seen)[1][:, -k:]
    kept = found.T @ loadings
    return 0.5 * np.linalg.slogdet(np.eye(k) + kept @ kept.T)[1] / np.log(2.0)


@pytest.mark.parametrize(
    ("strengths", "samples", "off"),
    [
        ([20.0, 6.0, 2.0], 300, 0.15),
        ([20.0, 6.0, 2.0], 1200, 0.02),
        ([6.0, 6.0, 6.0], 300, 0.08),
        ([6.0, 6.0, 6.0], 1200, 0.02),
        (30.0 * np.arange(1.0, 11.0) ** -1.5, 1200, 0.06),
        (60.0 * np.arange(1.0, 21.0) ** -1.0, 1200, 0.06),
    ],
)
def test_bits_of_several_directions_are_those_of_simulated_components(strengths, samples, off):
    rng = generator(2, "spectrum", samples)
    found = np.mean([by_components(strengths, 300, samples, rng) for _ in range(6)])
    assert float(spectrum_bits(strengths, 300.0, float(samples))) == pytest.approx(found, abs=off)


def test_one_direction_is_the_single_spike():
    assert float(spectrum_bits([3.0], 100.0, 400.0)) == pytest.approx(
        float(bits_from_snr(spike_snr(3.0, 100.0, 400.0)))
    )


def test_a_steep_spectrum_is_nearly_one_spike():
    u, n = np.geomspace(10, 1e4, 5), np.full(5, 1000.0)
    one = SpikeLaw()(np.array([1.0, 500.0, 50.0]), u, n)
    assert law(np.array([1.0, 500.0, 50.0, 12.0]), u, n) == pytest.approx(one, abs=0.01)


def test_the_whole_spectrum_gives_the_capacity():
    for slope in (0.0, 1.0, 2.5):
        theta = np.array([3.0, 200.0, 40.0, slope])
        assert float(law(theta, np.array(1e12), np.array(1e15))) == pytest.approx(3.0, abs=1e-5)


def test_parallel_channels_rise_later_and_faster_than_eq_2():
    """What many weak directions add comes late: the shape in depth that no single channel has."""
    u, n = np.geomspace(1.0, 1e6, 60), np.full(60, 1e12)
    many, one = law(np.array([3.0, 100.0, 1.0, 0.5]), u, n), NoiseLaw()(np.array([3.0, 100.0]), u)
    assert (many <= one + 1e-9).all() and many[0] < 0.2 * one[0]


def test_the_search_comes_back_to_the_parameters():
    u, n = (axis.ravel() for axis in np.meshgrid(np.geomspace(10, 1e4, 6), np.geomspace(100, 1e5, 6)))
    working, theta = law.working(u, n), np.array([3.0, 200.0, 40.0, 1.2])
    assert working.natural(working.of(theta)) == pytest.approx(theta, rel=1e-6)
