import json

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import UsageError
from noiselaw.laws import NoiseLaw, TwoSidedLaw
from noiselaw.plan import crossing, losses, measured, reach, with_pilot
from noiselaw.simulate import rows


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.95])
def test_the_depth_for_a_fraction_is_eq_8(curve_table, analytic_reach, fraction):
    answer = reach(measured(curve_table()), fraction)
    truth = analytic_reach(fraction, 2.0, 100.0)
    assert answer.known and answer.depth == pytest.approx(truth, rel=0.05)
    assert answer.low < truth < answer.high and "reach" in answer.sentence


def test_a_straight_rise_cannot_tell_and_a_deeper_pilot_would(curve_table):
    curve = measured(curve_table(top=3.0, u_bar=1e6, high=1000.0, sd=0.01))
    answer = reach(curve)
    assert not answer.known and answer.status != "ok" and answer.high == float("inf")
    assert "cannot be told, because" in answer.sentence
    told = with_pilot(answer, curve)
    assert told.pilot is not None and told.pilot.sentence in told.sentence


def test_a_noisy_curve_asks_for_replicates_or_depth(curve_table):
    curve = measured(curve_table(top=2.0, u_bar=300.0, high=1000.0, sd=0.3, seeds=1, levels=6))
    answer = reach(curve)
    assert not answer.known
    pilot = with_pilot(answer, curve).pilot
    assert pilot is not None and pilot.success >= 0.8 and (pilot.seeds > 1 or pilot.depths)


def test_far_beyond_the_measured_is_labelled(curve_table):
    answer = reach(measured(curve_table(top=2.0, u_bar=3000.0, high=3000.0, sd=0.0005)), 0.99)
    assert answer.known and answer.extrapolated and "more than ten times the deepest measured" in answer.sentence


@pytest.mark.parametrize("fraction", [0.0, 1.0, 90.0])
def test_a_fraction_lies_between_0_and_1(curve_table, fraction):
    with pytest.raises(UsageError, match="fraction must lie between 0 and 1"):
        reach(measured(curve_table()), fraction)


def about(table, signal):
    return measured(table.assign(signal=signal))


def test_the_signal_that_loses_most(curve_table):
    curves = [about(curve_table(top=2.0, u_bar=50.0), "type"), about(curve_table(top=3.0, u_bar=4000.0), "protein")]
    answer = losses(curves, u=2000.0)
    assert answer.known and answer.most == "protein" and "loses most about protein" in answer.sentence
    assert "UMI per cell, " in answer.sentence
    for loss, (top, u_bar) in zip(answer.losses, ((3.0, 4000.0), (2.0, 50.0)), strict=True):
        truth = top - float(NoiseLaw()([top, u_bar], 2000.0))
        assert loss.low <= loss.bits <= loss.high and loss.bits == pytest.approx(truth, abs=0.02)


def test_signals_that_lose_alike_cannot_be_told_apart(curve_table):
    curves = [about(curve_table(sd=0.05, seed=i), f"signal {i}") for i in range(2)]
    answer = losses(curves)
    assert not answer.known and answer.most == "" and "cannot be told" in answer.sentence


def test_one_signal_has_none_to_compare_with(curve_table):
    assert "no other signal" in losses([about(curve_table(), "type")]).sentence
    with pytest.raises(UsageError, match="at least one signal"):
        losses([])


@pytest.fixture
def pair_table():
    """Bits about a partner as noisy as the cell, as a sweep writes them."""

    def make(top=1.5, k=40.0, signal="clonal", target="embedding", **columns):
        u = np.geomspace(1.0, 3000.0, 12)
        table = rows(TwoSidedLaw(), [top, k], u, sd=0.004, seeds=2, signal=signal, **columns)
        return table.assign(diagnostics=json.dumps({"target": target}))

    return make


def test_a_partner_as_noisy_as_the_cell_has_noise_on_both_sides(pair_table):
    answer = reach(measured(pair_table()))
    truth = float(TwoSidedLaw().inverse(np.array([1.5, 40.0]), np.array(0.9 * 1.5)))
    assert answer.known and answer.low < truth < answer.high and answer.depth == pytest.approx(truth, rel=0.1)
    assert answer.sentence.startswith("By Eq. 2 with noise on both sides, ")
    as_if_clean = reach(measured(pair_table(target="profile")))
    assert as_if_clean.sentence.startswith("By Eq. 2, ") and "the form two_sided passes" in as_if_clean.sentence


def test_each_signal_is_read_by_its_own_law(pair_table, curve_table):
    table = pd.concat([pair_table(), curve_table(signal="type")], ignore_index=True)
    assert [measured(table).about(signal=name).law for name in ("clonal", "type")] == ["two_sided", "noise"]
    assert measured(pair_table().drop(columns=["signal"])).law == "two_sided"
    losing = losses([measured(table).about(signal=name) for name in ("clonal", "type")])
    assert losing.losses[0].bits > 0


def test_curves_of_noisy_partners_cross_by_the_law_made_for_them(pair_table, several):
    table = several("representation", pca=pair_table(top=1.0, k=10.0), vae=pair_table(top=2.0, k=200.0))
    answer = crossing(measured(table), "pca", "vae")
    assert answer.known and "By Eq. 2 with noise on both sides through each" in answer.sentence
    laws = [float(TwoSidedLaw()(np.array(theta), np.array(answer.depth))) for theta in ([1.0, 10.0], [2.0, 200.0])]
    assert laws[0] == pytest.approx(laws[1], abs=0.02)
