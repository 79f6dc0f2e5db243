"""What is chosen from a table before words are made of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from noiselaw.fit import derive, fit_groups, fit_law
from noiselaw.plot import largest_size
from noiselaw.report import facts


@pytest.fixture(scope="module")
def rows(made_up):
    table = made_up(signals=("protein",), sizes=4, seeds=4)
    return table


def test_kept_is_the_mean_over_seeds_at_the_top(rows):
    top = rows[(rows["level"] == 1) & (rows["n_train"] == 7500) & (rows["representation"] == "pca")]
    found = facts.kept(rows, "pca")
    assert (found.n_seeds, found.n_train) == (4, 7500)
    assert found.bits == pytest.approx(top["bits"].mean())
    assert found.standard_error == pytest.approx(top["bits"].sem())
    assert found.x == pytest.approx(top["u"].mean())


def test_a_single_seed_has_the_probes_own_error(rows):
    assert facts.kept(rows[rows["seed"] == 0], "pca").standard_error == 0.02


def test_the_contest_is_a_paired_t_interval(rows):
    top = rows[(rows["level"] == 1) & (rows["n_train"] == 7500)]
    wide = top.pivot_table(index="seed", columns="representation", values="bits")
    interval = stats.ttest_rel(wide["pca"], wide["random_projection"]).confidence_interval(0.95)
    found = facts.contest(rows, ["pca", "random_projection"])
    assert (found.best, found.rival, found.n_seeds) == ("pca", "random_projection", 4)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_only_seeds_that_both_have_are_compared(rows):
    failed = (rows["representation"] == "pca") & (rows["seed"] < 2)
    partial = rows.assign(bits=rows["bits"].mask(failed))
    assert facts.contest(partial, ["pca", "random_projection"]).n_seeds == 2
    apart = partial.assign(bits=partial["bits"].mask(~failed & (rows["representation"] != "pca") & (rows["seed"] >= 2)))
    assert facts.contest(apart, ["pca", "random_projection"]) is None


def test_a_prospect_is_the_fits_own_gain(rows):
    fit = fit_groups(largest_size(rows), "noise", by=["representation"])["pca",]
    found, gain = facts.prospect(fit), derive(fit, "gain", factor=10)
    assert (found.bits, found.low, found.high) == (gain.value, gain.interval.low, gain.interval.high)
    assert found.target == pytest.approx(10 * rows["u"].max(), rel=0.05)
    assert facts.prospect(None).status == "no_data"
    assert facts.prospect(fit, 4000.0).target == 40000.0
    assert facts.prospect(fit, 4000.0).bits > found.bits


def test_no_plateau_is_given_where_the_fit_does_not_support_one():
    u = np.logspace(0, 2, 6)
    rising = fit_law("noise", u, 0.5 * np.log2(1 + u / 1e5), np.full(6, 0.01))
    assert rising.status != "ok"
    assert facts.plateau(rising) is None


def test_a_law_that_passes_the_points_by_is_noticed(rows):
    fit = fit_groups(largest_size(rows), "noise", by=["representation"])["pca",]
    fact = facts.kept(rows, "pca")
    assert facts.misfit(fit, fact) == 0.0
    above = facts.Kept("pca", fact.x, 7500, fact.bits + 0.3, 0.01, np.nan, 4)
    assert facts.misfit(fit, above) == pytest.approx(0.3, abs=0.03)


def test_a_representation_without_the_top_level_is_not_measured_at_your_depth(rows):
    partial = rows[(rows["representation"] != "pca") | (rows["level"] < 1)]
    found = facts.kept(partial, "pca")
    assert np.isnan(found.bits)
    assert found.x == pytest.approx(8000, rel=0.05)
    assert found.reason == "there is no measurement at this level"


def test_tables_without_levels_or_seeds_are_compared_at_their_greatest_depth(rows):
    plain = rows[rows["seed"] == 0].drop(columns=["level", "seed"])
    assert facts.kept(plain, "pca").bits == pytest.approx(facts.kept(rows[rows["seed"] == 0], "pca").bits)
    assert facts.contest(plain, ["pca", "random_projection"]).n_seeds == 1
