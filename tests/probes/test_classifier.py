import numpy as np
import pytest

from noiselaw.probes.classifier import Classifier


def _two_clusters(n, rng, distance=3.0):
    labels = rng.integers(0, 2, n)
    return labels[:, None] * distance + rng.normal(size=(n, 4)), labels


def test_separated_labels_reach_their_entropy():
    x, labels = _two_clusters(1000, np.random.default_rng(0), distance=20.0)
    assert Classifier().estimate(x, labels).bits == pytest.approx(1.0, abs=0.02)


def test_independent_labels_hold_nothing():
    rng = np.random.default_rng(1)
    for n_labels in (2, 40):
        estimate = Classifier().estimate(rng.normal(size=(400, 8)), rng.integers(0, n_labels, 400))
        assert estimate.bits == pytest.approx(0, abs=3 * estimate.standard_error + 0.01)


def test_duplicated_pairs_do_not_leak():
    rng = np.random.default_rng(2)
    x, labels = rng.normal(size=(150, 8)), rng.integers(0, 5, 150)
    estimate = Classifier().estimate(np.vstack([x, x]), np.tile(labels, 2))
    assert estimate.bits < 3 * estimate.standard_error + 0.02
