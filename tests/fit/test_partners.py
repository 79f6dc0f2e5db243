"""Eq. 2 through pairs whose both cells were measured through the noise says that it is not made for them."""

import json

import numpy as np
import pandas as pd
import pytest

from noiselaw.fit import fit_groups, fit_table
from noiselaw.fit.partners import both_noisy
from noiselaw.laws import law_of

U = np.geomspace(3, 3000, 10)
SAID = "Y is a cell as noisy as X"


def measured(target):
    """Ten levels of the two-sided law with k = 40, as a sweep writes them."""
    facts = {} if target is None else {"target": target}
    bits = law_of("two_sided")(np.array([1.5, 40.0]), U) + np.random.default_rng(0).normal(0, 0.01, len(U))
    return pd.DataFrame({"u": U, "bits": bits, "standard_error": 0.01, "diagnostics": json.dumps(facts)})


def test_a_noisy_partner_is_said_beside_eq_2_and_the_law_for_it_named():
    (fit,) = fit_groups(measured("embedding"), by=[]).values()
    assert SAID in fit.reason
    assert "fit the law two_sided, which does (here its AICc is" in fit.reason
    assert "lower" in fit.reason
    assert fit.parameters["u_bar"] > 80


def test_the_law_made_for_it_finds_the_depth():
    table = fit_table(measured("embedding"), law="two_sided", by=[])
    assert SAID not in table["reason"].iloc[0]
    assert table["k"].iloc[0] == pytest.approx(40, rel=0.1)
    assert table["best_form"].iloc[0] == "two_sided"


@pytest.mark.parametrize("target", ["profile", None])
def test_nothing_is_said_of_a_clean_y(target):
    assert SAID not in fit_table(measured(target), by=[])["reason"].iloc[0]


def test_without_rivals_there_is_no_comparison():
    (fit,) = fit_groups(measured("embedding"), by=[], rivals=False).values()
    assert fit.reason.endswith("fit the law two_sided, which does.")


@pytest.mark.parametrize("told", ["no JSON", "[1]", None])
def test_other_columns_of_that_name_say_nothing(told):
    assert not both_noisy(pd.DataFrame({"diagnostics": [told]}))
    assert not both_noisy(pd.DataFrame({"bits": [1.0]}))
