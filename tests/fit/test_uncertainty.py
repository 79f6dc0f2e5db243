import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

from noiselaw.fit import fit_law
from noiselaw.laws import NoiseLaw, SizeLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)
law = NoiseLaw()


def profile_end(bits, error, u_bar_hat, cost, direction):
    """The textbook way: at each ū the best I_max, and where the cost has risen by the quantile."""

    def rise(log_u_bar):
        def at(i_max):
            return np.sum(((law(np.array([i_max, np.exp(log_u_bar)]), U) - bits) / error) ** 2)

        return minimize_scalar(at, bounds=(0.1, 8), method="bounded", options={"xatol": 1e-10}).fun - cost

    limit = stats.chi2.ppf(0.95, 1)
    start = np.log(u_bar_hat)
    return np.exp(brentq(lambda v: rise(v) - limit, start, start + direction * 3))


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_the_profile_likelihood(seed):
    rng = generator(seed, "profile")
    theta = np.array([rng.uniform(1.5, 3.5), 10 ** rng.uniform(2, 3.3)])
    error = np.full(10, 0.05)
    bits = law(theta, U) + 0.04 * rng.standard_normal(10)
    fit = fit_law("noise", U, bits, error, shared_error=0.0, rivals=False)
    best = np.array(list(fit.diagnostics["best"].values()))
    cost = float(np.sum(((law(best, U) - bits) / error) ** 2))
    interval = fit.intervals["u_bar"]
    assert interval.low == pytest.approx(profile_end(bits, error, best[1], cost, -1), rel=2e-3)
    assert interval.high == pytest.approx(profile_end(bits, error, best[1], cost, +1), rel=2e-3)


def test_a_larger_confidence_is_a_wider_interval():
    bits = law(np.array([2.5, 300.0]), U) + 0.05 * generator(1, "wide").standard_normal(10)
    widths = []
    for confidence in (0.5, 0.9, 0.99):
        interval = fit_law("noise", U, bits, confidence=confidence, rivals=False).intervals["I_max"]
        widths.append(interval.high - interval.low)
    assert np.all(np.diff(widths) > 0)


def test_a_flat_start_does_not_hide_a_slow_rise():
    """The best point lies where the exponent does not matter; the region reaches where it does."""
    n = np.logspace(2, 5, 8)
    bits = SizeLaw()(np.array([2.0, 1e-3, 0.5]), n) + 0.02 * generator(0, "flat").standard_normal(8)
    fit = fit_law("size", n, bits, rivals=False)
    assert fit.status == "poorly_constrained"
    assert fit.intervals["I_inf"].high == np.inf
    assert 1.9 < fit.intervals["I_inf"].low < 2.05
