"""Every sentence, for every status: a number where the data carry it, a reason where they do not."""

from __future__ import annotations

import math

import pytest

from noiselaw.fit import STATUSES
from noiselaw.plan import Expected, Gain
from noiselaw.report import words
from noiselaw.report.facts import CELLS, Kept, depth_axis

DEPTH = depth_axis("UMI per cell")
NAN = math.nan


def kept(**changes):
    values = {
        "representation": "pca", "x": 4312.4, "n_train": 7500, "bits": 2.314, "standard_error": 0.012,
        "ceiling": 2.75, "n_seeds": 3,
    }  # fmt: skip
    return Kept(**{**values, **changes})


def gained(value, low, high):
    return Gain("depth", 10.0, Expected(value, low, high), "Ten times the depth would add so many bits.")


def test_kept_names_depth_size_bits_their_error_and_share_of_the_ceiling():
    assert words.kept(kept(), "cell_type", DEPTH) == (
        "At your depth (4,310 UMI per cell) pca, trained on 7,500 cells, keeps 2.31 bits (standard error 0.01 bits "
        "over 3 seeds) about cell_type: 84 % of the 2.75 bits there are to know."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ceiling": NAN}, "over 3 seeds) about cell_type; no ceiling is known for it."),
        ({"bits": 2.80}, "about cell_type, all there is to know (2.75 bits)."),
        ({"bits": 0.01}, "keeps nothing about cell_type that could be told from chance (0.01 bits"),
        ({"bits": -0.03}, "(−0.03 bits, standard error 0.01 bits over 3 seeds)"),
        ({"bits": NAN, "reason": "One class only."}, "nothing could be measured for pca, because one class only."),
        ({"n_train": 0}, "(4,310 UMI per cell) pca keeps 2.31 bits"),
        ({"truth": 2.6}, "The counts themselves hold 2.60 bits there, as these data were simulated."),
        ({"n_seeds": 1}, "(standard error 0.01 bits of the probe, as there is one seed)"),
        ({"standard_error": NAN}, "(standard error unknown)"),
    ],
)
def test_kept_in_each_case(changes, said):
    assert said in words.kept(kept(**changes), "cell_type", DEPTH)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "2.31 ± 0.01 of 2.75 bits"),
        ({"ceiling": NAN}, "2.31 ± 0.01 bits"),
        ({"standard_error": NAN}, "2.31 of 2.75 bits"),
        ({"bits": NAN}, "not measured"),
    ],
)
def test_what_is_kept_as_a_figure_has_its_error(changes, said):
    assert words.kept_short(kept(**changes)) == said


def test_a_gain_is_said_in_the_planners_words():
    found = gained(0.21, 0.15, 0.28)
    assert words.gain(found, 10.0, DEPTH, "") == found.sentence


def test_where_the_planner_has_no_gain_its_reason_is_said():
    said = words.gain(None, 10.0, CELLS, "There are only 2 different levels; it needs 4.")
    assert said == (
        "What ten times the training cells would add cannot be told, because there are only 2 different sizes; "
        "it needs 4."
    )
    assert words.undecided("pca", DEPTH, "It failed.") == (
        "Whether depth or training cells limit pca cannot be told, because it failed."
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (gained(0.214, 0.152, 0.281), "+0.21 bits"),
        (gained(0.1, -0.2, 0.3), "at most 0.30 bits"),
        (gained(0.001, -0.1, 0.012), "next to nothing"),
        (None, "cannot tell"),
    ],
)
def test_gains_as_figures(found, said):
    assert words.gain_short(found) == said


@pytest.mark.parametrize("status", list(STATUSES))
def test_every_status_has_a_label_of_its_own(status):
    assert words.status_label(status) != status or status == "ok"


def test_a_law_that_misses_the_measurements_is_said_to():
    assert words.caution(0.18, DEPTH).startswith("Careful: the law passes 0.18 bits below what was measured")
    assert "0.07 bits above" in words.caution(-0.07, DEPTH)
    assert words.caution(0.01, DEPTH) == ""


def test_reasons_about_levels_are_said_of_sizes():
    reason = "Bits still rise at the highest level (2.35 bits); measure at higher levels."
    assert words.told(reason, CELLS) == "Bits still rise at the largest size (2.35 bits); measure at larger sizes."
    assert words.told(reason, DEPTH) == reason
    assert words.told("There are 2 different levels; it needs 4.", CELLS) == "There are 2 different sizes; it needs 4."


def test_nothing_measured_says_why():
    assert words.nothing("protein", "ValueError: bad shape", DEPTH).endswith("because ValueError: bad shape.")
