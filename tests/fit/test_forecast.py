import numpy as np
import pytest

from noiselaw.errors import InputError
from noiselaw.fit import fit_law, predict
from noiselaw.fit.outlook import lay
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)


def noisy(i_max=2.5, u_bar=300.0):
    return NoiseLaw()(np.array([i_max, u_bar]), U) + 0.03 * generator(3, "forecast").standard_normal(len(U))


def test_widens_with_distance_and_holds_the_future():
    fit = fit_law("noise", U, noisy())
    bits, low, high = predict(fit, U[-1] * np.array([0.5, 2.0, 5.0, 10.0, 100.0]), kind="forecast")
    assert (np.diff(high - low) > 0).all()
    assert (low < bits).all() and (bits < high).all()
    assert low[3] < NoiseLaw()(np.array([2.5, 300.0]), U[-1:] * 10)[0] < high[3]


def test_is_the_law_where_the_law_fits_and_the_line_where_that_fits():
    saturating = fit_law("noise", U, NoiseLaw()(np.array([2.5, 300.0]), U))
    line = fit_law("noise", U, 1.0 + 0.2 * np.log2(U))
    assert predict(saturating, 10 * U[-1], kind="forecast")[0] == pytest.approx(2.5, abs=0.03)
    assert predict(line, 10 * U[-1], kind="forecast")[0] == pytest.approx(1.0 + 0.2 * np.log2(10 * U[-1]), abs=0.05)


def test_is_what_the_planner_expects():
    fit = fit_law("noise", U, noisy(), ceiling=2.7)
    (ahead,) = lay(("u",), (U,), noisy(), 2.7)
    expected = ahead.bits(u=3 * U[-1])
    found = predict(fit, 3 * U[-1], kind="forecast")
    assert [float(part) for part in found] == pytest.approx([expected.value, expected.low, expected.high])


def test_less_confidence_is_a_narrower_forecast():
    wide, narrow = (fit_law("noise", U, noisy(), confidence=c, rivals=False) for c in (0.95, 0.5))
    (_, a, b), (_, c, d) = (predict(fit, 3 * U[-1], kind="forecast") for fit in (wide, narrow))
    assert d - c < 0.5 * (b - a)


def test_needs_a_law_of_depth():
    with pytest.raises(InputError, match="law of depth"):
        predict(fit_law("size", U, noisy()), 10.0, kind="forecast")


def test_a_level_without_any_depth_takes_no_form_out_of_the_forecast():
    u = np.geomspace(3.0, 9000.0, 9)
    bits = 0.5 * np.log2(1 + 63 * u / (u + 300)) + 0.01 * np.sin(7 * np.arange(9))
    whole, more = (predict(fit_law("noise", x, y), [9e4], kind="forecast") for x, y in (
        (u, bits), (np.r_[0.0, u], np.r_[0.0, bits])))  # fmt: skip
    np.testing.assert_allclose(more, whole)
