"""One class against all others: balanced, drawn once for a seed, counted."""

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError
from noiselaw.records import Dataset
from noiselaw.signals import Labels, OneAgainstAll

N = 400


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    kinds = np.array(["airplanes", "Faces", "watch"])[rng.choice(3, p=[0.6, 0.3, 0.1], size=N)]
    return Dataset("images", np.zeros((N, 2)), np.arange(N).astype(str), np.array(["a", "b"]),
                   pd.DataFrame({"class": kinds}))  # fmt: skip


@pytest.mark.parametrize("label", ["airplanes", "Faces", "watch"])
def test_both_sides_are_as_many_and_the_ceiling_is_one_bit(dataset, label):
    test = np.arange(0, N, 2)
    kinds = dataset.annotations["class"].to_numpy()
    pairs = OneAgainstAll("class", label).pair(dataset, test, np.random.default_rng(1))
    is_one = kinds[pairs.rows] == label
    rarer = min((kinds[test] == label).sum(), (kinds[test] != label).sum())
    assert is_one.sum() == (~is_one).sum() == rarer
    assert len(np.unique(pairs.rows)) == len(pairs.rows)
    assert (np.where(is_one, label, f"not {label}") == pairs.values).all()
    assert pairs.ceiling_bits == 1.0
    assert pairs.against_all == label
    assert pairs.dropped == {"left out to balance": len(test) - 2 * rarer}


def test_without_balance_everything_is_kept_and_the_ceiling_is_the_entropy(dataset):
    pairs = OneAgainstAll("class", "watch", balance=False).pair(dataset, np.arange(N), np.random.default_rng(1))
    share = (dataset.annotations["class"] == "watch").mean()
    assert len(pairs.rows) == N
    assert pairs.dropped == {}
    assert pairs.ceiling_bits == pytest.approx(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


def test_another_seed_draws_others(dataset):
    one, two = (OneAgainstAll("class", "watch").pair(dataset, np.arange(N), np.random.default_rng(s)) for s in (1, 2))
    assert len(one.rows) == len(two.rows)
    assert not np.array_equal(one.rows, two.rows)


def test_it_is_named_for_its_class():
    assert OneAgainstAll("class", "watch").name == "watch against all"


def test_a_class_that_nobody_has_is_refused_with_the_nearest(dataset):
    with pytest.raises(InputError, match=r"none .* in column .class. are .wacht.\. Nearest: watch"):
        OneAgainstAll("class", "wacht").check(dataset)
    with pytest.raises(InputError, match="no column 'clas' .* Nearest: class"):
        OneAgainstAll("clas", "watch").check(dataset)


def test_missing_labels_are_neither_side(dataset):
    signal = OneAgainstAll("class", "watch", missing="Faces")
    pairs = signal.pair(dataset, np.arange(N), np.random.default_rng(0))
    kinds = dataset.annotations["class"].to_numpy()
    assert "Faces" not in kinds[pairs.rows]
    assert pairs.dropped["label 'Faces'"] == (kinds == "Faces").sum()
    with pytest.raises(InputError, match="only 'watch'"):
        OneAgainstAll("class", "watch", missing=["Faces", "airplanes"]).check(dataset)
    assert Labels("class", missing=["Faces"]).pair(dataset, np.arange(N), np.random.default_rng(0)).against_all == ""
