import numpy as np
import pytest
from scipy import stats

from noiselaw.errors import UsageError
from noiselaw.laws import NoiseLaw
from noiselaw.plan import crossing, leader, measured, with_pilot
from noiselaw.plan.contest import _by_seeds, paired


def pair(curve_table, several, first, second, **common):
    return measured(
        several("representation", a=curve_table(**first, **common), b=curve_table(**second, seed=1, **common))
    )


def test_the_better_one_is_told_by_its_paired_difference(curve_table, several):
    found = leader(pair(curve_table, several, {"top": 2.0}, {"top": 1.8}, sd=0.02, seeds=4), u=1000.0)
    (difference,) = found.differences
    truth = float(NoiseLaw()([2.0, 100.0], 1000.0) - NoiseLaw()([1.8, 100.0], 1000.0))
    assert found.best == "a" and found.known and difference.n_seeds == 4
    assert difference.low < truth < difference.high


def test_pairing_removes_what_seeds_share(curve_table, several):
    table = several("representation", a=curve_table(top=2.0), b=curve_table(top=1.9, seed=1))
    shift = np.random.default_rng(0).standard_normal(3)
    shared = table.assign(bits=table["bits"] + shift[table["seed"].to_numpy(int)])
    one, other = leader(measured(table)).differences[0], leader(measured(shared)).differences[0]
    assert other.bits == pytest.approx(one.bits) and other.standard_error == pytest.approx(one.standard_error)


@pytest.mark.parametrize(("between", "within"), [(0.05, 0.03), (0.0, 0.05), (0.05, 0.0)])
def test_the_interval_of_a_paired_difference_covers(between, within):
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(1000):
        gaps = 0.1 + between * rng.standard_normal((3, 1)) + within * rng.standard_normal((3, 8))
        found = _by_seeds(float(gaps[:, -1].mean()), gaps)
        half = stats.t.ppf(0.975, found.freedom) * found.standard_error
        inside.append(abs(found.mean - 0.1) <= half)
    assert 0.93 <= np.mean(inside) <= 0.99


def test_equal_ones_cannot_be_told_apart_and_more_seeds_might(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0}, {"top": 1.98}, sd=0.2)
    answer = leader(rows)
    assert not answer.known and "cannot be told apart" in answer.sentence
    pilot = with_pilot(answer, rows).pilot
    assert pilot is not None and "seeds" in pilot.sentence


def test_one_seed_uses_its_own_errors(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0}, {"top": 1.5}, seeds=1, sd=0.02)
    found = leader(rows).differences[0]
    assert found.standard_error == pytest.approx(0.02 * 2**0.5) and found.n_seeds == 1
    bare = measured(rows.table.drop(columns="standard_error"))
    assert "chance cannot be judged" in leader(bare).sentence


def test_between_levels_differences_are_interpolated(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0}, {"top": 1.5}, sd=0.001)
    truth = float(NoiseLaw()([2.0, 100.0], 40.0) - NoiseLaw()([1.5, 100.0], 40.0))
    assert paired(rows.table, "a", "b", 40.0).mean == pytest.approx(truth, abs=0.03)


def test_what_was_not_measured_is_not_compared(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0}, {"top": 1.5})
    with pytest.raises(UsageError, match="compared where they were measured"):
        leader(rows, u=1e6)
    with pytest.raises(UsageError, match="one of the measured training sizes"):
        leader(rows, n=17)
    with pytest.raises(UsageError, match="no representation 'c'"):
        crossing(rows, "a", "c")


def crosses(first, second):
    """Where two curves of Eq. 2 are equal: S_a·(u + k_b) = S_b·(u + k_a)."""
    (top_a, k_a), (top_b, k_b) = first, second
    s_a, s_b = 4**top_a - 1, 4**top_b - 1
    return (s_b * k_a - s_a * k_b) / (s_a - s_b)


def test_curves_cross_where_the_algebra_says(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0, "u_bar": 400.0}, {"top": 1.5, "u_bar": 50.0}, levels=14)
    found = crossing(rows, "a", "b")
    truth = crosses((2.0, 400.0), (1.5, 50.0))
    assert found.known and found.low < truth < found.high and found.depth == pytest.approx(truth, rel=0.1)
    assert "above it a's is the higher" in found.sentence


def test_curves_that_do_not_cross_say_so(curve_table, several):
    found = crossing(pair(curve_table, several, {"top": 2.0}, {"top": 1.0}), "a", "b")
    assert found.known and np.isnan(found.depth) and "do not cross" in found.sentence


def test_a_crossing_that_noise_hides_is_not_told(curve_table, several):
    rows = pair(curve_table, several, {"top": 2.0}, {"top": 2.0}, sd=0.1)
    found = crossing(rows, "a", "b")
    assert not found.known
