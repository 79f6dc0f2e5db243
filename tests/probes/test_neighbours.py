from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from noiselaw.probes.neighbours import Neighbours, find, find_within_labels


def points(kind, n, d, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = 0.7 * x + 0.7 * rng.normal(size=(n, d))
    match kind:
        case "whole numbers":
            return np.rint(2 * x), np.rint(2 * y)
        case "heavy tails":
            x = rng.standard_cauchy(size=(n, d))
            return x, x + rng.standard_cauchy(size=(n, d))
        case "repeated":
            x = x[rng.integers(0, n // 3, n)]
            y = x.copy()
            y[::2] = rng.normal(size=y[::2].shape)
        case "one tight cluster":
            x[::2] = 3 + 1e-9 * x[::2]
        case "other scales":
            return 1e6 * x, 1e-6 * y
        case "far from 0":
            return x + 1e6, y - 1e6
        case "nearly all the same":
            x, y = np.zeros((n, d)), np.zeros((n, d))
            x[:5], y[:5] = rng.normal(size=(5, d)), rng.normal(size=(5, d))
    return x, y


KINDS = ["smooth", "whole numbers", "heavy tails", "repeated", "one tight cluster", "other scales", "far from 0"]
KINDS.append("nearly all the same")


def agree(one: Neighbours, two: Neighbours):
    for field in fields(Neighbours):
        assert np.array_equal(getattr(one, field.name), getattr(two, field.name)), field.name


@pytest.mark.parametrize("kind", KINDS)
@given(n=st.integers(10, 400), d=st.integers(1, 9), k=st.integers(1, 6), seed=st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_brute_force_and_tree_give_the_same_counts(kind, n, d, k, seed):
    x, y = points(kind, n, d, seed)
    agree(find(x, y, k, "brute"), find(x, y, k, "tree"))


@pytest.mark.parametrize("kind", KINDS)
@given(n=st.integers(20, 400), d=st.integers(1, 9), seed=st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_so_they_do_within_labels(kind, n, d, seed):
    x, _ = points(kind, n, d, seed)
    labels = np.minimum(np.arange(n) // 2, 4)[np.random.default_rng(seed).permutation(n)]
    agree(find_within_labels(x, labels, 3, "brute"), find_within_labels(x, labels, 3, "tree"))


@pytest.mark.parametrize("search", ["brute", "tree"])
def test_counts_are_what_they_are_called(search):
    x, y = points("smooth", 300, 3, 0)
    in_x, in_y = cdist(x, x, "chebyshev"), cdist(y, y, "chebyshev")
    joint = np.maximum(in_x, in_y)
    radius = np.sort(joint, axis=1)[:, 3][:, None]
    found = find(x, y, 3, search)
    assert np.array_equal(found.radius, radius[:, 0])
    assert np.array_equal(found.nearer_x, (in_x < radius).sum(axis=1) - 1)
    assert np.array_equal(found.within_x, (in_x <= radius).sum(axis=1) - 1)
    assert np.array_equal(found.nearer_y, (in_y < radius).sum(axis=1) - 1)
    assert np.array_equal(found.within_y, (in_y <= radius).sum(axis=1) - 1)
    assert set(found.k) == {3}


@pytest.mark.parametrize("search", ["brute", "tree"])
def test_where_more_than_k_points_coincide_k_is_how_many(search):
    x, y = points("smooth", 100, 2, 0)
    x[:7], y[:7] = x[0], y[0]
    found = find(x, y, 3, search)
    assert found.k[:8].tolist() == [7] * 7 + [3]
    assert not found.radius[:7].any()


@pytest.mark.parametrize("search", ["brute", "tree"])
def test_rare_labels_lower_k(search):
    x, _ = points("smooth", 100, 2, 0)
    labels = np.r_[0, 0, np.ones(98, int)]
    found = find_within_labels(x, labels, 3, search)
    assert found.k[:3].tolist() == [1, 1, 3]
    assert found.nearer_y[:3].tolist() == [1, 1, 97]
