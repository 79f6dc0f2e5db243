import numpy as np
import pytest
from scipy.stats import multivariate_t

from noiselaw.probes.bounds import scores
from noiselaw.probes.critic import Critic
from noiselaw.probes.elliptical import Radial, _Sized, _Student, fit_elliptical, heavy_together
from noiselaw.probes.folds import deal
from noiselaw.probes.known import Known


def _student_pairs(n, rng, d=4, dof=3.0, r=0.5):
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    y[:, 0] = r * x[:, 0] + np.sqrt(1 - r * r) * y[:, 0]
    size = np.sqrt(dof / rng.chisquare(dof, n))[:, None]
    return x * size, y * size


def _fitted(x, y):
    inner = deal(np.arange(len(x)), 5, np.random.default_rng(1))
    return fit_elliptical(x, y, inner, np.random.default_rng(2), 1000, Known(), False)


def test_the_score_is_the_log_ratio_of_student_densities():
    rng = np.random.default_rng(0)
    d, p, dof, r = 3, 2, 3.0, 0.6
    shape = np.eye(d + p)
    shape[0, d] = shape[d, 0] = r
    x, y = rng.normal(size=(5, d)), rng.normal(size=(4, p))
    student = _Student(dof, np.array([r]), (d, p))
    sized = _Sized(x[:, :1], np.sum(x**2, axis=1)), _Sized(y[:, :1], np.sum(y**2, axis=1))
    found = scores(*student.features(*sized))
    joint = np.array([[multivariate_t(np.zeros(d + p), shape, df=dof).logpdf(np.r_[a, b]) for b in y] for a in x])
    own_x = multivariate_t(np.zeros(d), np.eye(d), df=dof).logpdf(x)
    own_y = multivariate_t(np.zeros(p), np.eye(p), df=dof).logpdf(y)
    exact = joint - own_x[:, None] - own_y
    # up to a constant, which normalising takes away
    assert found - found.mean() == pytest.approx(exact - exact.mean(), abs=1e-4)


def test_the_scatter_is_found_under_heavy_tails():
    rng = np.random.default_rng(3)
    mixing = np.array([[2.0, 0.5], [0.0, 0.3]])
    rows = rng.normal(size=(4000, 2)) @ mixing * np.sqrt(3 / rng.chisquare(3, 4000))[:, None]
    view = Radial.fit(rows)
    drawn, square = view.rows(rows)
    full = drawn * view.stretch(square)[:, None]
    back = np.linalg.lstsq(full, rows, rcond=None)[0]
    assert back.T @ back / np.trace(back.T @ back) == pytest.approx(
        mixing.T @ mixing / np.trace(mixing.T @ mixing), abs=0.03
    )


def test_light_tails_and_sizes_of_their_own_are_left_alone():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(1000, 4)), rng.normal(size=(1000, 4))
    assert not heavy_together(x, x + y)
    heavy_x, heavy_y = _student_pairs(1000, rng)[0], _student_pairs(1000, rng)[1]
    assert not heavy_together(heavy_x, heavy_y)
    assert _fitted(x, x + y) is None


def test_its_degrees_of_freedom_are_found():
    critic = _fitted(*_student_pairs(3000, np.random.default_rng(5)))
    assert 2.0 <= critic.student.dof <= 4.0
    assert critic.student.correlations[0] == pytest.approx(0.5, abs=0.08)


def test_heavy_tails_are_read_nearly_whole_and_not_above():
    rng = np.random.default_rng(6)
    x, y = _student_pairs(1500, rng)
    mixed = x @ np.array([[1.0, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 1, 1]])
    estimate = Critic(n_folds=4).estimate(mixed, y)
    truth = _student_truth()
    assert estimate.diagnostics["base"] == "elliptical"
    assert 0.85 * truth < estimate.bits < truth + 3 * estimate.standard_error


def _student_truth(dof=3.0, d=4, r=0.5):
    from scipy.special import digamma, gammaln

    def entropy(m):
        a, b = (dof + m) / 2, dof / 2
        return gammaln(b) - gammaln(a) + m / 2 * np.log(dof * np.pi) + a * (digamma(a) - digamma(b))

    return (2 * entropy(d) - entropy(2 * d) - 0.5 * np.log(1 - r * r)) / np.log(2)


def test_extreme_sizes_stay_finite():
    rng = np.random.default_rng(7)
    x, y = _student_pairs(600, rng, dof=0.7, r=0.99)
    estimate = Critic(n_folds=3).estimate(x, y)
    assert np.isfinite(estimate.bits)
    assert estimate.bits > 1.0


def test_copies_of_columns_change_nothing():
    x, y = _student_pairs(1200, np.random.default_rng(8))
    tiled, once = _fitted(np.hstack([x, x, -2 * x]), y), _fitted(x, y)
    assert tiled.value == pytest.approx(once.value, abs=0.01)


def test_nothing_comes_of_heavy_pairs_that_held_pairs_do_not_tell():
    rng = np.random.default_rng(9)
    x, y = _student_pairs(1200, rng, r=0.0)
    # sizes agree in pairs that are trained on and in none that are held
    inner = deal(np.arange(len(x)), 5, np.random.default_rng(1))
    held = np.flatnonzero(inner == 0)
    y[held] = y[held[rng.permutation(len(held))]]
    assert fit_elliptical(x, y, inner, rng, 1000, Known(), False) is None


def test_empty_rows_are_no_obstacle():
    x, y = _student_pairs(800, np.random.default_rng(8))
    x[:100] = 0.0
    assert np.isfinite(Critic(n_folds=3).estimate(x, y).bits)
