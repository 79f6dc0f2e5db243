import numpy as np
import pytest

from noiselaw.probes.experts import Blend, smoothed_log_prior


def _fit(x, labels, rng):
    return Blend.fit(x, labels, np.arange(len(x)), int(labels.max()) + 1, rng)


def test_absent_labels_keep_a_small_prior():
    prior = np.exp(smoothed_log_prior(np.array([0, 0, 2, 2]), 3))
    assert prior.sum() == pytest.approx(1)
    assert prior[1] == pytest.approx(0.5 / 4.5)


def test_gaussian_clusters_give_the_true_ratio():
    rng = np.random.default_rng(0)
    means = 1.2 * rng.normal(size=(3, 2))
    labels = rng.integers(0, 3, 3000)
    x = means[labels] + rng.normal(size=(3000, 2))
    log_density = -0.5 * ((x[:500, None] - means) ** 2).sum(-1)
    truth = log_density - np.log(np.exp(log_density).mean(axis=1, keepdims=True))
    found = _fit(x[500:], labels[500:], rng).log_ratio(x[:500])
    own = np.arange(500), labels[:500]
    assert found[own].mean() == pytest.approx(truth[own].mean(), abs=0.03)


def test_labels_without_relation_are_left_at_the_prior():
    rng = np.random.default_rng(1)
    blend = _fit(rng.normal(size=(400, 5)), rng.integers(0, 4, 400), rng)
    assert blend.network is None
    assert np.abs(blend.log_ratio(rng.normal(size=(50, 5)))).mean() < 0.2


def test_widths_call_for_the_quadratic_expert_and_lobes_for_the_network():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 1500)
    wide = _fit(np.where(labels == 1, 2.0, 0.5)[:, None] * rng.normal(size=(1500, 2)), labels, rng)
    assert any(name.startswith("quadratic") for name in wide.experts.names)
    lobe = rng.integers(0, 3, 1500)
    x = np.column_stack([3.0 * (2 * lobe + labels), rng.normal(size=1500)]) + rng.normal(size=(1500, 2))
    assert _fit(x, labels, rng).network is not None
