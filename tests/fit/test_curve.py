import numpy as np
import pytest
from scipy.optimize import least_squares

from noiselaw.errors import InputError, UsageError
from noiselaw.fit import STATUSES, fit_law
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)


def curve(i_max, u_bar, u=U, noise=0.0, seed=0):
    return NoiseLaw()(np.array([i_max, u_bar]), u) + noise * generator(seed, "curve").standard_normal(len(u))


def test_finds_the_parameters_of_an_exact_curve():
    fit = fit_law("noise", U, curve(2.5, 300.0))
    assert fit.status == "ok"
    assert fit.parameters == pytest.approx({"I_max": 2.5, "u_bar": 300.0}, rel=1e-6)
    assert fit.intervals["I_max"].low <= 2.5 <= fit.intervals["I_max"].high


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_scipy_on_the_same_objective(seed, weighted):
    rng = generator(seed, "scipy")
    i_max, u_bar = rng.uniform(1, 4), 10 ** rng.uniform(1.5, 3.5)
    error = rng.uniform(0.02, 0.1, len(U))
    bits = curve(i_max, u_bar) + error * rng.standard_normal(len(U))
    weight = 1 / error if weighted else np.ones(len(U))
    best = least_squares(
        lambda p: (NoiseLaw()(np.array([p[0], np.exp(p[1])]), U) - bits) * weight,
        [i_max, np.log(u_bar)],
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    fit = fit_law("noise", U, bits, error if weighted else None)
    assert fit.diagnostics["best"]["I_max"] == pytest.approx(best.x[0], rel=1e-6)
    assert fit.diagnostics["best"]["u_bar"] == pytest.approx(np.exp(best.x[1]), rel=1e-6)


@pytest.mark.parametrize(
    ("i_max", "u_bar", "status"),
    [
        (3.0, 1000.0, "ok"),
        (6.0, 1e6, "linear_regime"),
        (2.0, 1e-3, "saturated"),
        (0.0, 100.0, "poorly_constrained"),
    ],
)
def test_statuses_of_curves_seen_in_part(i_max, u_bar, status):
    fit = fit_law("noise", U, curve(i_max, u_bar, noise=0.05))
    assert fit.status == status
    assert fit.status in STATUSES
    assert fit.reason.endswith(".")


def test_a_plateau_that_was_not_seen_is_unknown_with_a_lower_bound():
    fit = fit_law("noise", U, curve(6.0, 1e6, noise=0.02))
    assert np.isnan(fit.parameters["I_max"]) and np.isnan(fit.parameters["u_bar"])
    assert fit.intervals["I_max"].high == np.inf
    assert 1.0 < fit.intervals["I_max"].low < 6.0
    assert np.isfinite(fit.diagnostics["best"]["I_max"])


def test_a_plateau_from_the_start_bounds_noise_sensitivity_from_above_only():
    fit = fit_law("noise", U, curve(2.0, 1e-3, noise=0.02))
    assert fit.parameters["I_max"] == pytest.approx(2.0, abs=0.03)
    assert np.isnan(fit.parameters["u_bar"])
    assert fit.intervals["u_bar"].low == 0.0
    assert np.isfinite(fit.intervals["u_bar"].high)


def test_more_than_the_labels_hold_is_said():
    fit = fit_law("noise", U, curve(3.0, 300.0, noise=0.01), ceiling=2.2)
    assert fit.status == "above_ceiling"
    assert "2.20 bits" in fit.reason


def test_three_levels_are_too_few():
    fit = fit_law("noise", U[:3], curve(3.0, 300.0)[:3])
    assert fit.status == "too_few_levels"
    assert np.isnan(fit.parameters["I_max"])
    assert "at least 4" in fit.reason


def test_what_is_not_finite_is_left_out_and_counted():
    bits = curve(2.5, 300.0)
    bits[3] = np.nan
    fit = fit_law("noise", U, bits)
    assert fit.n_points == 9
    assert fit.diagnostics["left_out"] == 1
    assert fit.parameters["I_max"] == pytest.approx(2.5, rel=1e-6)


def test_size_law_finds_the_parameters_of_an_exact_curve():
    n = np.logspace(2, 5, 8)
    fit = fit_law("size", n, 2.0 - (n / 50.0) ** -0.5)
    assert fit.status == "ok"
    assert fit.parameters == pytest.approx({"I_inf": 2.0, "N_0": 50.0, "s": 0.5}, rel=1e-5)


def test_a_standard_error_of_zero_is_unknown_not_certain():
    errors = np.full(10, 0.05)
    one_exact = np.where(np.arange(10) == 0, 0.0, errors)
    assert (
        fit_law("noise", U, curve(2, 100), one_exact).parameters
        == fit_law("noise", U, curve(2, 100), errors).parameters
    )
    assert fit_law("noise", U, curve(2, 100), np.zeros(10)).parameters == fit_law("noise", U, curve(2, 100)).parameters


def test_mistakes_are_named():
    with pytest.raises(InputError, match="one value per measurement; got 10 and 9"):
        fit_law("noise", U, curve(2, 100)[:9])
    with pytest.raises(InputError, match="u must not be negative; got -1"):
        fit_law("noise", -np.ones(10), curve(2, 100))
    with pytest.raises(InputError, match="standard_error must be above 0; got -1"):
        fit_law("noise", U, curve(2, 100), -np.ones(10))
    with pytest.raises(UsageError, match="no law called 'nois'. Nearest: noise"):
        fit_law("nois", U, curve(2, 100))
    with pytest.raises(UsageError, match="protocol must be"):
        fit_law("noise", U, curve(2, 100), protocol="papr")
    with pytest.raises(UsageError, match="confidence must lie between 0 and 1; got 95"):
        fit_law("noise", U, curve(2, 100), confidence=95)
    with pytest.raises(UsageError, match=r"object such as NoiseLaw\(\); got the class NoiseLaw"):
        fit_law(NoiseLaw, [1, 2], [1, 2])
    with pytest.raises(UsageError, match="got 2"):
        fit_law(2, [1, 2], [1, 2])


@pytest.mark.parametrize("law", ["noise", "size", "two_sided", "stretched", "hill", "hyperbola", "log_linear", "power"])
@pytest.mark.parametrize(
    "bits",
    [np.zeros(10), np.full(10, 1.5), -0.1 * np.ones(10), 2 - 0.2 * np.log10(U), 0.3 * np.log10(U), 15 + np.log(U)],
    ids=["zero", "constant", "negative", "falling", "line", "large"],
)
def test_every_curve_gets_an_answer(law, bits):
    fit = fit_law(law, U, bits)
    assert fit.status in STATUSES and fit.status != "not_converged"
    for name, interval in fit.intervals.items():
        assert interval.low <= fit.diagnostics["best"][name] * (1 + 1e-9) + 1e-9
        assert np.isnan(fit.parameters[name]) or interval.low - 1e-9 <= fit.parameters[name] <= interval.high + 1e-9


def test_no_measurement_at_all_is_too_few_levels():
    assert fit_law("noise", [], []).status == "too_few_levels"
    assert fit_law("noise", U, np.full(10, np.nan)).status == "too_few_levels"


@pytest.mark.parametrize(
    ("u", "bits", "message"),
    [
        (["a", "b"], [1.0, 2.0], "u must be numbers, one for each measurement"),
        ([1.0, 2.0], ["low", "high"], "bits must be numbers, one for each measurement"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], "u must be numbers.*Pass one flat array"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "u and bits must have one value per measurement; got 3 and 2"),
    ],
)
def test_what_is_no_array_of_numbers_is_one_clear_error(u, bits, message):
    with pytest.raises(InputError, match=message):
        fit_law("noise", u, bits)


def test_a_joint_law_names_the_variable_that_is_no_number():
    with pytest.raises(InputError, match="N must be numbers"):
        fit_law("joint", ([1.0, 2.0], ["few", "many"]), [1.0, 2.0])
    with pytest.raises(InputError, match=r"needs x as \(u, N\), one array each; got 3 arrays"):
        fit_law("joint", [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
