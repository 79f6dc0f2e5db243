import numpy as np
import pytest

from noiselaw.fit import STATUSES, fit_law
from noiselaw.fit.diagnose import Evidence, diagnose, least_levels
from noiselaw.laws import law_of
from noiselaw.records import Interval


def evidence(**changes):
    given = {
        "law": law_of("noise"),
        "levels": 10,
        "converged": True,
        "parameters": {"I_max": 2.0, "u_bar": 100.0},
        "intervals": {"I_max": Interval(1.9, 2.1), "u_bar": Interval(80.0, 130.0)},
        "open_kinds": frozenset(),
        "top_bits": 1.9,
        "ceiling": None,
    }
    return Evidence(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "ok", "determine every parameter"),
        ({"levels": 3}, "too_few_levels", "3 different levels; this law needs at least 4"),
        ({"converged": False}, "not_converged", "did not end"),
        ({"open_kinds": {"rising"}}, "linear_regime", r"highest level \(1.90 bits\) without a sign of levelling off"),
        ({"open_kinds": {"flat"}}, "saturated", "not the level at which it begins"),
        ({"open_kinds": {"flat", "rising"}}, "poorly_constrained", "levelled off and with one that keeps rising"),
        ({"open_kinds": {"nothing", "rising"}}, "poorly_constrained", "do not rise above zero bits"),
        ({"open_kinds": {"steep"}}, "poorly_constrained", "between the two lowest levels"),
        ({"ceiling": 1.5}, "above_ceiling", r"I_max of 2.00 bits is more than the 1.50 bits"),
        ({"ceiling": 1.95}, "ok", "determine every parameter"),
        ({"ceiling": np.nan}, "ok", "determine every parameter"),
        (
            {"intervals": {"I_max": Interval(1.9, 5.0), "u_bar": Interval(80.0, 130.0)}},
            "poorly_constrained",
            "any I_max from 1.9 to 5 bits",
        ),
        (
            {"intervals": {"I_max": Interval(1.9, 2.1), "u_bar": Interval(1.0, 130.0)}},
            "poorly_constrained",
            "any u_bar from 1 to 130 u",
        ),
    ],
)
def test_every_status_has_its_sentence(changes, status, words):
    import re

    found, reason = diagnose(evidence(**changes))
    assert found == status and found in STATUSES
    assert re.search(words, reason)


def test_an_open_plateau_beyond_its_ceiling_says_at_least():
    intervals = {"I_max": Interval(2.5, np.inf), "u_bar": Interval(80.0, np.inf)}
    status, reason = diagnose(evidence(ceiling=2.0, intervals=intervals, open_kinds={"rising"}))
    assert status == "above_ceiling" and "at least 2.50 bits" in reason


def test_a_law_with_more_parameters_needs_more_levels():
    assert least_levels(law_of("noise")) == 4
    assert least_levels(law_of("size")) == 4
    assert least_levels(law_of("joint")) == 7


def test_a_parameter_left_open_by_the_search_alone_is_told_by_its_interval():
    intervals = {"I_max": Interval(1.9, 2.1), "u_bar": Interval(80.0, np.inf)}
    status, reason = diagnose(evidence(open_kinds={"loose"}, intervals=intervals))
    assert status == "poorly_constrained" and "any u_bar above 80 u" in reason
    assert diagnose(evidence(open_kinds={"loose", "rising"}))[0] == "linear_regime"


def test_sizes_that_cost_nothing_are_no_plateau_in_depth():
    u, n = (grid.ravel() for grid in np.meshgrid(np.geomspace(10, 2e4, 8), np.geomspace(100, 1e4, 5)))
    bits = law_of("noise")(np.array([2.0, 500.0]), u) + 0.01 * np.sin(7.0 * np.arange(len(u)))
    fit = fit_law("joint_spike", (u, n), bits)
    assert fit.status == "poorly_constrained" and "any D from 0 to" in fit.reason
    assert np.isnan(fit.parameters["D"]) and fit.intervals["D"].low == 0.0
    assert fit.intervals["I_max"].low < 2.0 < fit.intervals["I_max"].high


def test_no_end_of_an_interval_is_a_bound_of_the_search():
    u = np.geomspace(10, 2e4, 10)
    for name, bend, slowest in (("stretched", "a", 0.2), ("hill", "h", 0.15)):
        fit = fit_law(name, u, 0.5 + 0.05 * np.log2(u) + 0.02 * np.sin(7.0 * np.arange(10)), rivals=False)
        assert fit.intervals[bend].low != pytest.approx(slowest), name
        assert fit.status != "ok" and np.isinf(fit.intervals["I_max"].high), name
