"""A law called with recorded numbers holds the very steps that it takes with plain ones."""

from __future__ import annotations

import numpy as np
import pytest

from noiselaw.laws import LAWS
from noiselaw.laws.base import real
from noiselaw.laws.recorded import Recorded, variable

#: Its bits are a sum over an array of directions, which is no formula of single numbers.
NO_FORMULA = {"joint_spectrum"}
AT = {"u": 123.4, "N": 456.0}


def worked_out(step):
    if step.name == "constant":
        return step.value
    if step.name == "variable":
        return AT[step.value]
    with np.errstate(divide="ignore", invalid="ignore"):
        return getattr(np, step.name)(*(worked_out(part) for part in step.inputs))


@pytest.mark.parametrize("name", sorted(set(LAWS.names()) - NO_FORMULA))
@pytest.mark.parametrize("first", [0.6, 1.3, 3.1])
def test_every_law_writes_itself_down(name, first):
    law = LAWS.build(name)
    theta = np.linspace(first, first + 0.8, len(law.parameters))
    recorded = law(theta, *(variable(one) for one in law.variables))
    assert isinstance(recorded, Recorded)
    expected = law(theta, *(np.array(AT[one]) for one in law.variables))
    assert worked_out(recorded.item()) == pytest.approx(float(expected), rel=1e-14)


def test_what_rests_on_constants_alone_is_a_constant():
    u = variable("u")
    found = (u * 0.0 + np.maximum(u, 1.0)).item()
    assert [step.name for step in found.inputs] == ["multiply", "maximum"]
    assert np.where(u > 1.0, u, 2.0).item().name == "where"


def test_a_recorded_number_cannot_be_decided_on():
    with pytest.raises(TypeError, match="neither true nor false. Choose with np.where"):
        bool(variable("u") > 1.0)
    with pytest.raises(TypeError, match="neither true nor false"):
        max(variable("u"), 1.0)


def test_plain_numbers_are_taken_as_floats():
    assert real([1, 2]).dtype == float
    assert real(variable("u")) is not None
