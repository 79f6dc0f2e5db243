import numpy as np
import pytest

from noiselaw.probes.quadratic import Quadratic


def _two_widths(n, rng):
    labels = rng.integers(0, 2, n)
    return np.where(labels == 1, 2.0, 0.5)[:, None] * rng.normal(size=(n, 2)), labels


def test_widths_of_classes_are_found():
    rng = np.random.default_rng(0)
    z, labels = _two_widths(4000, rng)
    fresh, _ = _two_widths(500, rng)
    told = Quadratic.fit(z, labels, 2, 5.0).log_density(fresh)
    square = np.sum(fresh**2, axis=1)
    truth = (-square / 8 - 2 * np.log(2)) - (-2 * square - 2 * np.log(0.5))
    near = np.abs(truth) < 3  # far away Student tails differ from Gaussian ones, as they should
    assert (told[:, 1] - told[:, 0])[near] == pytest.approx(truth[near], abs=0.6)


def test_a_strong_prior_makes_the_covariances_one():
    rng = np.random.default_rng(1)
    z, labels = _two_widths(500, rng)
    fitted = Quadratic.fit(z, labels, 2, 1e6)
    assert fitted.to_unit[0] == pytest.approx(fitted.to_unit[1], rel=1e-2, abs=1e-3)


def test_an_absent_label_keeps_the_common_mean():
    rng = np.random.default_rng(2)
    fitted = Quadratic.fit(rng.normal(size=(100, 2)), np.zeros(100, dtype=np.intp), 2, 5.0)
    assert fitted.means[1] == pytest.approx([0, 0])
    assert np.all(np.isfinite(fitted.log_density(rng.normal(size=(5, 2)))))
