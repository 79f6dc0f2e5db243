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


@pytest.mark.parametrize("kind", ["curve", "measurement", "forecast"])
def test_an_unknown_depth_gives_unknown_bits_and_never_zero(fit, kind):
    bits, low, high = predict(fit, [100.0, np.nan], kind=kind)
    assert np.isfinite([bits[0], low[0], high[0]]).all() and np.isnan([bits[1], low[1], high[1]]).all()


def test_a_misspelt_kind_is_not_taken_for_the_narrowest(fit):
    with pytest.raises(UsageError, match="kind must be one of curve, measurement, forecast; got 'forcast'"):
        predict(fit, [100.0], kind="forcast")


@pytest.mark.parametrize("kind", ["curve", "forecast"])
@pytest.mark.parametrize(("u", "rule"), [(-5.0, "must not be negative; got -5"), (np.inf, "must be finite; got inf")])
def test_a_law_is_not_asked_outside_its_domain(fit, kind, u, rule):
    with pytest.raises(InputError, match=rule):
        predict(fit, [u], kind=kind)
    with pytest.raises(InputError, match=rule):
        derive(fit, "bits", u=u)


def test_a_straight_line_in_log_depth_has_no_bits_at_zero(fit):
    line = fit_law("log_linear", U, np.linspace(0.1, 2.0, 10), rivals=False)
    with pytest.raises(InputError, match="u must be above 0 for"):
        predict(line, [0.0])
    with pytest.raises(InputError, match="Leave out what was measured there"):
        fit_law("log_linear", [0.0, *U], np.linspace(0.0, 2.0, 11))
    assert predict(fit, [0.0])[0] == 0.0


@pytest.mark.parametrize(
    ("quantity", "options", "said"),
    [
        ("gain", {"factor": -1.0}, "factor must be above 0; got -1"),
        ("gain", {"factor": np.nan}, "factor must be above 0; got nan"),
        ("x_for_fraction", {"fraction": 1.0}, "fraction must lie between 0 and 1; got 1"),
        ("x_for_bits", {}, "needs bits"),
    ],
)
def test_what_cannot_be_meant_is_refused(fit, quantity, options, said):
    with pytest.raises(UsageError, match=said):
        derive(fit, quantity, **options)


def test_a_point_that_is_no_number_is_refused(fit):
    with pytest.raises(InputError, match="must be numbers"):
        derive(fit, "bits", u=np.nan)


def test_a_joint_law_reaches_bits_on_a_line_and_says_so():
    u, n = (grid.ravel() for grid in np.meshgrid(U, np.logspace(2, 4, 5)))
    joint = fit_law("joint_bilinear", (u, n), np.log10(u) + 0.1 * np.log10(n))
    for quantity, options in (("x_for_fraction", {}), ("x_for_bits", {"bits": 1.0})):
        with pytest.raises(UsageError, match="whole line"):
            derive(joint, quantity, **options)
    with pytest.raises(InputError, match=r"needs x as \(u, N\)"):
        predict(joint, [5.0])
