import numpy as np
import pytest

from noiselaw.probes.discriminant import Discriminant


def _clusters(n, rng, means):
    labels = rng.integers(0, len(means), n)
    return means[labels] + rng.normal(size=(n, means.shape[1])), labels


def _posterior(log_density, share):
    log_q = log_density + np.log(share)
    log_q -= log_q.max(axis=1, keepdims=True)
    q = np.exp(log_q)
    return q / q.sum(axis=1, keepdims=True)


def test_posterior_of_gaussian_clusters_is_the_true_one():
    rng = np.random.default_rng(0)
    means = 1.5 * rng.normal(size=(4, 3))
    x, labels = _clusters(8000, rng, means)
    fresh, _ = _clusters(500, rng, means)
    truth = _posterior(-0.5 * ((fresh[:, None] - means) ** 2).sum(-1), np.full(4, 0.25))
    found = _posterior(Discriminant.fit(x, labels, 4).log_density(fresh), np.full(4, 0.25))
    assert np.abs(found - truth).max() < 0.2
    assert np.abs(found - truth).mean() < 0.02


def test_means_that_differ_by_chance_are_drawn_together():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 40, 400)
    fitted = Discriminant.fit(rng.normal(size=(400, 6)), labels, 40)
    told = fitted.log_density(rng.normal(size=(200, 6)))
    assert np.ptp(told, axis=1).mean() < 1.0


def test_rotation_and_scale_of_the_columns_change_nothing():
    rng = np.random.default_rng(2)
    x, labels = _clusters(600, rng, 2 * rng.normal(size=(3, 4)))
    turned = 3 * x @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 7
    plain = Discriminant.fit(x, labels, 3).log_density(x)
    other = Discriminant.fit(turned, labels, 3).log_density(turned)
    assert other - other[:, :1] == pytest.approx(plain - plain[:, :1], abs=0.2)


def test_student_densities_are_less_sure_far_away():
    rng = np.random.default_rng(3)
    x, labels = _clusters(500, rng, np.array([[-2.0, 0.0], [2.0, 0.0]]))
    fitted = Discriminant.fit(x, labels, 2)
    far = np.array([[9.0, 0.0]])
    assert np.ptp(fitted.log_density(far, dof=8.0)) < np.ptp(fitted.log_density(far))


def test_an_absent_label_gets_a_density():
    rng = np.random.default_rng(4)
    x, labels = _clusters(200, rng, 2 * rng.normal(size=(3, 2)))
    assert np.all(np.isfinite(Discriminant.fit(x, labels, 5).log_density(x)))
