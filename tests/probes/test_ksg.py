import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_regression

from noiselaw.probes.ksg import KSG
from noiselaw.randomness import generator


def gaussian_pairs(bits, n, dims, seed=0, related=None):
    """``bits`` spread over the first ``related`` of ``dims`` dimensions."""
    rng = np.random.default_rng(seed)
    rho = np.zeros(dims)
    rho[: related or dims] = np.sqrt(1 - 4 ** (-bits / (related or dims)))
    x = rng.normal(size=(n, dims))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(n, dims))


@pytest.mark.parametrize("bits", [0.0, 0.5, 2.0, 4.0])
def test_two_gaussians_read_their_information(bits):
    found = KSG().estimate(*gaussian_pairs(bits, 3000, 1))
    assert found.bits == pytest.approx(bits, abs=3.5 * found.standard_error)
    assert found.status == "ok"


def test_it_is_the_estimate_of_sklearn():
    x, y = gaussian_pairs(1.0, 1000, 1)
    expected = mutual_info_regression(x, y[:, 0], n_neighbors=3, random_state=0)[0] / np.log(2)
    assert KSG().estimate(x, y).bits == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dims", [1, 5])
def test_tree_and_brute_force_give_the_same_estimate(dims):
    pairs = gaussian_pairs(1.0, 400, dims)
    one, two = (KSG(search=search).estimate(*pairs) for search in ("tree", "brute"))
    assert (one.bits, one.standard_error) == (two.bits, two.standard_error)


def test_scales_do_not_matter_unless_asked():
    x, y = gaussian_pairs(1.0, 500, 2)
    assert KSG().estimate(1000 * x, y).bits == pytest.approx(KSG().estimate(x, y).bits, abs=1e-9)
    stretched = x * [1, 1000]
    assert KSG(standardise=False).estimate(stretched, y).bits < KSG().estimate(stretched, y).bits - 0.1


def test_shortfall_in_many_dimensions_is_warned_of():
    found = KSG().estimate(*gaussian_pairs(2.0, 2000, 8))
    assert found.bits < 1.6
    assert found.status == "warned"
    assert "still grows with the number of pairs" in found.reason


def test_saturation_is_warned_of():
    x, _ = gaussian_pairs(1.0, 500, 1)
    found = KSG().estimate(x, x + 1e-6 * np.random.default_rng(1).normal(size=x.shape))
    assert "within 2 bits of the most that so many pairs can show" in found.reason


def test_coinciding_pairs_are_counted_and_warned_of():
    x, y = gaussian_pairs(1.0, 600, 2)
    x[:100], y[:100] = 0.0, 0.0
    found = KSG().estimate(x, y)
    assert found.diagnostics["coincident_pairs"] == 100
    assert "17% of the pairs coincide" in found.reason.lower()
    assert np.isfinite(found.bits)


def test_observations_that_repeat_x_alone_are_measured():
    x, y = gaussian_pairs(2.0, 2000, 1)
    x[:200] = 0.0
    found = KSG().estimate(x, y)
    assert found.diagnostics["tied_x"] == 199
    assert 1.2 < found.bits < 2.0


def test_standard_error_matches_the_spread():
    found = [KSG().estimate(*gaussian_pairs(1.0, 300, 1, seed), rng=generator(seed, "probe")) for seed in range(60)]
    spread = np.std([one.bits for one in found])
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.3)


def test_groups_widen_the_standard_error():
    x, y = gaussian_pairs(1.0, 200, 1)
    repeated = np.repeat(np.arange(200), 5)
    rng = np.random.default_rng(0)
    x, y = (part[repeated] + 0.05 * rng.normal(size=(1000, 1)) for part in (x, y))
    alone, together = KSG().estimate(x, y), KSG().estimate(x, y, repeated)
    assert together.bits == alone.bits
    assert together.standard_error > 1.3 * alone.standard_error
