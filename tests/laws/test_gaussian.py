import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError
from noiselaw.laws import (
    NoiseLaw,
    SpikeLaw,
    asymptotic_noise_law,
    bits_from_snr,
    bits_lost,
    collapse,
    collapse_coordinate,
    gaussian_channel,
    noise_parameters,
    spike_snr,
)
from noiselaw.randomness import generator

variances = st.floats(1e-3, 1e3)


@given(variances, variances, variances)
def test_one_dimension_is_equation_4_and_equation_2(signal, nuisance, squared):
    printed = 0.5 * np.log2((squared * (signal + nuisance) + 1) / (1 + nuisance * squared))
    i_max, u_bar = noise_parameters(signal, nuisance)
    assert gaussian_channel(signal, nuisance, np.sqrt(squared)) == pytest.approx(printed, abs=1e-9)
    assert NoiseLaw()(np.array([i_max, u_bar]), np.array(squared)) == pytest.approx(printed, abs=1e-9)


def test_many_dimensions_are_equation_9():
    rng = generator(0, "channel")
    a, b = rng.standard_normal((2, 5, 8))
    sigma_y, sigma_u, alpha = a @ a.T, b @ b.T, 0.7
    top = np.linalg.det(sigma_y + sigma_u + np.eye(5) / alpha**2)
    printed = 0.5 * np.log2(top / np.linalg.det(sigma_u + np.eye(5) / alpha**2))
    assert gaussian_channel(sigma_y, sigma_u, alpha) == pytest.approx(printed)
    assert gaussian_channel(sigma_y, sigma_u, np.array([0.0, alpha]))[0] == 0.0


def test_independent_dimensions_add():
    both = gaussian_channel(np.diag([2.0, 3.0]), np.diag([1.0, 0.5]), 1.3)
    assert both == pytest.approx(gaussian_channel(2.0, 1.0, 1.3) + gaussian_channel(3.0, 0.5, 1.3))


@given(st.floats(0.05, 6.0), st.floats(1e-4, 1e4))
def test_every_curve_collapses_exactly(i_max, u_hat):
    lost = i_max - NoiseLaw()(np.array([i_max, 1.0]), np.array(u_hat))
    assert bits_lost(u_hat, i_max) == pytest.approx(lost, abs=1e-9)
    assert collapse(collapse_coordinate(u_hat, i_max)) == pytest.approx(lost, abs=1e-9)


def test_the_asymptotic_form_is_reached_where_bits_are_many():
    exact = NoiseLaw()(np.array([6.0, 1.0]), np.array([1.0, 100.0]))
    assert asymptotic_noise_law(np.array([1.0, 100.0]), 6.0) == pytest.approx(exact, abs=1e-3)


def test_a_spike_is_kept_whole_by_endless_samples_and_lost_below_its_threshold():
    assert spike_snr(3.0, 100, 1e12) == pytest.approx(3.0)
    assert spike_snr(0.5, 100, 300) == 0.0
    law = SpikeLaw()(np.array([2.0, 50.0, 100.0]), np.array([200.0]), np.array([500.0]))
    assert law[0] == pytest.approx(bits_from_snr(spike_snr(15.0 * 0.8, 100, 500)))


def test_a_simulated_principal_component_keeps_what_theory_says():
    rng = generator(1, "spike")
    dimensions, samples, strength = 100, 500, 4.0
    kept = []
    for _ in range(40):
        data = rng.standard_normal((samples, dimensions))
        data[:, 0] += np.sqrt(strength) * rng.standard_normal(samples)
        direction = np.linalg.eigh(data.T @ data)[1][:, -1]
        kept.append(strength * direction[0] ** 2)
    # What the direction misses is noise: the scores keep strength·cos² against a noise of 1.
    expected = bits_from_snr(spike_snr(strength, dimensions, samples))
    assert bits_from_snr(np.mean(kept)) == pytest.approx(expected, abs=0.01)


def test_mistakes_are_named():
    with pytest.raises(InputError, match=r"one shape; got \(2, 2\) and \(1, 1\)"):
        gaussian_channel(np.eye(2), 1.0, 1.0)
    with pytest.raises(InputError, match="signal must be symmetric"):
        gaussian_channel(np.array([[1.0, 0.5], [0.0, 1.0]]), np.eye(2), 1.0)
    with pytest.raises(InputError, match="nuisance must have no negative variances; its least is -1"):
        gaussian_channel(1.0, -1.0, 1.0)
    with pytest.raises(InputError, match="there is no plateau"):
        noise_parameters(1.0, 0.0)
