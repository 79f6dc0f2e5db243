"""Recorded formulas as code: every step once, one curve's numbers apart from it."""

from __future__ import annotations

import numpy as np
import pytest

from noiselaw.errors import UsageError
from noiselaw.laws import NoiseLaw
from noiselaw.laws.recorded import variable
from noiselaw.report.javascript import written


def law(i_max, u_bar):
    return written(("u",), {"bits": NoiseLaw()(np.array([i_max, u_bar]), variable("u"))})


def test_curves_of_one_form_share_their_code():
    first, second = law(2.123456789, 301.23456789), law(1.987654321, 777.77777777)
    assert first.code == second.code
    assert first.numbers != second.numbers
    assert 301.23456789 in first.numbers


def test_a_step_that_is_needed_twice_is_written_once():
    u = variable("u")
    found = written(("u",), {"a": np.log(u) + 1.0, "b": np.log(u) * 2.0})
    assert found.code == "(u,c)=>{const v0=Math.log(u);const v1=v0+1.0;const v2=v0*2.0;return{a:v1,b:v2};}"
    assert found.numbers == ()


def test_numbers_that_are_not_finite_or_negative_stand_as_code_reads_them():
    u = variable("u")
    found = written(("u",), {"a": np.minimum(u, np.inf) - (-2.0), "b": np.maximum(u, -np.inf)})
    assert "Math.min(u,Infinity)" in found.code
    assert "Math.max(u,(-Infinity))" in found.code
    assert "-(-2.0)" in found.code


def test_a_step_without_a_counterpart_is_refused():
    with pytest.raises(UsageError, match="The step 'arctan' has no counterpart on a page. Use one of: add"):
        written(("u",), {"a": np.arctan(variable("u"))})
