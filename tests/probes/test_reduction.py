import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.decomposition import PCA

from noiselaw.probes import mutual_information
from noiselaw.probes.classifier import Classifier
from noiselaw.probes.critic import Critic
from noiselaw.probes.reduction import WIDEST, Reduction, Remainder

LEADING, SPREAD, LOW = (0, 1, 2, 3), (3, 10, 30, 60), (150, 250, 300, 350)


def _turned(latent, axes, columns, rng):
    """Return an embedding that holds ``latent`` (n, 4) along principal axes ``axes``, noise along the others."""
    rows = rng.normal(size=(len(latent), columns))
    rows[:, axes] = latent
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(columns, columns)))[0]
    return rows / np.sqrt(1 + np.arange(columns)) @ turn


def _about_labels(n, columns, axes, seed=0, apart=1.5):
    """Return an embedding, labels, and the bits about them by their exact posterior over 100,000 pairs."""
    means = apart * np.random.default_rng(99).normal(size=(5, 4))

    def drawn(n, rng):
        labels = rng.integers(0, 5, n)
        return means[labels] + rng.normal(size=(n, 4)), labels

    z, labels = drawn(100_000, np.random.default_rng(5))
    logs = z @ means.T - 0.5 * np.sum(means**2, axis=1)
    truth = np.log(5) + np.mean(logs[np.arange(len(z)), labels] - logsumexp(logs, axis=1))
    rng = np.random.default_rng(seed)
    z, labels = drawn(n, rng)
    return _turned(z / np.sqrt(1 + means.var(axis=0).mean()), axes, columns, rng), labels, truth / np.log(2)


def _about_vectors(n, columns, axes, bits=2.0, seed=0):
    rng = np.random.default_rng(seed)
    a, r = rng.normal(size=(n, 4)), np.sqrt(1 - 2 ** (-2 * bits / 4))
    return _turned(a, axes, columns, rng), r * a + np.sqrt(1 - r**2) * rng.normal(size=(n, 4))


@pytest.mark.parametrize("shape", [(300, 80), (120, 400)])
def test_components_are_those_of_z_scored_columns(shape):
    x = np.random.default_rng(0).normal(size=shape) @ np.random.default_rng(1).normal(size=(shape[1], shape[1]))
    x[:, 3] = 7.0
    varying = np.delete(x, 3, axis=1)
    scaled = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    oracle = PCA(12, svd_solver="full").fit(scaled)
    found = Reduction.fit(x, 12)
    np.testing.assert_allclose(np.abs(found(x)), np.abs(oracle.transform(scaled)), rtol=1e-6, atol=1e-8)
    assert found.share == pytest.approx(oracle.explained_variance_ratio_.sum())
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(12), atol=1e-10)
    np.testing.assert_allclose(found.first(5)(x), found(x)[:, :5])


def test_directions_that_only_rounding_fills_are_left_out():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 300))
    assert Reduction.fit(x, 100).kept == 6


def test_what_is_left_out_is_at_right_angles_to_what_is_kept():
    x = np.random.default_rng(0).normal(size=(100, 300))
    found = Reduction.fit(x, 20)
    np.testing.assert_allclose(found.others(x) @ found.axes, 0, atol=1e-9)


@pytest.mark.parametrize(("axes", "least"), [(LEADING, 0.95), (SPREAD, 0.75)])
def test_wide_embeddings_tell_of_labels_what_their_leading_directions_do(axes, least):
    x, labels, truth = _about_labels(1000, 600, axes)
    estimate = Classifier().estimate(x, labels)
    assert least * truth < estimate.bits < truth + 2 * estimate.standard_error
    told = estimate.diagnostics
    assert told["columns_x"] == 600
    assert 16 <= told["components_x"] <= 128
    assert 0.3 < told["variance_kept_x"] < 1


def test_wide_embeddings_tell_of_vectors_what_their_leading_directions_do():
    x, y = _about_vectors(1000, 600, LEADING)
    estimate = Critic(networks=False).estimate(x, y)
    assert 0.9 * 2 < estimate.bits < 2 + 2 * estimate.standard_error
    assert estimate.diagnostics["components_x"] == 90
    assert "components_y" not in estimate.diagnostics


def test_both_sides_may_be_wide():
    x, y = _about_vectors(500, 400, LEADING)
    wide_y = _turned(y, LEADING, 300, np.random.default_rng(3))
    estimate = Critic(networks=False, n_folds=3).estimate(x, wide_y)
    assert 1.4 < estimate.bits < 2 + 2 * estimate.standard_error
    assert estimate.diagnostics["components_x"] == estimate.diagnostics["components_y"] == 64
    assert estimate.diagnostics["columns_y"] == 300


@pytest.mark.parametrize("kind", ["labels", "vectors"])
def test_what_lies_in_narrow_directions_is_lost_and_said_to_be(kind):
    if kind == "labels":
        x, y, truth = _about_labels(1000, 600, LOW)
    else:
        (x, y), truth = _about_vectors(1000, 600, LOW), 2.0
    estimate = mutual_information(x, y)
    assert estimate.bits < 0.5 * truth
    assert estimate.status == "warned"
    assert "beyond the leading principal components" in estimate.reason


def test_unrelated_labels_and_vectors_read_nothing():
    x, labels, _ = _about_labels(800, 600, LEADING, apart=0.0)
    for y in (labels, np.random.default_rng(4).normal(size=(800, 4))):
        estimate = mutual_information(x, y)
        assert abs(estimate.bits) < 2 * estimate.standard_error + 0.01
        assert "beyond the leading" not in estimate.reason


def test_groups_stay_together():
    rng = np.random.default_rng(2)
    x, labels = rng.normal(size=(150, 300)), rng.integers(0, 5, 150)
    estimate = Classifier().estimate(np.vstack([x, x]), np.tile(labels, 2))
    assert estimate.bits < 3 * estimate.standard_error + 0.02


def test_columns_up_to_the_widest_are_taken_as_they_are(monkeypatch):
    def fit(values, most):
        raise AssertionError("reduced")

    monkeypatch.setattr(Reduction, "fit", fit)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, WIDEST))
    for y, probe in ((rng.integers(0, 2, 200), Classifier(n_folds=2)), (x[:, :2], Critic(n_folds=2, networks=False))):
        assert "components_x" not in probe.estimate(x, y).diagnostics
    with pytest.raises(AssertionError, match="reduced"):
        Classifier(n_folds=2).estimate(rng.normal(size=(200, WIDEST + 1)), rng.integers(0, 2, 200))


def test_embeddings_of_any_width_share_work_on_a_wide_y_without_harm():
    x, y = _about_vectors(200, 300, LEADING)
    wide_y = _turned(y, LEADING, 280, np.random.default_rng(3))
    probe = Critic(networks=False, n_folds=2)
    together = probe.estimate_many([x, x[:, :20]], wide_y)
    assert [one.bits for one in together] == [probe.estimate(one, wide_y).bits for one in (x, x[:, :20])]


def test_nobody_asked_means_nothing_told():
    assert not Remainder().tells
    assert Remainder().doubts() == []
