"""Every sentence, for every status: a number where the data carry it, a reason where they do not."""

from __future__ import annotations

import math

import pytest

from noiselaw.fit import STATUSES
from noiselaw.records import Interval
from noiselaw.report import words
from noiselaw.report.facts import CELLS, Contest, Kept, Plateau, Prospect, depth_axis

DEPTH = depth_axis("UMI per cell")
NAN, INF = math.nan, math.inf


def kept(**changes):
    values = {
        "representation": "pca", "x": 4312.4, "n_train": 7500, "bits": 2.314, "standard_error": 0.01,
        "ceiling": 2.75, "n_seeds": 3,
    }  # fmt: skip
    return words.kept(Kept(**{**values, **changes}), "cell_type", DEPTH)


def ok(bits, low, high):
    return Prospect("ok", "The data determine every parameter.", 10.0, 43124.0, bits, low, high)


def test_kept_names_depth_size_bits_and_share_of_the_ceiling():
    assert kept() == (
        "At your depth (4,310 UMI per cell) pca, trained on 7,500 cells, keeps 2.31 bits about cell_type: "
        "84 % of the 2.75 bits there are to know."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ceiling": NAN}, "keeps 2.31 bits about cell_type (no ceiling is known for it)."),
        ({"bits": 2.80}, "keeps 2.80 bits about cell_type, all there is to know (2.75 bits)."),
        ({"bits": 0.01}, "keeps nothing about cell_type that could be told from chance (0.01 bits"),
        ({"bits": -0.03}, "(−0.03 bits, standard error 0.01 bits)"),
        ({"bits": NAN, "reason": "One class only."}, "nothing could be measured for pca, because one class only."),
        ({"n_train": 0}, "(4,310 UMI per cell) pca keeps 2.31 bits"),
        ({"truth": 2.6}, "The counts themselves hold 2.60 bits there, as these data were simulated."),
    ],
)
def test_kept_in_each_case(changes, said):
    assert said in kept(**changes)


def test_depth_is_called_after_its_unit():
    assert words.gain(ok(0.2, 0.1, 0.3), DEPTH).startswith("Ten times the depth (43,100 UMI per cell) would add")
    other = words.gain(ok(0.2, 0.1, 0.3), depth_axis("1/variance"))
    assert other.startswith("Ten times the signal-to-noise (43,100 1/variance) would add")
    assert words.gain(ok(0.2, 0.1, 0.3), CELLS).startswith("Ten times the training cells (43,100) would add")


@pytest.mark.parametrize(
    ("prospect", "said"),
    [
        (ok(0.214, 0.152, 0.281), "would add 0.21 bits (95 % interval 0.15 to 0.28)."),
        (ok(NAN, 0.152, INF), "would add at least 0.15 bits (95 % confidence)."),
        (ok(NAN, -INF, 0.152), "would add at most 0.15 bits (95 % confidence)."),
        (ok(0.004, 0.001, 0.009), "would add next to nothing: less than 0.02 bits (95 % confidence)."),
    ],
)
def test_gains_that_the_data_bound(prospect, said):
    assert words.gain(prospect, DEPTH).endswith(said)


@pytest.mark.parametrize("status", [*sorted(set(STATUSES) - {"ok", "saturated", "linear_regime"}), "no_data"])
def test_other_statuses_say_why_and_give_no_gain(status):
    said = words.gain(Prospect(status, "The plateau is unknown.", 10.0, 1e5, 0.5, -INF, INF), DEPTH)
    assert said == "What ten times the depth would add cannot be told, because the plateau is unknown."


@pytest.mark.parametrize("status", list(STATUSES))
def test_every_status_has_a_label_of_its_own(status):
    assert words.status_label(status) != status or status == "ok"


def test_a_poorly_constrained_law_still_says_which_gains_agree_with_the_points():
    said = words.gain(Prospect("poorly_constrained", "Too wide.", 10.0, 1e5, 0.1, 0.02, 0.4), DEPTH)
    assert said.endswith("because too wide. They agree with any gain from 0.02 to 0.40 bits.")


def test_on_the_plateau_more_is_not_expected_to_add():
    said = words.gain(Prospect("saturated", "Flat."), CELLS)
    assert (
        said == "Ten times the training cells is not expected to add any: whatever was measured gives about the same."
    )


