import json

import numpy as np
import pytest

from noiselaw.probes.critic import Critic
from noiselaw.probes.gaussian import Gaussian


def _correlated(n, rng, bits, d=6, k=2):
    r = np.sqrt(1 - 2 ** (-2 * bits / k))
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    y[:, :k] = r * x[:, :k] + np.sqrt(1 - r**2) * y[:, :k]
    return x, y


def _quick():
    return Critic(n_folds=4)


def test_gaussian_pairs_read_nearly_their_information_and_never_much_more():
    x, y = _correlated(1500, np.random.default_rng(0), 2.0)
    estimate = _quick().estimate(x, y)
    assert 1.8 < estimate.bits < 2.0 + 3 * estimate.standard_error
    assert estimate.extrapolated_bits == pytest.approx(2.0, abs=0.25)


def test_what_correlation_cannot_see_networks_can():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1500, 1))
    y = x**2 + 0.3 * rng.normal(size=(1500, 1))
    assert Critic(n_folds=2).estimate(x, y).bits > Gaussian(n_folds=2).estimate(x, y).bits + 0.3


def test_bent_margins_cost_nothing():
    x, y = _correlated(1000, np.random.default_rng(2), 2.0)
    plain, bent = (Gaussian(n_folds=4).estimate(*pair).bits for pair in ((x, y), (np.exp(2 * x), y**3)))
    assert bent == pytest.approx(plain, abs=0.15)


def test_shuffled_pairs_read_nothing():
    rng = np.random.default_rng(3)
    x, y = _correlated(800, rng, 3.0)
    estimate = _quick().estimate(x, y[rng.permutation(800)])
    assert estimate.bits == pytest.approx(0, abs=3 * estimate.standard_error + 0.005)


def test_duplicated_unrelated_pairs_do_not_leak():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(250, 5)), rng.normal(size=(250, 5))
    estimate = _quick().estimate(np.vstack([x, x]), np.vstack([y, y]))
    assert estimate.bits < 3 * estimate.standard_error + 0.02


def test_groups_are_kept_together():
    rng = np.random.default_rng(5)
    clone = np.repeat(np.arange(60), 8)
    x = rng.normal(size=(60, 4))[clone] + 0.01 * rng.normal(size=(480, 4))
    y = rng.normal(size=(60, 4))[clone] + 0.01 * rng.normal(size=(480, 4))
    kept = _quick().estimate(x, y, groups=clone)
    assert kept.bits < 3 * kept.standard_error + 0.05


def test_tiled_columns_change_nothing():
    x, y = _correlated(600, np.random.default_rng(6), 2.0)
    tiled = _quick().estimate(np.hstack([x, 2 * x, -x]), y)
    once = _quick().estimate(x, y)
    assert tiled.bits == pytest.approx(once.bits, abs=2 * once.standard_error)


def test_many_x_about_one_y_read_as_they_do_alone():
    rng = np.random.default_rng(7)
    x, y = _correlated(400, rng, 1.0)
    noisier = x + rng.normal(size=x.shape)
    many = _quick().estimate_many([x, noisier], y)
    assert many[1].bits == _quick().estimate(noisier, y).bits


def test_diagnostics_are_plain():
    x, y = _correlated(300, np.random.default_rng(8), 2.0)
    told = json.loads(json.dumps(dict(_quick().estimate(x, y).diagnostics)))
    assert {"base", "n_folds", "effective_rank_x", "effective_rank_y", "saturated"} <= set(told)


def test_too_few_pairs_for_what_they_share_are_warned_of():
    x, y = _correlated(150, np.random.default_rng(9), 6.0, d=12, k=12)
    estimate = _quick().estimate(x, y)
    assert estimate.status == "warned"
    assert "more" in estimate.reason.lower() or "close" in estimate.reason
