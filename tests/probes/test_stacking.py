import numpy as np
import pytest
from scipy.optimize import minimize

from noiselaw.probes.stacking import log_mix, stacking_weights


def _opinions(n, rng, n_labels=3):
    """A true log density of each label, labels drawn from it, an echo of it in noise, and pure noise."""
    true = 1.5 * rng.normal(size=(n, n_labels))
    q = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = (q.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return true, true + rng.normal(size=true.shape), rng.normal(size=true.shape), labels


def test_no_weight_is_the_prior():
    log_prior = np.log([0.2, 0.3, 0.5])
    mixed = log_mix(log_prior, [np.random.default_rng(0).normal(size=(4, 3))], np.zeros(1))
    assert mixed == pytest.approx(np.tile(log_prior, (4, 1)))


def test_the_truth_gets_all_the_weight():
    true, echo, noise, labels = _opinions(6000, np.random.default_rng(1))
    weights = stacking_weights(np.log(np.full(3, 1 / 3)), [true, echo, noise], labels)
    assert weights == pytest.approx([1, 0, 0], abs=0.12)


def test_an_opinion_that_boasts_is_weighed_down():
    true, _, _, labels = _opinions(6000, np.random.default_rng(2))
    assert stacking_weights(np.log(np.full(3, 1 / 3)), [4 * true], labels) == pytest.approx([0.25], abs=0.03)


def test_noise_is_given_nothing():
    _, _, noise, labels = _opinions(6000, np.random.default_rng(3))
    assert stacking_weights(np.log(np.full(3, 1 / 3)), [noise], labels) == pytest.approx([0], abs=0.05)


def test_weights_are_those_of_a_general_optimiser():
    _, echo, noise, labels = _opinions(400, np.random.default_rng(4))
    log_prior = np.log(np.full(3, 1 / 3))

    def loss(weights):
        mixed = log_mix(log_prior, [echo, noise], weights)
        return -mixed[np.arange(400), labels].mean() + np.sum((weights - 0.5) ** 2) / 400

    best = minimize(loss, [0.5, 0.5], bounds=[(0, None)] * 2).x
    assert stacking_weights(log_prior, [echo, noise], labels) == pytest.approx(best, abs=2e-3)
