import numpy as np
import pytest

from noiselaw.fit import fit_law
from noiselaw.fit.errors import correlation_of, estimate_shared, freedom_of, scale_of
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
    _, bits, _ = replicated(0.5, k=1)
    points = points_of(law, U, bits)
    assert estimate_shared(points, bits, np.ones((10, 2))) == 0.0
    assert fit_law("noise", U, bits, rivals=False).diagnostics["shared_error"] == 0.0


def test_correlation_is_within_replicates_only():
    points = points_of(law, U[:4], np.ones(4), seeds=[0, 0, 1, 1])
    assert correlation_of(points, 0.3).tolist() == [
        [1.0, 0.3, 0.0, 0.0],
        [0.3, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.3],
        [0.0, 0.0, 0.3, 1.0],
    ]


def test_standard_errors_that_the_scatter_contradicts_are_stretched():
    points = points_of(law, U, np.ones(10), np.full(10, 0.01))
    assert scale_of(points, 8.0, 2) == 1.0
    assert scale_of(points, 40.0, 2) == 5.0
    assert freedom_of(points, 0.0, 2) == np.inf
    alone = points_of(law, U, np.ones(10))
    assert scale_of(alone, 8.0, 2) == 1.0 and freedom_of(alone, 0.0, 2) == 8.0


def test_few_replicates_without_standard_errors_have_few_degrees_of_freedom():
    u, bits, seeds = replicated(0.5, k=3)
    points = points_of(law, u, bits, seeds=seeds)
    assert 2.0 < freedom_of(points, 0.5, 2) < 6.0
    assert freedom_of(points, 0.0, 2) == 28.0
