import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from noiselaw.errors import InputError
from noiselaw.probes.discrete import Discrete


def predicted(n, accuracy, n_labels=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_labels, n)
    return np.where(rng.random(n) < accuracy, truth, rng.integers(0, n_labels, n)), truth


@given(st.integers(2, 6), st.floats(0, 1), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_the_plug_in_estimate_is_that_of_sklearn(n_labels, accuracy, seed):
    x, y = predicted(300, accuracy, n_labels, seed)
    expected = mutual_info_score(x, y) / np.log(2)
    assert Discrete(correction="none").estimate(x, y).bits == pytest.approx(expected, abs=1e-9)


def test_correction_removes_the_bias_of_unrelated_labels():
    found = [Discrete().estimate(*predicted(200, 0.0, seed=seed)) for seed in range(100)]
    plug_in = np.mean([one.diagnostics["plug_in_bits"] for one in found])
    assert plug_in == pytest.approx(9 / (2 * 200 * np.log(2)), rel=0.15)
    assert abs(np.mean([one.bits for one in found])) < 0.2 * plug_in
    assert min(one.bits for one in found) < 0


@pytest.mark.parametrize("accuracy", [0.0, 0.5, 0.9])
def test_standard_error_matches_the_spread(accuracy):
    found = [Discrete().estimate(*predicted(300, accuracy, seed=seed)) for seed in range(200)]
    spread = np.std([one.bits for one in found])
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.25)


def test_perfect_predictions_read_the_entropy():
    _, y = predicted(500, 1.0)
    found = Discrete(correction="none").estimate(y, y)
    assert found.bits == pytest.approx(found.ceiling_bits, abs=1e-12)


def test_names_numbers_and_booleans_are_labels_alike():
    x, y = predicted(300, 0.7, 2)
    expected = Discrete().estimate(x, y).bits
    named = np.array(["cat", "dog"])
    assert Discrete().estimate(named[x], y == 1).bits == expected
    assert Discrete().estimate(x[:, None].astype(float), named[y]).bits == expected


def test_groups_widen_the_standard_error():
    x, y = (np.repeat(part, 5) for part in predicted(200, 0.6))
    groups = np.repeat(np.arange(200), 5)
    assert Discrete().estimate(x, y, groups).standard_error > 1.8 * Discrete().estimate(x, y).standard_error


def test_too_few_pairs_for_so_many_labels_are_warned_of():
    rng = np.random.default_rng(0)
    assert "counting needs more" in Discrete().estimate(rng.integers(0, 30, 200), rng.integers(0, 10, 200)).reason


def test_fractions_are_no_labels():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="X must be labels; got fractional numbers"):
        Discrete().estimate(rng.normal(size=100), rng.integers(0, 2, 100))
    with pytest.raises(InputError, match=r"one label per pair, \(n,\); got an array of shape \(100, 3\)"):
        Discrete().estimate(rng.normal(size=(100, 3)), rng.integers(0, 2, 100))


def given_truth(error, seed):
    """Draw predictions of labels that are always the same: 60 of one class, 40 and 100 of the others."""
    truth = np.repeat([0, 1, 2], [60, 40, 100])
    chance = (1 - error) * np.eye(3)[truth] + error / 3
    draws = np.random.default_rng(seed).random(200)[:, None]
    return (draws > chance.cumsum(axis=1)).sum(axis=1), truth


def exact(error):
    share = np.array([0.3, 0.2, 0.5])
    joint = share[:, None] * ((1 - error) * np.eye(3) + error / 3)
    expected = share[:, None] * joint.sum(axis=0)
    return float((joint * np.log2(np.where(joint > 0, joint, 1) / np.where(joint > 0, expected, 1))).sum())


@pytest.mark.parametrize("error", [0.1, 0.5, 1.0])
def test_given_how_often_each_label_is_seen_the_correction_is_unbiased_and_its_error_the_spread(error):
    found = [Discrete("given_labels").estimate(*given_truth(error, seed)) for seed in range(400)]
    bits = np.array([one.bits for one in found])
    plug_in = np.mean([one.diagnostics["plug_in_bits"] for one in found])
    assert abs(bits.mean() - exact(error)) < max(0.25 * (plug_in - exact(error)), 2 * bits.std() / 20)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(bits.std(), rel=0.25)


def test_given_the_labels_perfect_predictions_hold_their_entropy_and_no_more():
    y = np.repeat(["Faces", "watch"], 60)
    found = Discrete("given_labels").estimate(y, y)
    assert found.bits == pytest.approx(1.0, abs=1e-12)
    assert found.standard_error > 0
    assert Discrete().estimate(y, y).bits > 1.0


@given(st.integers(2, 6), st.floats(0, 1), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_given_the_labels_no_estimate_exceeds_its_ceiling(n_labels, accuracy, seed):
    x, y = predicted(300, accuracy, n_labels, seed)
    found = Discrete("given_labels").estimate(x, y)
    assert found.bits <= found.ceiling_bits + 1e-9
