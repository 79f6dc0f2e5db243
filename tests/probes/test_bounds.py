import numpy as np
import pytest
from scipy.stats import norm

from noiselaw.probes.bounds import Normaliser, nwj_gains, standard_error
from noiselaw.probes.known import Known
from noiselaw.probes.linear_base import ridge_canonical, unseen_variates
from noiselaw.probes.margins import NormalScores, Whitener


def _features(u, v, r):
    strength, one = r / (1 - r**2), np.ones_like(u)
    x = np.column_stack([strength * u, -0.5 * r * strength * u**2, one])
    y = np.column_stack([v, one, -0.5 * r * strength * v**2])
    return x.astype("f4"), y.astype("f4")


@pytest.mark.parametrize("believed", [0.3, 0.8, 0.95])
def test_bound_holds_for_any_critic_and_is_reached_by_the_right_one(believed):
    rng = np.random.default_rng(0)
    u = rng.normal(size=6000)
    v = 0.8 * u + 0.6 * rng.normal(size=6000)
    x, y = _features(u, v, believed)
    gains = nwj_gains(Normaliser.fit(x[:2000], y[:2000]), x[2000:], y[2000:])
    truth, error = -0.5 * np.log(1 - 0.64), gains.std() / np.sqrt(4000)
    assert gains.mean() < truth + 3 * error
    if believed == 0.8:
        assert gains.mean() == pytest.approx(truth, abs=3 * error)


def test_pairs_of_one_unit_are_not_taken_for_unrelated():
    rng = np.random.default_rng(5)
    units = np.arange(6000) // 10
    shared = rng.normal(size=600)[units]  # what the pairs of one unit have in common
    u = 0.9 * shared + np.sqrt(0.19) * rng.normal(size=6000)
    v = 0.9 * shared + np.sqrt(0.19) * rng.normal(size=6000)
    x, y = _features(u, v, 0.81)
    normaliser = Normaliser.fit(x[:2000], y[:2000])
    truth = -0.5 * np.log(1 - 0.81**2)
    folds = [np.arange(start, start + 40) for start in range(2000, 6000, 40)]
    blind = np.mean([nwj_gains(normaliser, x[fold], y[fold]).mean() for fold in folds])
    aware = np.concatenate([nwj_gains(normaliser, x[fold], y[fold], units[fold]) for fold in folds])
    error = np.bincount(units[2000:] - 200, weights=aware).std() / 10 / np.sqrt(400)
    assert blind < truth - 0.25
    assert aware.mean() == pytest.approx(truth, abs=3 * error)
    assert not nwj_gains(normaliser, x[:10], y[:10], units[:10]).any()


def test_units_of_one_pair_change_nothing():
    rng = np.random.default_rng(6)
    x, y = _features(rng.normal(size=300), rng.normal(size=300), 0.5)
    normaliser = Normaliser.fit(x[:100], y[:100])
    alone = nwj_gains(normaliser, x[100:], y[100:], rng.permutation(200))
    assert np.array_equal(alone, nwj_gains(normaliser, x[100:], y[100:]))


def test_standard_error_counts_units_and_fits():
    rng = np.random.default_rng(1)
    gain = rng.normal(size=1000)
    alone, folds = np.arange(1000), np.arange(1000) % 5
    assert standard_error(gain, alone, folds) == pytest.approx(1 / np.sqrt(1000), rel=0.1)
    pairs = standard_error(np.repeat(gain, 2), np.repeat(alone, 2), np.repeat(folds, 2))
    assert pairs == pytest.approx(1 / np.sqrt(1000), rel=0.1)
    assert standard_error(gain + folds, alone, folds) > 0.5


def test_whitening_drops_copies_and_clips_after():
    rng = np.random.default_rng(2)
    values = rng.standard_t(2, size=(500, 3))
    white = Whitener.fit(np.hstack([values, values @ rng.normal(size=(3, 4))]))
    assert len(white.variance) == 3


def test_normal_scores_are_the_quantiles_of_the_ranks():
    values = np.random.default_rng(3).exponential(size=(999, 1))
    scores = NormalScores.fit(values)(values)
    order = np.argsort(values[:, 0])
    assert scores[order, 0] == pytest.approx(norm.ppf((np.arange(999) + 0.5) / 999))


def test_honest_correlations_of_unrelated_columns_are_small():
    rng = np.random.default_rng(4)
    x, y, inner = rng.normal(size=(300, 20)), rng.normal(size=(300, 40)), np.arange(300) % 5
    base = ridge_canonical(x, y, inner, 5, Known())
    assert base.score < 0.05
    u, v = unseen_variates(base, x, y, inner, Known())
    seen_u, seen_v = base.x_variates(x), base.y_variates(y)
    familiar = abs(np.corrcoef(seen_u[:, 0], seen_v[:, 0])[0, 1])
    assert abs(np.corrcoef(u[:, 0], v[:, 0])[0, 1]) < 0.6 * familiar
    assert u.shape == (300, 20)
