"""The report says what the planner says, and nothing of its own, about what more would add."""

from __future__ import annotations

import pytest

from noiselaw import plan
from noiselaw.report.asked import ask

MODELS = ["pca", "random_projection"]


@pytest.fixture(scope="module")
def rows(made_up):
    return made_up(signals=("protein",), sizes=4, seeds=3)


def test_answers_are_those_of_the_planner(rows):
    told, curve = ask(rows, MODELS), plan.measured(rows).about(representation="pca")
    assert told.leader == plan.leader(plan.measured(rows))
    future = told.future("pca")
    assert future.limits == plan.limits(curve, factors=(10.0,))
    assert future.reach == plan.reach(curve)
    (advice,) = plan.advise(plan.measured(rows), plan.Questions(pilots=False))
    assert advice.limits[0].depth[-1] == future.depth
    assert advice.limits[0].cells[-1] == future.cells
    assert advice.limits[0].sentence == future.limits.sentence


def test_a_table_that_cannot_be_planned_from_says_why(rows):
    told = ask(rows[rows["level"] == 1], MODELS)
    assert told.leader is None
    assert "at least 4 different depths" in told.future("pca").reason


def test_one_representation_may_be_short_of_levels(rows):
    few = rows[(rows["representation"] == "pca") | (rows["level"] > 0.2)]
    told = ask(few, MODELS)
    assert told.future("pca").depth is not None
    assert "random_projection was measured at 3 levels of depth" in told.future("random_projection").reason


def test_a_representation_of_which_nothing_was_measured(rows):
    told = ask(rows[rows["representation"] == "pca"], MODELS)
    assert told.future("random_projection").reason == "no measurement gave a number"
    assert told.leader.sentence == "Only pca was measured about protein."


def test_one_size_has_gains_from_depth_alone(rows):
    future = ask(rows[rows["n_train"] == 7500], MODELS).future("pca")
    assert future.depth is not None and future.cells is None
