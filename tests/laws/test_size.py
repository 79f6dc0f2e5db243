import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.laws import SizeLaw

law = SizeLaw()


@given(st.floats(0.1, 6.0), st.floats(0.1, 1e4), st.floats(0.1, 2.0), st.floats(1.0, 1e7))
def test_is_equation_1(i_inf, n_0, s, n):
    printed = i_inf - (n / n_0) ** (-s)
    assert law(np.array([i_inf, n_0, s]), np.array([n]))[0] == pytest.approx(printed, rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 6.0), st.floats(0.1, 1e4), st.floats(0.1, 2.0), st.floats(0.01, 2.0))
def test_inverse_undoes_the_law(i_inf, n_0, s, missing):
    theta = np.array([i_inf, n_0, s])
    n = law.inverse(theta, np.array([i_inf - missing]))
    assert law(theta, n)[0] == pytest.approx(i_inf - missing, rel=1e-8, abs=1e-8)


@given(st.floats(0.1, 6.0), st.floats(1.0, 1e4), st.floats(0.1, 2.0))
def test_working_coordinates_lead_back(i_inf, n_0, s):
    theta = np.array([i_inf, n_0, s])
    working = law.working(np.array([100.0, 1e5]))
    assert working.natural(working.of(theta)) == pytest.approx(theta, rel=1e-5)


def test_limits_and_where_it_never_comes():
    theta = np.array([2.0, 50.0, 0.5])
    assert law.limits(theta) == (-np.inf, 2.0)
    assert np.isnan(law.inverse(theta, np.array([2.0, 2.5]))).all()
    assert law(theta, np.array([50.0]))[0] == pytest.approx(1.0)
