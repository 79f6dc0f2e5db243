import numpy as np
import pytest

from noiselaw.reproduce.theory import theorem_4_1


@pytest.mark.slow
def test_simulation_agrees_with_the_theorem_and_not_with_the_misprint():
    result = theorem_4_1()
    assert [check.printed for check in result.against] == ["17.000"]
    assert result.rows["bits"].to_numpy() == pytest.approx(result.rows["theorem"].to_numpy(), abs=0.06)
    assert np.isfinite(result.rows["bits"]).all()
