import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError, UsageError
from noiselaw.probes import mutual_information
from noiselaw.probes.inputs import group_codes, label_codes, read_target, read_values, tied

N = 60
CODES = np.arange(N) % 3


@pytest.mark.parametrize(
    "labels",
    [
        CODES,
        CODES.astype(np.uint8),
        CODES.astype(str),
        np.array(["a", "b", "c"], object)[CODES],
        pd.Series(CODES).astype("Int64"),
        pd.Series(CODES.astype(str)).astype("string"),
        pd.Series(pd.Categorical(CODES.astype(str), categories=["0", "1", "2", "unused"])),
        pd.Categorical(CODES),
        list(CODES.astype(str)),
    ],
    ids=lambda labels: f"{type(labels).__name__} of {getattr(labels, 'dtype', 'text')}",
)
def test_integers_text_and_categoricals_are_labels(labels):
    target = read_target(labels)
    assert target.kind == "labels"
    assert np.array_equal(target.values, CODES)
    assert target.entropy_bits == pytest.approx(np.log2(3))


def test_booleans_are_labels():
    assert np.array_equal(read_target(CODES > 0).values, np.minimum(CODES, 1))


@pytest.mark.parametrize("y", [CODES.astype(float), CODES[:, None], np.eye(3)[CODES], pd.Series(CODES) * 1.0])
def test_floats_and_tables_of_numbers_are_continuous(y):
    target = read_target(y)
    assert target.kind == "continuous"
    assert target.values.dtype == np.float64 and target.values.ndim == 2
    assert np.isnan(target.entropy_bits)


@given(st.lists(st.integers(0, 12), min_size=50, max_size=80).filter(lambda y: max(np.bincount(y)) > 1))
def test_merging_leaves_no_label_of_one_member(labels):
    labels = np.array([*labels, *labels[:1], 99, 99])
    target = read_target(labels)
    counts = np.bincount(target.values)
    assert counts.min() >= 2
    single = np.sum(np.unique(labels, return_counts=True)[1] == 1)
    assert target.facts["single_member_labels"] == single
    assert len(counts) == len(np.unique(labels)) - single + (single > 1)


def test_a_lone_label_of_one_member_joins_the_rarest_other():
    labels = np.repeat(["common", "rare", "alone"], [50, 9, 1])
    assert np.bincount(read_target(labels).values).tolist() == [50, 10]


def test_columns_that_only_carry_rounding_are_constant():
    noise = np.random.default_rng(0).normal(size=N)
    columns = np.column_stack([noise, 1 + 1e-16 * noise, np.full(N, 3.0), -0.0 * noise, noise])
    read = read_values(columns, "X")
    assert read.facts == {"constant_columns": 3, "repeated_columns": 1}
    assert np.array_equal(read.values, noise[:, None])
    single = (1 + 1e-7 * noise).astype(np.float32)
    assert read_values(np.column_stack([single, noise.astype(np.float32)]), "X").values.shape == (N, 1)


def test_a_small_but_real_variation_is_kept():
    column = 1e6 + 1e-3 * np.random.default_rng(0).normal(size=N)
    assert read_values(column, "X").values.shape == (N, 1)


def test_unsigned_and_boolean_columns_become_numbers():
    assert read_values(np.arange(N, dtype=np.uint8), "X").values.min() == 0
    assert set(read_values(CODES > 0, "X").values[:, 0]) == {0.0, 1.0}


def test_missing_values_of_pandas_are_missing():
    numbers = pd.Series(CODES).astype("Float64").where(CODES > 0)
    with pytest.raises(InputError, match="Y must be finite; 20 of 60 rows"):
        read_target(numbers)
    with pytest.raises(InputError, match="20 missing labels, first row 0"):
        read_target(pd.Series(CODES).astype("Int64").where(CODES > 0))
    with pytest.raises(InputError, match="20 missing labels"):
        read_target(pd.Categorical(CODES, categories=[1, 2]))


def test_frames_of_mixed_columns_are_refused():
    with pytest.raises(InputError, match="X must hold numbers"):
        read_values(pd.DataFrame({"a": CODES, "b": CODES.astype(str)}), "X")


def test_groups_may_be_anything_that_labels_may():
    assert np.array_equal(group_codes(np.array(["x", "y", "z"])[CODES], N), CODES)
    assert group_codes(None, N) is None


def test_labels_need_not_repeat_to_be_coded():
    assert label_codes(["b", "a"], "groups").tolist() == [1, 0]


def test_ties_are_counted_over_all_columns():
    assert tied(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0]])) == 1
    assert tied(np.array([0.0, -0.0, 0.0])) == 2
    assert tied(np.array([[1.0], [1.0]]), np.array([0, 1])) == 0


def test_kind_overrides_what_the_type_says():
    rng = np.random.default_rng(0)
    amounts = rng.poisson(5, 300)
    x = amounts + rng.normal(size=300)
    as_amounts = mutual_information(x, amounts, "ksg", kind="continuous")
    assert as_amounts.bits == mutual_information(x, amounts * 1.0, "ksg").bits
    labels = np.minimum(amounts, 6) // 2
    assert (
        mutual_information(x, labels * 1.0, "mixed_ksg", kind="labels").bits
        == mutual_information(x, labels, "mixed_ksg").bits
    )
    with pytest.raises(UsageError, match="kind must be 'auto', 'labels' or 'continuous'; got 'label'"):
        mutual_information(x, labels, "ksg", kind="label")
    with pytest.raises(UsageError, match="no probe called 'kgs'. Nearest: ksg"):
        mutual_information(x, labels, "kgs")
