import numpy as np
import pytest

from noiselaw.probes.folds import deal, holdout, tied_values, units_of


def test_equal_rows_share_a_code():
    values = np.random.default_rng(0).normal(size=(50, 3))
    codes = tied_values(np.vstack([values, values[::-1]]))
    assert np.array_equal(codes[:50], codes[50:][::-1])
    assert len(np.unique(codes)) == 50


def test_units_join_groups_and_identical_pairs():
    x_codes = np.array([0, 0, 1, 2, 3])
    y_codes = np.array([0, 0, 1, 2, 3])
    groups = np.array([0, 1, 1, 2, 3])
    units = units_of(x_codes, y_codes, groups)
    assert len(np.unique(units[:3])) == 1
    assert len(np.unique(units)) == 3


def test_a_value_shared_by_different_y_is_no_duplicate():
    x_codes = np.zeros(6, dtype=int)
    y_codes = np.array([0, 0, 0, 1, 1, 2])
    assert len(np.unique(units_of(x_codes, y_codes))) == 6


@pytest.mark.parametrize("n_folds", [2, 5, 10])
def test_folds_are_even_and_never_divide_a_unit(n_folds):
    rng = np.random.default_rng(1)
    units = np.unique(rng.integers(0, 300, 1000), return_inverse=True)[1]
    folds = deal(units, n_folds, rng)
    assert set(folds) == set(range(n_folds))
    assert np.ptp(np.bincount(folds)) <= 2
    for unit in range(units.max() + 1):
        assert len(set(folds[units == unit])) == 1


def test_strata_are_shared_evenly():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 400)
    folds = deal(np.arange(400), 5, rng, labels)
    for label in range(4):
        assert np.ptp(np.bincount(folds[labels == label], minlength=5)) <= 2


def test_holdout_takes_whole_units():
    rng = np.random.default_rng(3)
    units = np.repeat(np.arange(100), 3)
    held = holdout(units, 0.2, rng)
    assert held.sum() == 60
    assert np.array_equal(held[::3], held[1::3])
