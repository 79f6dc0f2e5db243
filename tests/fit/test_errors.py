import numpy as np
import pytest
from scipy import stats

from noiselaw.fit import fit_law
from noiselaw.fit.errors import spread_of
from noiselaw.fit.points import points_of
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)
law = NoiseLaw()


def replicated(shared, k=6, noise=0.05, seed=0):
    rng = generator(seed, "replicates", shared)
    common = np.repeat(rng.standard_normal(k), len(U))
    own = rng.standard_normal(k * len(U))
    bits = np.tile(law(np.array([2.5, 100.0]), U), k)
    return (
        np.tile(U, k),
        bits + noise * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own),
        np.repeat(np.arange(k), 10),
    )


def width(interval):
    return interval.high - interval.low


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.8])
def test_the_common_share_is_found_in_replicates(shared):
    found = []
    for seed in range(12):
        u, bits, seeds = replicated(shared, seed=seed)
        fit = fit_law("noise", u, bits, np.full(len(u), 0.05), seeds=seeds, rivals=False)
        found.append(fit.diagnostics["shared_error"])
    assert np.median(found) == pytest.approx(shared, abs=0.15)


def test_common_errors_move_the_plateau_but_not_the_curve():
    u, bits, seeds = replicated(0.8)
    error = np.full(len(u), 0.05)
    plain = fit_law("noise", u, bits, error, shared_error=0.0, rivals=False)
    aware = fit_law("noise", u, bits, error, seeds=seeds, rivals=False)
    assert aware.diagnostics["best"] == plain.diagnostics["best"]
    assert width(aware.intervals["I_max"]) > 1.5 * width(plain.intervals["I_max"])
    assert aware.diagnostics["replicates"] == 6


def test_one_curve_says_nothing_of_common_errors_without_standard_errors():
    fit = fit_law("noise", U, replicated(0.5, k=1)[1], rivals=False)
    assert fit.diagnostics["shared_error"] == 0.0


def test_what_one_curve_does_not_show_of_its_standard_errors_is_taken_as_common():
    exact = law(np.array([2.5, 100.0]), U)
    wiggle = 0.02 * generator(3, "wiggle").standard_normal(10)
    alike = fit_law("noise", U, exact + wiggle, np.full(10, 0.05), rivals=False)
    unlike = fit_law("noise", U, exact + wiggle, np.full(10, 0.05), shared_error=0.0, rivals=False)
    assert 0.6 < alike.diagnostics["shared_error"] < 0.98
    assert width(alike.intervals["I_max"]) > 1.5 * width(unlike.intervals["I_max"])
    assert width(alike.intervals["u_bar"]) < width(unlike.intervals["u_bar"])


def test_scatter_beyond_the_standard_errors_is_never_taken_as_common():
    bits = law(np.array([2.5, 100.0]), U) + 0.1 * generator(4, "loud").standard_normal(10)
    fit = fit_law("noise", U, bits, np.full(10, 0.05), rivals=False)
    assert fit.diagnostics["shared_error"] == 0.0


def parts_of(residuals, slope, error=None, seeds=None, shared=None):
    points = points_of(law, np.tile(U, len(residuals) // 10), np.ones(len(residuals)), error, seeds)
    return spread_of(points, residuals, slope, shared)


def line(k=1):
    x = np.tile(np.linspace(-1.0, 1.0, 10), k)
    return np.stack([np.ones(10 * k), x], axis=1)


def rest(k=1, size=1.0):
    slope = line(k)
    raw = generator(5, "rest", k).standard_normal(10 * k)
    raw -= slope @ np.linalg.lstsq(slope, raw, rcond=None)[0]
    return size * raw


def test_standard_errors_that_the_scatter_contradicts_are_stretched():
    slope, errors = line(), np.full(10, 0.01)
    cost = float(rest() @ rest())
    usual = parts_of(rest(size=np.sqrt(9.0 / cost)), slope, errors)
    assert (usual.scale, usual.shared, usual.simple) == (1.0, 0.0, True)
    assert parts_of(rest(size=np.sqrt(40.0 / cost)), slope, errors).scale == pytest.approx(5.0)


def test_without_standard_errors_the_scatter_sets_the_scale():
    spread = parts_of(rest(), line())
    assert spread.scale == pytest.approx(float(rest() @ rest()) / 8.0)
    assert spread.freedom.tolist() == [8.0]
    assert spread.reference(0.95) == pytest.approx(stats.t.ppf(0.975, 8.0) ** 2 * spread.scale)


def test_a_told_share_does_not_shrink_with_the_scatter_that_cannot_show_it():
    """A line follows whatever moves all of its points: half of the variance is then half of the scatter."""
    plain, told = parts_of(rest(), line()), parts_of(rest(), line(), shared=0.5)
    assert told.scale == pytest.approx(2.0 * plain.scale)


def test_three_replicates_know_their_mean_by_two_degrees_of_freedom_and_the_slope_by_many():
    """For a line with the same levels in each replicate this is the textbook's analysis of variance."""
    slope, seeds = line(3), np.repeat([0, 1, 2], 10)
    residuals = rest(3) + np.repeat([0.4, -0.1, -0.3], 10)
    residuals -= slope @ np.linalg.lstsq(slope, residuals, rcond=None)[0]
    spread = parts_of(residuals, slope, seeds=seeds)
    assert spread.freedom == pytest.approx([2.0, 26.0])
    means = residuals.reshape(3, 10).mean(axis=1)
    moved = np.array([[1.0], [0.0]])
    ratio, believed = spread.ratio(moved, 0.95)
    # The interval's half-width is where the excess, multiplied by its ratio, meets the reference.
    half = np.sqrt(spread.reference(0.95) / (ratio * believed))
    assert half[0] == pytest.approx(stats.t.ppf(0.975, 2.0) * means.std(ddof=1) / np.sqrt(3), rel=2e-3)
    within = residuals - np.repeat(means, 10)
    ratio, believed = spread.ratio(np.array([[0.0], [1.0]]), 0.95)
    half = np.sqrt(spread.reference(0.95) / (ratio * believed))
    error = np.sqrt(within @ within / 26.0 / (slope[:, 1] @ slope[:, 1]))
    assert half[0] == pytest.approx(stats.t.ppf(0.975, 26.0) * error, rel=2e-3)


def test_the_least_ratio_is_below_that_of_any_direction():
    spread = parts_of(rest(3), line(3), seeds=np.repeat([0, 1, 2], 10))
    directions = generator(6, "directions").standard_normal((2, 50))
    assert spread.least(0.95) <= spread.ratio(directions, 0.95)[0].min() + 1e-9


def test_replicates_of_one_level_each_are_taken_as_independent():
    fit = fit_law("noise", U, law(np.array([2.5, 100.0]), U) + rest(size=0.03), seeds=np.arange(10), rivals=False)
    assert fit.status == "ok" and fit.diagnostics["shared_error"] == 0.0
