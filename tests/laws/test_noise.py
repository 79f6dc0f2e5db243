import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.laws import NoiseLaw

law = NoiseLaw()
capacities = st.floats(0.05, 8.0)
depths = st.floats(1e-3, 1e6)


@given(capacities, depths, depths)
def test_is_equation_2(i_max, u_bar, u):
    printed = i_max - 0.5 * np.log2((1 + u / u_bar) / (u / u_bar + 2 ** (-2 * i_max)))
    assert law(np.array([i_max, u_bar]), np.array([u]))[0] == pytest.approx(printed, abs=1e-9)


@given(capacities, depths, st.floats(0.02, 0.98))
def test_inverse_undoes_the_law(i_max, u_bar, share):
    theta = np.array([i_max, u_bar])
    u = law.inverse(theta, np.array([share * i_max]))
    assert law(theta, u)[0] == pytest.approx(share * i_max, rel=1e-9)


@given(st.floats(0.2, 6.0), st.floats(0.01, 1e5))
def test_working_coordinates_lead_back(i_max, u_bar):
    theta = np.array([i_max, u_bar])
    working = law.working(np.array([1.0, 1e3]))
    assert working.natural(working.of(theta)) == pytest.approx(theta, rel=1e-6)


def test_inverse_is_unknown_where_the_law_never_comes():
    assert np.isnan(law.inverse(np.array([2.0, 10.0]), np.array([-0.1, 2.0, 3.0]))).all()


def test_limits_and_ends():
    theta = np.array([2.0, 10.0])
    assert law.limits(theta) == (0.0, 2.0)
    assert law(theta, np.array([0.0]))[0] == 0.0
    assert law(theta, np.array([1e12]))[0] == pytest.approx(2.0)
    assert law(np.array([2.0, 0.0]), np.array([0.0, 1.0])).tolist() == [0.0, 2.0]


def test_keeps_its_digits_where_bits_are_few():
    theta = np.array([1e-9, 10.0])
    assert law(theta, np.array([10.0]))[0] == pytest.approx(5e-10, rel=1e-6)


def test_many_parameter_sets_in_one_call():
    theta = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    u = np.array([1.0, 10.0])
    assert law(theta[:, :, None], u) == pytest.approx(np.stack([law(theta[:, i], u) for i in range(3)]))
