"""What is chosen from a table before words are made of it."""

from __future__ import annotations

import numpy as np
import pytest

from noiselaw.fit import fit_groups
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


@pytest.mark.parametrize(
    ("full", "short"),
    [
        (["pca", "vae"], ["pca", "vae"]),
        (["image_classifier(labels=class, weights=../a b/w.npz, head=101)"], ["image_classifier"]),
        (["pca(n=8, whiten=True)", "pca(n=16, whiten=True)"], ["pca(n=8)", "pca(n=16)"]),
        (["pca", "pca(n=16)"], ["pca", "pca(n=16)"]),
        (["vae(layers=[8, 4], seed=1)", "vae(layers=[8, 2], seed=1)"], ["vae(layers=[8, 4])", "vae(layers=[8, 2])"]),
    ],
)
def test_names_keep_the_options_that_tell_them_apart(full, short):
    assert list(facts.short_names(full).values()) == short
