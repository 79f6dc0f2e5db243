import numpy as np
import pytest

from noiselaw.probes.classifier import Classifier
from noiselaw.probes.discriminant import Discriminant
from noiselaw.probes.parts import Parts


def _lobes(n, rng, n_labels=3, lobes=2, d=3, apart=3.0):
    means = apart * np.random.default_rng(1).normal(size=(lobes, n_labels, d))
    labels = rng.integers(0, n_labels, n)
    x = means[rng.integers(0, lobes, n), labels] + rng.normal(size=(n, d))
    logs = np.logaddexp.reduce([-0.5 * np.sum((x[:, None] - lobe) ** 2, axis=2) for lobe in means])
    ratio = logs[np.arange(n), labels] - np.logaddexp.reduce(logs, axis=1) + np.log(n_labels)
    return x, labels, ratio.mean() / np.log(2)


def _right(log_density, labels):
    return np.mean(log_density.argmax(axis=1) == labels)


def test_labels_of_several_clusters_are_told_apart():
    rng = np.random.default_rng(0)
    x, labels, _ = _lobes(1500, rng)
    new, truth, _ = _lobes(1500, rng)
    several = _right(Parts.fit(x, labels, 3, 2).log_density(new), truth)
    assert several > _right(Discriminant.fit(x, labels, 3).log_density(new), truth) + 0.05


def test_one_part_is_the_discriminant():
    x, labels, _ = _lobes(300, np.random.default_rng(2))
    one, plain = Parts.fit(x, labels, 3, 1).log_density(x), Discriminant.fit(x, labels, 3).log_density(x)
    assert one - one.max(axis=1, keepdims=True) == pytest.approx(plain - plain.max(axis=1, keepdims=True))


def test_absent_and_rare_labels_keep_one_part():
    x, labels, _ = _lobes(300, np.random.default_rng(3))
    labels = np.where(labels == 2, 4, labels)
    labels[:3] = 2
    fitted = Parts.fit(x, labels, 6, 4)
    assert np.bincount(fitted.label_of).tolist()[2:4] == [1, 1]
    assert fitted.log_density(x).shape == (300, 6)
    assert np.all(np.isfinite(fitted.log_density(x)))


def test_the_classifier_uses_them_and_stays_below_the_truth():
    x, labels, exact = _lobes(1500, np.random.default_rng(4))
    estimate = Classifier(n_folds=3).estimate(x, labels)
    assert max(estimate.diagnostics["expert_weights"], key=estimate.diagnostics["expert_weights"].get)[:5] == "parts"
    assert 0.95 * exact < estimate.bits < exact + 3 * estimate.standard_error


def test_unrelated_labels_read_nothing_with_them():
    rng = np.random.default_rng(5)
    x, labels, _ = _lobes(900, rng)
    estimate = Classifier(n_folds=3).estimate(x, rng.permutation(labels))
    assert estimate.bits == pytest.approx(0, abs=3 * estimate.standard_error + 0.005)
