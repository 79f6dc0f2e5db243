import numpy as np
import pandas as pd
import pytest

from noiselaw.fit import fit_law, fit_table
from noiselaw.fit.adequacy import FORMS
from noiselaw.laws import LAWS, NoiseLaw
from noiselaw.randomness import generator

U = np.logspace(0.9, 3.9, 10)
TRUE = {
    "noise": [2.5, 300.0],
    "log_linear": [0.3, 0.2],
    "power": [0.4, 0.2],
    "hyperbola": [2.5, 200.0],
    "hill": [3.0, 500.0, 0.5],
    "two_sided": [2.0, 300.0],
}


@pytest.mark.parametrize(("form", "theta"), TRUE.items())
def test_the_form_that_made_the_curve_fits_best(form, theta):
    rng = generator(1, "rivals", form)
    bits = LAWS.build(form)(np.array(theta), U) + 0.004 * rng.standard_normal(len(U))
    rivals = fit_law("noise", U, bits).diagnostics["rivals"]
    assert set(rivals) == set(FORMS)
    assert rivals[form]["behind"] < 4.0
    assert rivals[form]["hidden_1"] < 0.05
    assert rivals[form]["residual_sd"] == pytest.approx(0.004, rel=0.7)


def test_errors_at_hidden_levels_are_those_of_a_fit_without_them():
    bits = NoiseLaw()(np.array([2.5, 300.0]), U) + 0.05 * generator(2, "hidden").standard_normal(len(U))
    rivals = fit_law("noise", U, bits).diagnostics["rivals"]
    for hide in (1, 2, 3):
        fit = fit_law("noise", U[:-hide], bits[:-hide], rivals=False)
        best = np.array(list(fit.diagnostics["best"].values()))
        expected = np.mean(np.abs(NoiseLaw()(best, U[-hide:]) - bits[-hide:]))
        assert rivals["noise"][f"hidden_{hide}"] == pytest.approx(expected, rel=1e-3)


def test_a_table_carries_it_beside_every_fit():
    rows = pd.DataFrame({"u": np.tile(U, 2), "bits": np.tile(NoiseLaw()(np.array([2.5, 300.0]), U), 2)})
    rows["signal"] = np.repeat(["a", "b"], 10)
    fits = fit_table(rows, by=["signal"])
    assert (fits["best_form"] == "noise").all()
    assert fits["hidden_1_error"].to_numpy() == pytest.approx(0.0, abs=1e-6)
    assert {"aicc_behind", "hidden_2_error", "hidden_3_error"} <= set(fits.columns)


def test_too_few_levels_left_is_unknown():
    rivals = fit_law("noise", U[:5], NoiseLaw()(np.array([2.5, 300.0]), U[:5])).diagnostics["rivals"]
    assert np.isnan(rivals["noise"]["hidden_3"])
    assert np.isfinite(rivals["noise"]["hidden_2"])


def test_a_number_that_rests_on_the_wrong_form_says_so():
    line = fit_law("noise", U, 0.3 + 0.2 * np.log2(U) + 0.01 * generator(5, "line").standard_normal(10))
    assert line.status == "ok"
    assert "Another form (log_linear) describes these points clearly better" in line.reason
    right = fit_law("noise", U, NoiseLaw()(np.array([2.5, 300.0]), U) + 0.02 * generator(6, "r").standard_normal(10))
    assert "Another form" not in right.reason
