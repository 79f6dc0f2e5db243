import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import UsageError
from noiselaw.laws import CapacityLaw, NoiseLaw
from noiselaw.plan import limits, measured, with_pilot
from noiselaw.simulate import rows


def test_a_shallow_grid_is_limited_by_depth(grid_table, joint_truth):
    answer = limits(measured(grid_table(u_bar=100_000.0)))
    assert answer.limited_by == "depth" and answer.known and "is limited by depth" in answer.sentence
    here = joint_truth(4000, 10_000, u_bar=100_000.0)
    for gain in answer.depth:
        truth = joint_truth(4000 * gain.factor, 10_000, u_bar=100_000.0) - here
        assert gain.bits.value == pytest.approx(truth, abs=0.2) and gain.bits.low < truth < gain.bits.high
    for gain in answer.cells:
        truth = joint_truth(4000, 10_000 * gain.factor, u_bar=100_000.0) - here
        assert gain.bits.value == pytest.approx(truth, abs=0.06) and gain.bits.low < truth < gain.bits.high
    assert answer.depth[-1].bits.low > answer.cells[-1].bits.high


def test_few_cells_limit_a_deep_grid():
    u, n = np.meshgrid(np.geomspace(200, 200_000, 8), np.geomspace(20, 400, 6).round())
    table = rows(CapacityLaw(), [4.0, 200.0, 1500.0, 0.6], u.ravel(), n.ravel(), sd=0.002)
    answer = limits(measured(table))
    assert answer.limited_by == "cells" and "is limited by cells" in answer.sentence


def test_a_plateau_in_both_is_near_its_limit(grid_table):
    answer = limits(measured(grid_table(u_bar=1.0, n_0=1e-3, s=1.0, sd=0.001)))
    assert answer.limited_by == "neither" and "near its limit" in answer.sentence


def test_one_size_cannot_tell_and_a_pilot_with_sizes_would(curve_table):
    curve = measured(curve_table(high=300.0, top=3.0, u_bar=1000.0, levels=12))
    answer = limits(curve)
    assert answer.limited_by == "unknown" and not answer.cells
    assert "cannot be told, because only 1 training size was measured" in answer.sentence
    told = with_pilot(answer, curve)
    assert told.pilot is not None and "training sizes from" in told.pilot.sentence
    assert told.sentence.startswith(answer.sentence)


def test_more_than_ten_times_is_labelled(grid_table):
    answer = limits(measured(grid_table()), factors=(10.0, 30.0))
    assert not answer.depth[0].bits.extrapolated and "extrapolation" not in answer.depth[0].sentence
    assert answer.depth[1].bits.extrapolated and "30.0 times outside what was measured" in answer.depth[1].sentence


def test_where_one_stands_may_be_said(grid_table, joint_truth):
    answer = limits(measured(grid_table()), u=400.0, n=1000.0, factors=(2.0,))
    assert answer.u == 400.0
    assert answer.depth[0].bits.value == pytest.approx(joint_truth(800, 1000) - joint_truth(400, 1000), abs=0.05)


def test_factors_below_one_are_refused(grid_table):
    with pytest.raises(UsageError, match="factors must be above 1"):
        limits(measured(grid_table()), factors=(0.5,))


def test_no_gain_is_promised_beyond_what_the_measurements_leave_below_the_ceiling():
    u = np.geomspace(2, 2000, 6)
    bits = NoiseLaw()(np.array([2.6, 150.0]), u)
    table = pd.DataFrame(
        {"u": u, "bits": bits, "standard_error": 0.02, "ceiling_bits": bits[-1] + 0.05, "representation": "pca"}
    )
    told = limits(measured(table.assign(signal="type", n_train=1000, seed=0)))
    for gain in told.depth:
        assert gain.bits.high <= 0.05 + 1.96 * 0.02 + 1e-9
        assert gain.bits.low <= gain.bits.value <= gain.bits.high


def test_no_verdict_far_outside_what_was_measured(grid_table):
    answer = limits(measured(grid_table(u_bar=100_000.0)), u=4000.0 * 50)
    assert answer.limited_by == "unknown" and not answer.known
    assert "cannot be told, because this lies 50.0 times outside what was measured" in answer.sentence


def test_a_verdict_on_an_extrapolation_is_labelled(grid_table):
    answer = limits(measured(grid_table()), factors=(20.0,))
    assert "20.0 times outside what was measured and is an extrapolation" in answer.sentence


@pytest.mark.parametrize("error", [np.nan, 0.02])
def test_a_ceiling_below_the_measurements_is_not_used_and_said_to_be_wrong(curve_table, error):
    table = curve_table().assign(standard_error=error)
    without = limits(measured(table.drop(columns="ceiling_bits", errors="ignore")))
    answer = limits(measured(table.assign(ceiling_bits=0.3 * table["bits"].max())))
    assert answer.depth[-1].bits.high == without.depth[-1].bits.high > 0
    assert "is not used" in answer.sentence and "one of the two is wrong" in answer.sentence


def test_a_measurement_just_above_the_ceiling_promises_no_loss(curve_table):
    table = curve_table().assign(standard_error=1e-4)
    answer = limits(measured(table.assign(ceiling_bits=0.97 * table["bits"].max())))
    assert answer.depth[-1].bits.value == answer.depth[-1].bits.high == 0.0
    assert "is not used" not in answer.sentence
