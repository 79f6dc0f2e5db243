import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError
from noiselaw.sweep.split import make_split, merge_groups, training_rows


@given(n=st.integers(8, 300), held_out=st.floats(0.1, 0.9), seed=st.integers(0, 5))
def test_every_observation_is_on_exactly_one_side(n, held_out, seed):
    split = make_split(n, held_out, seed)
    assert sorted([*split.train, *split.test]) == list(range(n))
    assert abs(len(split.test) - held_out * n) <= 1
    assert (np.diff(split.test) > 0).all()


def test_a_seed_gives_one_split_and_another_seed_another():
    first, again, other = make_split(100, 0.25, 1), make_split(100, 0.25, 1), make_split(100, 0.25, 2)
    np.testing.assert_array_equal(first.train, again.train)
    assert (first.test != other.test).any()


@given(st.lists(st.integers(0, 6), min_size=20, max_size=80).filter(lambda g: len(set(g)) > 1), st.integers(0, 3))
def test_no_group_straddles_the_split(groups, seed):
    groups = np.array(groups)
    split = make_split(len(groups), 0.25, seed, groups)
    assert not set(groups[split.train]) & set(groups[split.test])
    assert len(split.train)
    assert len(split.test)


def test_groups_come_near_the_share_asked_for():
    groups = np.repeat(np.arange(40), 25)
    assert len(make_split(1000, 0.25, 0, groups).test) == 250


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(40), 5)])
def test_complementary_splits_measure_every_observation_once(groups):
    held = np.concatenate([make_split(200, 0.25, seed, groups).test for seed in range(4)])
    assert sorted(held) == list(range(200))
    again = make_split(200, 0.25, 4, groups).test  # a new random order begins
    assert all((again != make_split(200, 0.25, seed, groups).test).any() for seed in range(4))


def test_random_splits_are_independent_draws():
    overlap = np.intersect1d(
        make_split(2000, 0.25, 0, splits="random").test, make_split(2000, 0.25, 1, splits="random").test
    )
    assert 80 < len(overlap) < 170


def test_two_groups_take_turns():
    groups = np.repeat([0, 1], [30, 70])
    held = [set(groups[make_split(100, 0.25, seed, groups).test]) for seed in range(4)]
    assert all(len(names) == 1 for names in held)
    assert set.union(*held) == {0, 1}


def test_one_group_cannot_be_split():
    with pytest.raises(InputError, match="all belong to one group"):
        make_split(10, 0.25, 0, np.zeros(10, dtype=int))


def test_too_few_observations_to_hold_any_out():
    with pytest.raises(InputError, match="leaves 0 to train on and 1 to measure"):
        make_split(1, 0.25, 0)


def test_merging_links_what_any_grouping_links_and_minus_one_is_no_group():
    clones = np.array([0, 0, -1, -1, 1, 1])
    donors = np.array([0, 1, 2, 2, 3, 4])
    merged = merge_groups([clones, donors])
    assert merged[0] == merged[1]
    assert merged[2] == merged[3]
    assert merged[4] == merged[5]
    assert len(set(merged)) == 3
    assert merge_groups([]) is None


def test_training_sets_are_nested_or_fresh():
    split = make_split(200, 0.25, 0)
    small, large = (training_rows(split, size, 0, "nested") for size in (50, 100))
    np.testing.assert_array_equal(large[:50], small)
    fresh = training_rows(split, 50, 0, "fresh")
    assert set(fresh) <= set(split.train)
    assert (fresh != small).any()
