"""u = 1/f ends at 1, an image as it is: no plan goes past it."""

import math

import pytest

from noiselaw.errors import UsageError
from noiselaw.laws import CapacityLaw, NoiseLaw
from noiselaw.plan import crossing, default_costs, limits, measured, reach, spend, with_pilot
from noiselaw.plan.words import greatest
from noiselaw.simulate import rows

SIDES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]


def _blocks(u_bar, top=2.0, sides=SIDES, **columns):
    table = rows(NoiseLaw(), [top, u_bar], [1 / side for side in sides], sd=0.01)
    return table.assign(u_unit="1/f", n_train=1000, **columns)


@pytest.mark.parametrize(("unit", "most"), [("1/f", 1.0), ("1 per f²", 1.0), ("1/variance", math.inf), ("", math.inf)])
def test_only_blocks_of_pixels_bound_u(unit, most):
    assert greatest(unit) == most


def test_an_image_as_it_is_can_gain_nothing():
    answer = limits(measured(_blocks(0.3)))
    assert [gain.bits.value for gain in answer.depth] == [0.0]
    assert answer.depth[0].sentence == "No more signal-to-noise can be had: 1.00 in 1/f is an observation as it is."
    assert "more signal-to-noise cannot be had than 1.00 in 1/f" in answer.sentence


def test_coarse_blocks_gain_up_to_an_image_as_it_is():
    answer = limits(measured(_blocks(0.3, sides=SIDES[3:])))
    assert [gain.factor for gain in answer.depth] == pytest.approx([2.0, 4.0])
    truth = NoiseLaw()([2.0, 0.3], 1.0) - NoiseLaw()([2.0, 0.3], 0.25)
    last = answer.depth[-1]
    assert last.bits.low < truth < last.bits.high
    assert last.sentence.startswith("All the signal-to-noise that can be had (1.00 in 1/f, an observation as it is)")
    assert "all the signal-to-noise that can be had would add" in answer.sentence


def test_with_sizes_only_observations_can_limit_an_image_as_it_is():
    grid = [(1 / side, size) for side in SIDES for size in (20, 40, 80, 160, 320)]
    u, n = zip(*grid, strict=True)
    table = rows(CapacityLaw(), [3.0, 1e-4, 2000.0, 0.6], list(u), list(n), sd=0.002).assign(u_unit="1/f")
    answer = limits(measured(table))
    assert answer.limited_by == "cells"
    assert "1.00 in 1/f, an observation as it is" in answer.sentence


def test_more_than_there_is_cannot_be_asked_about():
    with pytest.raises(UsageError, match=r"u is at most 1\.00 in 1/f, an observation as it is; got 4\.00"):
        limits(measured(_blocks(0.3)), u=4.0)


def test_a_fraction_beyond_reach_is_said_to_be():
    answer = reach(measured(_blocks(0.3)), 0.95)
    assert answer.known and answer.depth > 1
    assert answer.sentence.startswith("No signal-to-noise that can be had reaches 95 % of what")
    assert "and 1.00 in 1/f is an observation as it is" in answer.sentence
    assert "can be had" not in reach(measured(_blocks(0.3)), 0.5).sentence


def test_no_pilot_goes_deeper_than_there_is():
    curve = measured(_blocks(50.0))
    answer = with_pilot(reach(curve, 0.9), curve)
    assert not answer.known
    assert max(answer.pilot.depths, default=0.0) <= 1
    assert "deeper" not in answer.pilot.sentence


def test_curves_are_not_followed_past_an_image_as_it_is(several):
    table = several("representation", a=_blocks(0.3), b=_blocks(0.31, top=1.0))
    answer = crossing(measured(table), "a", "b")
    assert "to all that can be had" in answer.sentence and "1.00 in 1/f" in answer.sentence


def test_no_budget_buys_sharper_images():
    with pytest.raises(UsageError, match="sequencing reads, and u, in 1/f, counts none"):
        spend(measured(_blocks(0.3)), 1000.0, default_costs())
