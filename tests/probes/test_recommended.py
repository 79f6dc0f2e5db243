import numpy as np
import pytest

from noiselaw.probes.recommended import Recommended


def test_the_kind_of_y_chooses():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    labels = (x[:, 0] > 0).astype(int)
    assert Recommended().estimate(x, labels).bits == pytest.approx(0.95, abs=0.2)
    assert Recommended().estimate(x, x[:, :2] + rng.normal(size=(500, 2))).bits == pytest.approx(1.0, abs=0.2)


def test_same_seed_same_numbers_and_many_equal_one():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(300, 4)), rng.normal(size=(300, 3))
    many = Recommended().estimate_many([x, x + 0.1 * y[:, :1]], y)
    assert many[0].bits == Recommended().estimate(x, y).bits
    assert many[1].bits == Recommended().estimate(x + 0.1 * y[:, :1], y).bits
