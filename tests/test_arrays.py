"""Every kind of matrix answers the same; what cannot be counts is refused by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from noiselaw.arrays import (
    as_csr,
    as_dense,
    blocks,
    by_rows,
    canonical,
    check_counts,
    check_finite,
    column_sums,
    copied,
    is_backed,
    is_sparse,
    row_chunks,
    row_sums,
    same_kind,
    take_rows,
    total,
)
from noiselaw.errors import InputError

COUNTS = np.random.default_rng(0).poisson(0.4, size=(50, 30))
COUNTS[:, 3] += 1  # no empty rows, which `unsorted csr` cannot divide
COUNTS[7] = [4] + [0] * 29


@pytest.fixture(params=[np.int32, np.int64, np.uint16, np.float32, np.float64])
def counts(request):
    return COUNTS.astype(request.param)


def test_every_kind_says_the_same(as_kind, counts):
    x = as_kind(counts)
    check_counts(x)
    assert np.array_equal(as_dense(x), counts)
    assert np.array_equal(as_csr(x).toarray(), counts)
    assert np.array_equal(row_sums(x), counts.sum(axis=1))
    assert np.array_equal(column_sums(x), counts.sum(axis=0))
    assert total(x) == counts.sum()
    assert is_sparse(x) == any(word in as_kind.name for word in ("csr", "csc", "coo"))
    assert is_backed(x) == (as_kind.name in {"h5ad csr", "h5ad csc", "h5py", "zarr"})


def test_sums_keep_whole_numbers_whole(as_kind):
    assert row_sums(as_kind(COUNTS)).dtype == column_sums(as_kind(COUNTS)).dtype == np.int64


def test_sums_of_single_precision_do_not_round():
    x = sparse.csr_matrix(np.array([[2.0**24, 1, 1, 1]], dtype=np.float32))
    assert row_sums(x)[0] == column_sums(x).sum() == total(x) == 2**24 + 3


@pytest.mark.parametrize("entries", [1, 20, 10**6])
def test_blocks_tile_the_matrix(as_kind, entries):
    seen = np.full(COUNTS.shape, -1)
    for block in blocks(as_kind(COUNTS), entries):
        assert (seen[block.rows, block.columns] == -1).all()
        seen[block.rows, block.columns] = as_dense(block.values)
    assert np.array_equal(seen, COUNTS)


@pytest.mark.parametrize("rows", [None, 1, 7, 50, 999])
def test_chunks_follow_each_other_by_rows(as_kind, rows):
    parts, end = [], 0
    for part, values in row_chunks(as_kind(COUNTS), rows):
        assert part.start == end
        assert isinstance(values, np.ndarray) or values.format == "csr"
        parts.append(as_dense(values))
        end = part.stop
    assert np.array_equal(np.vstack(parts), COUNTS)


def test_rows_are_taken_in_the_order_asked(as_kind):
    rows = np.array([3, 3, 41, 0, 7])
    taken = take_rows(as_kind(COUNTS), rows)
    assert not is_backed(taken)
    assert np.array_equal(as_dense(taken), COUNTS[rows])


def test_a_copy_shares_nothing(as_kind):
    x = as_kind(COUNTS)
    copy = copied(x)
    (copy if isinstance(copy, np.ndarray) else copy.data)[:] = 99
    assert np.array_equal(as_dense(x), COUNTS)


def test_looking_changes_nothing():
    x = sparse.csr_matrix(COUNTS)
    x.indices[:2] = x.indices[:2][::-1].copy()
    x.has_sorted_indices = x.has_canonical_format = False
    before = x.indices.copy(), x.data.copy()
    for look in (as_csr, as_dense, by_rows, canonical, row_sums, column_sums, check_counts, total):
        look(x)
    assert np.array_equal(x.indices, before[0])
    assert np.array_equal(x.data, before[1])


def test_blocks_of_a_canonical_matrix_are_views():
    for x in (COUNTS, sparse.csr_matrix(COUNTS), sparse.csc_array(COUNTS)):
        stored = x if isinstance(x, np.ndarray) else x.data
        assert all(np.shares_memory(block.entries, stored) for block in blocks(x, 100))
    assert as_csr(canonical(sparse.csr_matrix(COUNTS))) is not None
    x = sparse.csr_matrix(COUNTS)
    assert as_csr(x) is x
    assert canonical(x) is x
    assert by_rows(x) is x


def test_same_kind_lays_out_like_its_model(as_kind):
    like, values = as_kind(COUNTS), sparse.csr_matrix(COUNTS)
    made = same_kind(values, like)
    assert is_sparse(made) == is_sparse(like)
    assert isinstance(made, sparse.sparray) == isinstance(like, sparse.sparray)
    if "csc" in as_kind.name:
        assert made.format == "csc"
    assert np.array_equal(as_dense(made), COUNTS)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (1.5, r"whole numbers; cell 'b' has 1\.5 for gene 'h'\. The matrix looks already normalised; pass"),
        (-2.0, r"not be negative; cell 'b' has -2 for gene 'h'\. The matrix looks scaled"),
        (np.nan, "finite; cell 'b' has nan for gene 'h'"),
        (np.inf, "finite; cell 'b' has inf for gene 'h'"),
        (-np.inf, "finite; cell 'b' has -inf for gene 'h'"),
        (2.0**31, "not exceed 2147483647; cell 'b' has 2147483648 for gene 'h'"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_offender_is_named(as_kind, value, rule, dtype):
    x = np.array([[1, 0, 3], [9, 2, 9], [4, 5, 9]], dtype=dtype)
    # The first by observations; by columns the one of "c" would come first.
    x[1, 1] = x[1, 2] = x[2, 0] = value
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match=rule):
        check_counts(as_kind(x), ["a", "b", "c"], np.array(["g", "h", "i"]))


def test_offenders_in_later_blocks_are_found():
    x = sparse.csr_matrix(np.ones((3000, 400)))
    x.data[-1] = 0.5
    for y in (x, x.tocsc(), x.toarray()):
        with pytest.raises(InputError, match=r"observation 2999 has 0\.5 for feature 399"):
            check_counts(y)


def test_negative_whole_numbers_are_named():
    with pytest.raises(InputError, match="observation 0 has -3 for feature 1"):
        check_counts(np.array([[0, -3]], dtype=np.int8))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.uint64, np.int64, np.float16, np.float32])
def test_whole_numbers_of_any_dtype_are_counts(dtype):
    check_counts(np.array([[0, 1], [1, 0]], dtype=dtype))
    check_counts(np.array([[0, 2**31 - 1]], dtype=np.int64))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_matrix_is_refused(shape):
    for x in (np.zeros(shape), sparse.csr_matrix(shape)):
        with pytest.raises(InputError, match=f"empty: {shape[0]} observations × {shape[1]} features"):
            check_counts(x)
        with pytest.raises(InputError, match="empty"):
            check_finite(x)


def test_a_matrix_without_molecules_is_refused_unless_allowed():
    for x in (np.zeros((2, 3)), sparse.csr_matrix((2, 3))):
        with pytest.raises(InputError, match="at least one molecule"):
            check_counts(x)
        check_counts(x, allow_zero=True)


@pytest.mark.parametrize("x", [[[1, 2]], "counts", None])
def test_what_is_no_matrix_is_refused(x):
    with pytest.raises(InputError, match=r"must be a numpy array, a scipy sparse matrix, .* got builtins\."):
        check_counts(x)


def test_other_dimensions_and_dtypes_are_refused():
    with pytest.raises(InputError, match=r"two dimensions.*got shape \(3,\)"):
        row_sums(np.ones(3))
    with pytest.raises(InputError, match="real numbers; got dtype complex128"):
        check_counts(np.ones((2, 2), dtype=complex))
    with pytest.raises(InputError, match="real numbers; got dtype <U1"):
        check_counts(np.array([["a"]]))


def test_check_finite_names_the_first_offender():
    x = np.array([[0.5, -1.0], [0.0, np.nan]])
    with pytest.raises(InputError, match="finite; cell 'b' has nan for feature 1"):
        check_finite(x, names=["a", "b"])
    check_finite(np.array([[0.5, -1.0]]))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_random_shapes_survive_every_cut(rows, columns, entries, seed):
    dense = np.random.default_rng(seed).poisson(0.3, size=(rows, columns))
    for x in (dense, sparse.csr_matrix(dense), sparse.csc_matrix(dense)):
        made = np.zeros_like(dense)
        for block in blocks(x, entries):
            made[block.rows, block.columns] += as_dense(block.values)
        assert np.array_equal(made, dense)
        assert np.array_equal(row_sums(x), dense.sum(axis=1))
        assert np.array_equal(column_sums(x), dense.sum(axis=0))
