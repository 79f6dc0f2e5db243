from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError
from noiselaw.laws import NoiseLaw
from noiselaw.simulate import gaussian, gaussian_bits


@given(st.floats(0.01, 50), st.floats(0.01, 50), st.floats(0, 100))
def test_one_dimension_is_the_noise_law(signal, noise, alpha):
    """Eq. 4 is Eq. 2 with u = α², ū = 1/σ_U² and I_max = I(X; Y)."""
    i_max = gaussian_bits(signal, noise, np.inf)
    assert i_max == pytest.approx(0.5 * np.log2((signal + noise) / noise))
    law = NoiseLaw()(np.array([i_max, 1 / noise]), np.array([alpha**2]))
    assert gaussian_bits(signal, noise, alpha) == pytest.approx(float(law[0]), abs=1e-9)


def test_independent_dimensions_add():
    signal, noise = np.diag([4.0, 0.5, 2.0]), np.diag([1.0, 0.2, 0.1])
    parts = sum(gaussian_bits(signal[j, j], noise[j, j], 0.7) for j in range(3))
    assert gaussian_bits(signal, noise, 0.7) == pytest.approx(parts)


def test_a_rotation_changes_nothing():
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    signal, noise = np.diag([4.0, 0.5, 2.0]), np.diag([1.0, 0.2, 0.1])
    turned = gaussian_bits(rotation @ signal @ rotation.T, rotation @ noise @ rotation.T, 1.3)
    assert turned == pytest.approx(gaussian_bits(signal, noise, 1.3))


@pytest.mark.parametrize("alpha", [0.3, 2.0])
def test_the_sample_has_the_information_it_says(alpha):
    signal = np.array([[3.0, 1.0], [1.0, 2.0]])
    drawn = gaussian(100_000, signal, 0.5 * np.eye(2), alpha, seed=4)
    joint = np.cov(np.hstack([drawn.y, drawn.z]).T)
    empirical = np.log2(np.linalg.det(joint[:2, :2]) * np.linalg.det(joint[2:, 2:]) / np.linalg.det(joint)) / 2
    assert drawn.bits == pytest.approx(empirical, abs=0.02)
    assert drawn.y.mean(axis=0) == pytest.approx([1, 1], abs=0.03)


def test_the_state_is_the_same_at_every_alpha():
    weak, strong = gaussian(50, 2.0, alpha=0.1, seed=3), gaussian(50, 2.0, alpha=10, seed=3)
    assert np.array_equal(weak.x, strong.x)
    assert not np.array_equal(weak.z, strong.z)
    assert weak.bits < strong.bits
    assert gaussian_bits(2.0, 1.0, 0) == 0


@pytest.mark.parametrize(
    ("signal", "noise", "alpha", "message"),
    [
        (np.eye(2), np.eye(3), 1, r"square and of one size; got \(2, 2\) and \(3, 3\)"),
        (np.array([[1, 2], [0, 1]]), np.eye(2), 1, "symmetric without negative eigenvalues"),
        (-1.0, 1.0, 1, "symmetric without negative eigenvalues"),
        (1.0, 1.0, -1, "alpha must be at least 0; got -1"),
        (1.0, 1.0, np.inf, "alpha must be finite to draw Z"),
    ],
)
def test_what_is_no_model_is_refused(signal, noise, alpha, message):
    with pytest.raises(InputError, match=message):
        gaussian(3, signal, noise, alpha)
