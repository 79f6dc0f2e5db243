import numpy as np
import pytest

from noiselaw.probes.bounds import Features, Normaliser, nwj_gains, scores
from noiselaw.probes.critic import Critic
from noiselaw.probes.mixture import Mixture


def _clouds(n, rng, n_classes=6, d=3, spread=2.0):
    """X and Y around the places of a hidden class, with the exact log density ratio of each pair."""
    one, two = spread * np.random.default_rng(0).normal(size=(2, n_classes, d))
    state = rng.integers(0, n_classes, n)
    x, y = one[state] + rng.normal(size=(n, d)), two[state] + rng.normal(size=(n, d))
    log_x = -0.5 * ((x[:, None] - one) ** 2).sum(-1)
    log_y = -0.5 * ((y[:, None] - two) ** 2).sum(-1)
    q_x, q_y = (np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True) for logs in (log_x, log_y))
    return x, y, np.log(n_classes * np.sum(q_x * q_y, axis=1))


def test_classes_are_found_and_their_ratio_is_the_true_one():
    rng = np.random.default_rng(1)
    x, y, _ = _clouds(2000, rng)
    u, v = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean(axis=0)) / y.std(axis=0)
    mixture = Mixture.fit(u, v, 8, np.ones(3), rng)
    fresh_x, fresh_y, ratio = _clouds(1000, rng)
    one = mixture.features_x((fresh_x - x.mean(axis=0)) / x.std(axis=0))
    two = mixture.features_y((fresh_y - y.mean(axis=0)) / y.std(axis=0))
    found = np.log(np.sum(one * two, axis=1))
    assert np.median(np.abs(found - ratio)) < 0.1
    assert mixture.share.sum() == pytest.approx(1)


def test_more_rounds_never_fit_worse_and_absent_classes_do_no_harm():
    rng = np.random.default_rng(2)
    x, y, _ = _clouds(300, rng, n_classes=2)
    u, v = x / x.std(axis=0), y / y.std(axis=0)
    mixture = Mixture.fit(u, v, 40, np.ones(3), rng)
    assert np.all(np.isfinite(mixture.features_x(u)))
    assert np.all(np.isfinite(mixture.settled(u, v).features_y(v)))


def test_classes_and_networks_are_weighed_in_one_score():
    rng = np.random.default_rng(3)
    plain, classes = rng.normal(size=(5, 2)).astype("f4"), rng.random((5, 3)).astype("f4")
    found = scores(Features(plain, classes, 0.5), Features(plain, classes, 0.5))
    assert found == pytest.approx(plain @ plain.T + 0.5 * np.log(classes @ classes.T), abs=1e-5)
    with pytest.raises(TypeError, match="one kind"):
        scores(plain, Features(plain, classes, 0.5))


def test_bound_from_classes_keeps_below_the_truth():
    rng = np.random.default_rng(4)
    x, y, _ = _clouds(3000, rng)
    ratio = _clouds(60000, rng)[2].mean()
    mixture = Mixture.fit(x[:1500], y[:1500], 6, np.ones(3), rng)

    def features(rows):
        nothing = np.zeros((len(x[rows]), 1), np.float32)
        return (
            Features(nothing, mixture.features_x(x[rows]), 1.0),
            Features(nothing, mixture.features_y(y[rows]), 1.0),
        )

    gains = nwj_gains(Normaliser.fit(*features(slice(0, 1500))), *features(slice(1500, None)))
    error = gains.std() / np.sqrt(len(gains))
    assert ratio - 0.15 < gains.mean() < ratio + 3 * error


def test_hidden_classes_are_read_by_the_critic():
    rng = np.random.default_rng(5)
    x, y, _ = _clouds(1200, rng, n_classes=8, spread=2.5)
    estimate = Critic(n_folds=5).estimate(x, y)
    truth = _clouds(60000, rng, n_classes=8, spread=2.5)[2].mean() / np.log(2)
    assert estimate.diagnostics["base"] == "classes"
    assert truth * 0.8 < estimate.bits < truth + 2 * estimate.standard_error
