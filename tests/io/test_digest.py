from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from noiselaw.io import content_hash, file_hash, from_arrays


def counts(seed):
    x = np.random.default_rng(seed).poisson(0.7, (13, 9))
    x[0, 0] += 1
    return x


@given(st.integers(0, 1000), st.sampled_from([np.int8, np.int32, np.float32, np.float64]))
@settings(deadline=None, max_examples=30)
def test_equal_counts_have_equal_hashes(seed, dtype):
    x = counts(seed)
    reference = content_hash(from_arrays(x))
    kinds = [np.asfortranarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.coo_matrix]
    assert {content_hash(from_arrays(kind(x.astype(dtype)))) for kind in kinds} == {reference}


def test_order_of_storage_duplicates_and_stored_zeros_do_not_matter():
    tidy = sparse.csr_matrix(np.array([[0, 3, 1], [2, 0, 0]]))
    messy = sparse.csr_matrix((np.array([1, 1, 2, 2, 0]), np.array([2, 1, 1, 0, 2]), np.array([0, 3, 5])), shape=(2, 3))
    assert content_hash(from_arrays(messy)) == content_hash(from_arrays(tidy))


@given(st.integers(0, 12), st.integers(0, 8), st.integers(1, 2**20))
@settings(deadline=None, max_examples=50)
def test_any_change_shows(row, column, amount):
    x = counts(1)
    changed = x.copy()
    changed[row, column] += amount
    assert content_hash(from_arrays(x)) != content_hash(from_arrays(changed))


def test_names_and_shape_count():
    x = counts(2)
    hashes = {
        content_hash(from_arrays(x)),
        content_hash(from_arrays(x.T)),
        content_hash(from_arrays(x[::-1])),
        content_hash(from_arrays(x, names=[f"c{j}" for j in range(13)])),
        content_hash(from_arrays(x, features=[f"g{j}" for j in range(9)])),
        content_hash(from_arrays(np.hstack([x, np.zeros((13, 1), dtype=int)]))),
    }
    assert len(hashes) == 6


def test_the_hash_is_what_it_was():
    """Stores are keyed by it: a change here makes every stored result be computed again."""
    assert content_hash(from_arrays(np.array([[0, 1], [2, 3]]))) == "46c2fadb31c89c1d35aa7904dcbd4f7989770b7b"


def test_file_hash(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == sha256(b"abc").hexdigest()
    before = file_hash(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert file_hash(tmp_path) != before


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix])
def test_many_blocks(kind):
    x = sparse.random(3000, 700, density=0.4, format="csr", random_state=0)
    x.data = np.ceil(x.data * 9)
    assert content_hash(from_arrays(kind(x))) == content_hash(from_arrays(x.toarray()))
