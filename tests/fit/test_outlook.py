import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noiselaw.errors import InputError, UsageError
from noiselaw.fit.outlook import lay
from noiselaw.laws import LAWS, NoiseLaw
from noiselaw.plan.limits import outlook_of
from noiselaw.plan.measured import measured


def test_inside_the_grid_bits_are_the_laws(grid_table, joint_truth):
    ahead = outlook_of(measured(grid_table()))
    for u, n in ((20, 200), (300, 3000), (3000, 9000)):
        told = ahead.bits(u=u, N=n)
        assert told.value == pytest.approx(joint_truth(u, n), abs=0.05)
        assert told.low < joint_truth(u, n) < told.high and told.beyond == 1 and not told.extrapolated


def test_beyond_the_grid_intervals_hold_the_truth_and_say_how_far(grid_table, joint_truth):
    ahead = outlook_of(measured(grid_table()))
    near, far = ahead.bits(u=8000, N=20_000), ahead.bits(u=80_000, N=20_000)
    assert near.low < joint_truth(8000, 20_000) < near.high and near.beyond == pytest.approx(2)
    assert far.low < joint_truth(80_000, 20_000) < far.high and far.extrapolated
    assert far.high - far.low > near.high - near.low


def test_the_form_that_is_true_is_believed(grid_table):
    ahead = outlook_of(measured(grid_table(sd=0.001)))
    assert sum(member.weight for member in ahead.members) == pytest.approx(1)
    assert "joint_capacity" in {member.name for member in ahead.members}
    assert "joint_bilinear" not in {member.name for member in ahead.members}


def test_many_tables_at_once_are_as_one_by_one():
    u = np.geomspace(1, 1000, 8)
    tables = np.stack([NoiseLaw()(np.array([top, 50.0]), u) + 0.01 * np.sin(u) for top in (1.0, 2.0)])
    both = lay(("u",), (u,), tables)
    alone = [lay(("u",), (u,), table)[0] for table in tables]
    for one, other in zip(both, alone, strict=True):
        assert one.bits(u=2000.0).value == pytest.approx(other.bits(u=2000.0).value, abs=0.01)


def test_a_ceiling_bounds_what_is_expected(curve_table):
    ahead = outlook_of(measured(curve_table(u_bar=1e4, ceiling_bits=1.5)))
    assert ahead.bits(u=1e6).high <= 1.5 and ahead.gain("u", 100.0).high <= 1.5


@given(factor=st.floats(1.5, 10.0), more=st.floats(1.1, 3.0))
@settings(max_examples=20, deadline=None)
def test_a_gain_is_a_difference_of_bits_and_grows(factor, more):
    u = np.geomspace(1, 1000, 8)
    (ahead,) = lay(("u",), (u,), NoiseLaw()(np.array([3.0, 2000.0]), u) + 0.01 * np.cos(u))
    gain, larger = ahead.gain("u", factor), ahead.gain("u", factor * more)
    assert gain.value == pytest.approx(ahead.bits(u=1000 * factor).value - ahead.bits(u=1000).value)
    assert larger.value >= gain.value - 1e-9 and gain.low <= gain.value <= gain.high


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda ahead: ahead.bits(N=10.0), "knows u, not 'N'"),
        (lambda ahead: ahead.bits(u=-1.0), "must be a number above 0"),
        (lambda ahead: ahead.gain("N", 2.0), "knows u, not 'N'"),
        (lambda ahead: ahead.gain("u", 0.0), "factor must be above 0"),
    ],
)
def test_outside_the_laws_domain_is_refused(curve_table, ask, message):
    with pytest.raises(UsageError, match=message):
        ask(outlook_of(measured(curve_table())))


def test_two_points_are_too_few():
    with pytest.raises(InputError, match="2 points are too few"):
        lay(("u",), (np.array([1.0, 2.0]),), np.array([0.1, 0.2]))


@pytest.mark.parametrize("name", ["joint_spike", "joint_estimation"])
def test_a_pilot_is_held_even_where_the_truth_is_none_of_the_forms(name):
    rng = np.random.default_rng(3)
    u, n = (axis.ravel() for axis in np.meshgrid(np.geomspace(10, 10_000, 10), np.geomspace(100, 100_000, 8)))
    small, law = (u <= 1100) & (n <= 15_000), LAWS.build(name)
    inside = []
    for _ in range(6):
        rest = [10 ** rng.uniform(1, 3)] if name == "joint_spike" else [10 ** rng.uniform(0, 2), 0.5, 0.5]
        truth = law(np.array([rng.uniform(1, 4), 10 ** rng.uniform(2, 4), *rest]), u, n)
        noisy = truth + 0.02 * rng.standard_normal(len(u))
        (ahead,) = lay(("u", "N"), (u[small], n[small]), noisy[small])
        _, low, high = ahead.surface(u[~small], n[~small])
        inside.append(np.mean((low <= truth[~small]) & (truth[~small] <= high)))
    assert np.mean(inside) >= 0.9


def test_a_gain_promises_no_more_than_is_likely_to_be_left_below_the_ceiling():
    u = np.geomspace(1, 1000, 8)
    bits = NoiseLaw()(np.array([3.2, 400.0]), u)  # still rising, says Eq. 2
    (ahead,) = lay(("u",), (u,), bits, ceiling=float(bits[-1]) + 0.02)
    left = ahead.ceiling - ahead.bits().value
    told = ahead.gain("u", 10.0)
    assert told.value == pytest.approx(left)
    assert told.low <= told.value <= told.high
    (free,) = lay(("u",), (u,), bits)
    assert free.gain("u", 10.0).value > left + 0.1