@pytest.mark.parametrize(
    ("depth", "cells", "limit", "said"),
    [
        (ok(0.3, 0.2, 0.4), ok(0.05, 0.0, 0.1), "depth", "limited by depth: ten times the depth would add 0.30 bits"),
        (ok(0.05, 0, 0.1), ok(0.3, 0.2, 0.4), "cells", "limited by training cells: ten times the training cells"),
        (ok(0.01, 0, 0.02), ok(0.01, 0, 0.06), "neither", "near its limit: neither ten times the depth nor ten"),
        (
            ok(0.3, 0.1, 0.5),
            ok(0.2, 0.1, 0.4),
            "unknown",
            "pca: whether more depth or more training cells would add more cannot be told; ten times",
        ),
        (ok(0.3, 0.2, 0.4), Prospect("not_converged", "r"), "unknown", "what more training cells would add cannot"),
        (Prospect("above_ceiling", "r"), ok(0.3, 0.2, 0.4), "unknown", "what more depth would add cannot be told"),
        (Prospect("linear_regime", "r"), ok(0.3, 0.2, 0.4), "unknown", "depth would add bits, how many is unknown"),
        (
            ok(0.3, 0.2, 0.4),
            Prospect("poorly_constrained", "r", 10, 1e5, 0.02, 0.0, 0.04),
            "unknown",
            "what more training cells would add cannot be told (at most 0.04 bits agree with the points).",
        ),
        (Prospect("no_data", "r"), Prospect("no_data", "r"), "unknown", "what more depth or more training cells"),
        (ok(0.3, 0.2, 0.4), Prospect("saturated", "r"), "unknown", "training cells would add little or nothing"),
    ],
)
def test_the_headline_says_what_limits(depth, cells, limit, said):
    assert words.limited_by(depth, cells) == limit
    assert said in words.headline("pca", depth, cells, DEPTH, CELLS)


def test_a_gain_far_below_the_other_is_next_to_nothing():
    said = words.headline("pca", ok(0.3, 0.2, 0.4), ok(0.001, 0.0, 0.004), DEPTH, CELLS)
    assert said.endswith("ten times the training cells next to nothing.")


def test_reaching_most_of_the_plateau():
    fact = Plateau(2.43, Interval(2.41, 2.45), 0.9, 690.2, Interval(658.0, 724.0))
    said = "Without noise it would keep 2.43 bits (2.41 to 2.45); 90 % of that takes 690 UMI per cell (658 to 724)."
    assert words.reach(fact, DEPTH) == said
    assert words.reach(None, DEPTH) == ""


@pytest.mark.parametrize(
    ("contest", "only", "said"),
    [
        (Contest("pca", "rp", 0.31, 0.24, 0.38, 3, 1), ["pca", "rp"], "pca keeps most at full depth: 0.31 bits more"),
        (Contest("pca", "rp", 0.31, 0.24, 0.38, 3, 2), ["pca", "rp"], "more than the runner-up rp (95 % interval"),
        (Contest("pca", "rp", 0.01, -0.03, 0.05, 3, 1), ["pca", "rp"], "pca and rp cannot be told apart at full depth"),
        (Contest("pca", "rp", 0.3, NAN, NAN, 1, 1), ["pca", "rp"], "with one seed it cannot be told"),
        (None, ["pca"], "Only pca was measured, so there is nothing to compare it with."),
        (None, ["pca", "rp"], "Which of pca and rp keeps most cannot be told"),
    ],
)  # fmt: skip
def test_which_representation_keeps_most(contest, only, said):
    assert said in words.best(contest, only, DEPTH)


def test_a_law_that_misses_the_measurements_is_said_to():
    assert words.caution(0.18, DEPTH).startswith("Careful: the law passes 0.18 bits below what was measured")
    assert "0.07 bits above" in words.caution(-0.07, DEPTH)
    assert words.caution(0.01, DEPTH) == ""


def test_reasons_about_levels_are_said_of_sizes():
    reason = "Bits still rise at the highest level (2.35 bits); measure at higher levels."
    assert words.told(reason, CELLS) == "Bits still rise at the largest size (2.35 bits); measure at larger sizes."
    assert words.told(reason, DEPTH) == reason
    assert words.told("There are 2 different levels; it needs 4.", CELLS) == "There are 2 different sizes; it needs 4."


def test_a_curve_that_still_rises_gains_an_unknown_amount():
    said = words.gain(Prospect("linear_regime", "Bits still rise at the highest level."), DEPTH)
    assert said == (
        "Ten times the depth would add bits, but how many cannot be told, because bits still rise at the highest level."
    )


def test_a_name_at_the_start_of_a_reason_keeps_its_case():
    assert words.nothing("protein", "ValueError: bad shape").endswith("because ValueError: bad shape.")
    assert words.nothing("protein", "A class has one cell.").endswith("because a class has one cell.")
    assert words.nothing("protein", "").endswith("because no reason was recorded.")


@pytest.mark.parametrize(
    ("prospect", "said"),
    [
        (ok(0.214, 0.152, 0.281), "+0.21 bits"),
        (ok(-0.1, -0.2, 0.1), "−0.10 bits"),
        (ok(0.001, 0.0, 0.002), "next to nothing"),
        (ok(NAN, 0.152, INF), "at least 0.15 bits"),
        (Prospect("saturated", "r"), "next to nothing"),
        (Prospect("linear_regime", "r"), "still rising"),
        (Prospect("above_ceiling", "r"), "cannot tell"),
    ],
)
def test_gains_as_figures(prospect, said):
    assert words.gain_short(prospect) == said
