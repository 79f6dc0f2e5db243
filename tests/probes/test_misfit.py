import numpy as np
import pytest

from noiselaw.probes.critic import Critic
from noiselaw.probes.gaussian import Gaussian
from noiselaw.probes.misfit import hidden_dependence, unexplained


def _pairs(n, rng, r=0.8):
    u = rng.normal(size=(n, 2))
    return u, r * u + np.sqrt(1 - r**2) * rng.normal(size=(n, 2))


def test_gaussian_pairs_leave_nothing_unexplained():
    rng = np.random.default_rng(0)
    shares = [unexplained(*_pairs(1000, rng), 1000) for _ in range(20)]
    assert np.mean(shares) == pytest.approx(0, abs=0.002)
    assert max(shares) < 0.012


def test_an_error_whose_size_depends_on_x_is_seen():
    rng = np.random.default_rng(1)
    u, v = _pairs(2000, rng)
    v = 0.8 * u + 0.6 * np.exp(0.4 * u) * rng.normal(size=u.shape)
    assert unexplained(u, v, 2000) > 0.02


def test_a_bent_prediction_is_seen():
    rng = np.random.default_rng(2)
    u, _ = _pairs(2000, rng)
    v = 0.8 * u + 0.3 * (u**2 - 1) + 0.5 * rng.normal(size=u.shape)
    assert unexplained(u, v, 2000) > 0.05


def test_repeated_rows_are_not_taken_for_evidence():
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(10):
        u, v = _pairs(500, rng)
        shares.append(unexplained(np.vstack([u, u]), np.vstack([v, v]), 500))
    assert np.mean(shares) == pytest.approx(0, abs=0.006)


def test_distance_covariance_tells_dependence_from_chance():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 2))
    units = np.arange(400)
    assert hidden_dependence(x, rng.normal(size=(400, 2)), units, rng) > 0.01
    assert hidden_dependence(x, x[:, :1] ** 2 + 0.3 * rng.normal(size=(400, 1)), units, rng) == pytest.approx(0.005)


def test_pairs_whose_form_the_critic_misses_are_warned_of():
    rng = np.random.default_rng(5)
    u, v = _pairs(1000, rng)
    v = 0.8 * u + 0.6 * np.exp(0.5 * u) * rng.normal(size=u.shape)
    estimate = Gaussian(n_folds=4).estimate(u, v)
    assert estimate.status == "warned"
    assert "not Gaussian" in estimate.reason
    plain = Gaussian(n_folds=4).estimate(*_pairs(1000, rng))
    assert plain.status == "ok"


def test_a_dependence_that_no_fit_finds_is_warned_of():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(1000, 2))
    y = np.sign(x[:, 0] * x[:, 1]) * np.abs(rng.normal(size=1000))
    estimate = Critic(n_folds=3, networks=False).estimate(x, y)
    assert estimate.bits < 2 * estimate.standard_error
    assert estimate.status == "warned"
    assert "not independent" in estimate.reason
