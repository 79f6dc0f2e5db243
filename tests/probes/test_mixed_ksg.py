import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif

from noiselaw.probes.mixed_ksg import MixedKSG


def labelled(n, n_labels, distance, dims=2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_labels, n)
    centres = distance * rng.normal(size=(n_labels, dims))
    return centres[labels] + rng.normal(size=(n, dims)), labels


def test_labels_read_what_sklearn_reads():
    x, labels = labelled(1000, 4, 2.0, dims=1)
    expected = mutual_info_classif(x, labels, n_neighbors=3, random_state=0)[0] / np.log(2)
    assert MixedKSG().estimate(x, labels).bits == pytest.approx(expected, abs=1e-6)


def test_well_separated_labels_read_their_entropy():
    found = MixedKSG().estimate(*labelled(1000, 4, 100.0))
    assert found.bits == pytest.approx(found.ceiling_bits, abs=0.01)
    assert found.diagnostics["estimator"] == "ross"


def test_two_overlapping_labels_read_their_information():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 4000)
    x = np.where(labels, 1.0, -1.0) + rng.normal(size=4000)
    grid = np.linspace(-9, 9, 20001)
    density = [np.exp(-((grid - m) ** 2) / 2) / np.sqrt(2 * np.pi) for m in (-1, 1)]
    mixture = sum(density) / 2
    truth = sum(np.trapezoid(p * np.log2(p / mixture), grid) for p in density) / 2
    found = MixedKSG().estimate(x, labels)
    assert found.bits == pytest.approx(truth, abs=3 * found.standard_error)


def test_labels_of_few_members_use_them_all():
    x, labels = labelled(200, 3, 5.0)
    labels[:2] = 7
    assert np.isfinite(MixedKSG(k=5).estimate(x, labels).bits)


def test_empty_cells_with_the_same_embedding_are_counted():
    x, labels = labelled(600, 3, 3.0)
    x[:120] = 0.0
    found = MixedKSG().estimate(x, labels)
    assert found.diagnostics["coincident_pairs"] == 120
    assert "20% of the pairs coincide" in found.reason.lower()
    assert 0 < found.bits < found.ceiling_bits


def test_atoms_beside_a_continuous_variable_read_their_information():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, 4000).astype(float)
    y = x + rng.uniform(0, 2, 4000)
    # Gao et al. 2017, section 5: X uniform on m integers, Y = X + U(0, 2): I = log m - (m - 1) log 2 / m
    found = MixedKSG().estimate(x, y)
    assert found.bits == pytest.approx(np.log2(4) - 3 / 4, abs=3 * found.standard_error + 0.02)
    assert found.diagnostics["estimator"] == "gao"


@pytest.mark.parametrize("labels", [True, False])
def test_standard_error_matches_the_spread(labels):
    found = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(300, 2))
        y = x[:, :1] + rng.normal(size=(300, 1))
        found.append(MixedKSG().estimate(x, (y[:, 0] > 0) if labels else y))
    spread = np.std([one.bits for one in found])
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.35)
