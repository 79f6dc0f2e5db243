import numpy as np
import pytest

from noiselaw.probes.gaussian import Gaussian


def _correlated(n, rng, bits, d=8, k=2):
    r = np.sqrt(1 - 2 ** (-2 * bits / k))
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
    y[:, :k] = r * x[:, :k] + np.sqrt(1 - r**2) * y[:, :k]
    return x, y


@pytest.mark.parametrize("bits", [0.5, 2.0, 4.0])
def test_gaussian_pairs_read_nearly_their_information(bits):
    x, y = _correlated(3000, np.random.default_rng(0), bits)
    estimate = Gaussian().estimate(x, y)
    assert estimate.bits == pytest.approx(bits, abs=3 * estimate.standard_error + 0.05)


def test_unrelated_pairs_read_nothing():
    rng = np.random.default_rng(1)
    estimate = Gaussian().estimate(rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8)))
    assert abs(estimate.bits) < 0.05
