import numpy as np
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.fit import derive, fit_law, predict
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)
TRUE = np.array([2.5, 300.0])


@pytest.fixture(scope="module")
def fit():
    return fit_law("noise", U, NoiseLaw()(TRUE, U) + 0.03 * generator(3, "derived").standard_normal(len(U)))


@pytest.mark.parametrize(
    ("quantity", "options", "truth"),
    [
        ("I_max", {}, 2.5),
        ("u_bar", {}, 300.0),
        ("plateau", {}, 2.5),
        ("bits", {"u": 500.0}, NoiseLaw()(TRUE, np.array(500.0))),
        ("bits_lost", {"u": 500.0}, 2.5 - NoiseLaw()(TRUE, np.array(500.0))),
        ("gain", {"factor": 10.0}, NoiseLaw()(TRUE, U[-1:] * 10)[0] - NoiseLaw()(TRUE, U[-1:])[0]),
        ("x_for_fraction", {"fraction": 0.9}, NoiseLaw().inverse(TRUE, np.array(2.25))),
        ("x_for_bits", {"bits": 2.0}, NoiseLaw().inverse(TRUE, np.array(2.0))),
    ],
)
def test_intervals_hold_the_truth(fit, quantity, options, truth):
    found = derive(fit, quantity, **options)
    assert found.interval.low < truth < found.interval.high
    assert found.interval.low <= found.value <= found.interval.high


def test_bits_that_may_never_be_reached_have_no_upper_bound(fit):
    edge = fit.parameters["I_max"]
    found = derive(fit, "x_for_bits", bits=edge)
    assert found.interval.high == np.inf and np.isnan(found.value)


def test_a_curve_still_rising_bounds_its_gain_but_not_its_losses():
    rising = fit_law("noise", U, NoiseLaw()(np.array([4.0, 1e7]), U) + 0.02 * generator(0, "r").standard_normal(10))
    assert rising.status == "linear_regime"
    assert derive(rising, "bits_lost").interval.high == np.inf
    assert np.isnan(derive(rising, "x_for_fraction").value)
    gain = derive(rising, "gain")
    assert np.isfinite(gain.value) and gain.interval.high <= 0.5 * np.log2(10) + 1e-9


def test_predictions_lie_within_their_intervals_and_a_measurement_strays_further(fit):
    bits, low, high = predict(fit, np.logspace(0, 5, 20))
    assert (low <= bits).all() and (bits <= high).all()
    _, lower, higher = predict(fit, np.logspace(0, 5, 20), kind="measurement")
    assert (lower < low).all() and (higher > high).all()


def test_mistakes_are_named(fit):
    with pytest.raises(UsageError, match="no quantity 'bit_lost'. Nearest: bits_lost"):
        derive(fit, "bit_lost")
    with pytest.raises(UsageError, match="no variable 'N'"):
        derive(fit, "bits", N=3.0)
    with pytest.raises(InputError, match="no curve to read from"):
        predict(fit_law("noise", U[:3], U[:3]), 10.0)
