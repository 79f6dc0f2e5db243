"""Thinning of every kind of matrix: laws of whole matrices, and what must not change a number."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from noiselaw import arrays
from noiselaw.arrays import as_dense, is_sparse
from noiselaw.channels import thin, thinning
from noiselaw.channels.thinning import keep_each, keep_exactly
from noiselaw.errors import InputError, UsageError

RARE = 1e-5
WAYS = {
    "binomial": {},
    "hypergeometric": {},
    "hypergeometric per cell": {"method": "hypergeometric", "per": "cell"},
}


@pytest.fixture(params=WAYS)
def way(request):
    return {"method": request.param, **WAYS[request.param]}


def cells(seed=0, shape=(60, 40)):
    """Counts from 0 to some thousands, no row empty."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(0.5, 2.0, size=shape[1]), size=shape)
    counts[:, 0] += 1
    counts[3, 4], counts[5, 6], counts[7, 8] = 70, 900, 5000
    return counts


# What must not change a number


def test_every_kind_of_matrix_gives_the_same_numbers(as_kind, way):
    counts = cells()
    x = as_kind(counts)
    thinned = thin(x, 0.3, 1, **way)
    assert np.array_equal(as_dense(thinned), thin(counts, 0.3, 1, **way))
    assert np.array_equal(as_dense(x), counts)
    assert not arrays.is_backed(thinned)
    assert is_sparse(thinned) == is_sparse(x)
    assert thinned.dtype == counts.dtype
    if is_sparse(x):
        assert thinned.format == ("csc" if "csc" in as_kind.name else "csr")
        assert isinstance(thinned, sparse.sparray) == isinstance(x, sparse.sparray)
        assert (thinned.data > 0).all()
        check = type(thinned)((thinned.data, thinned.indices, thinned.indptr), shape=thinned.shape)
        check.check_format(full_check=True)
        assert check.has_canonical_format


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32, np.float64])
def test_the_dtype_is_kept_and_changes_nothing(dtype, way):
    counts = np.minimum(cells(), 100)
    thinned = thin(sparse.csr_matrix(counts.astype(dtype)), 0.3, 1, **way)
    assert thinned.dtype == dtype
    assert np.array_equal(thinned.toarray(), thin(counts, 0.3, 1, **way))


def test_blocks_and_threads_change_nothing(way, monkeypatch):
    counts = cells()
    kinds = [counts, sparse.csr_matrix(counts), sparse.csc_matrix(counts)]
    wanted = [as_dense(thin(x, 0.3, 1, **way)) for x in kinds]
    whole = arrays.blocks
    for entries in (1, 37, 500):
        for threads in (1, 2, 5):
            monkeypatch.setattr(thinning, "blocks", lambda x, n=entries: whole(x, n))
            monkeypatch.setattr(thinning, "_threads", lambda n=threads: n)
            for x, want in zip(kinds, wanted, strict=True):
                assert np.array_equal(as_dense(thin(x, 0.3, 1, **way)), want)


def test_the_environment_sets_the_threads_and_no_number():
    script = (
        "import numpy as np, sys; from noiselaw.channels import thin, thinning;"
        "x = np.random.default_rng(0).poisson(1.0, size=(3000, 600));"
        "y = [thin(x, 0.3, 1, m) for m in ('binomial', 'hypergeometric')];"
        "sys.stdout.write(f'{thinning._threads()} {[int((z * np.arange(600)).sum()) for z in y]}')"
    )
    said = {}
    for threads in ("1", "2"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        said[threads] = run.stdout.split(" ", 1)
    assert said["1"][0] == "1"
    assert said["2"][0] == "2"
    assert said["1"][1] == said["2"][1]


def test_the_seed_decides():
    x = sparse.csr_matrix(cells())
    assert (thin(x, 0.3, 1) != thin(x, 0.3, 1)).nnz == 0
    assert (thin(x, 0.3, 1) != thin(x, 0.3, 2)).nnz > 0
    one, two = (thin(np.full((400, 400), 3), 0.3, seed).ravel() for seed in (1, 2))
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / 400


def test_memory_stays_below_input_and_result():
    """No copy bigger than the result, beside blocks of a few MB."""
    import tracemalloc

    rng = np.random.default_rng(0)
    x = sparse.csr_matrix(
        (rng.integers(1, 4, 4_000_000, dtype=np.int32), np.tile(np.arange(400, dtype=np.int32), 10_000),
         np.arange(0, 4_000_001, 400)), shape=(10_000, 400),
    )  # fmt: skip
    thin(x[:5], 0.1, 0)
    thin(x[:5], 0.1, 0, "hypergeometric")
    for way in ({}, {"method": "hypergeometric"}, {"method": "hypergeometric", "per": "cell"}):
        tracemalloc.start()
        y = thin(x, 0.2, 0, **way)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        size = y.data.nbytes + y.indices.nbytes + y.indptr.nbytes
        assert peak < 2 * size + 3 * 12e6


# What the numbers are


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    st.sampled_from([1, 3, 17, 80, 4000]),
    st.floats(0.02, 0.98),
    st.floats(0.02, 0.98),
    st.integers(0, 2**31),
    st.booleans(),
)
def test_thinning_twice_is_thinning_once_by_the_product(n, p, q, seed, same_seed):
    """Even with the same seed, and p = q: every thinning draws anew."""
    q = p if same_seed else q
    once = thin(np.full((100, 200), n), p, seed)
    twice = thin(once, q, seed if same_seed else seed + 1).ravel()
    law = stats.binom(n, p * q)
    edges = np.unique(law.ppf([0.1, 0.25, 0.5, 0.75, 0.9]))
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * twice.size
    seen = np.bincount(np.searchsorted(edges, twice), minlength=len(expected))
    keep = expected > 5
    if keep.sum() > 1:
        scale = seen[keep].sum() / expected[keep].sum()
        assert stats.chisquare(seen[keep], expected[keep] * scale).pvalue > RARE
    assert abs(twice.mean() - law.mean()) < 5 * law.std() / np.sqrt(twice.size) + 1e-12


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1.0), st.sampled_from(sorted(WAYS)))
def test_never_more_than_there_was_and_exact_where_promised(seed, q, name):
    counts = cells(seed, shape=(12, 9))
    thinned = thin(counts, q, seed, **{"method": name, **WAYS[name]})
    assert (thinned >= 0).all()
    assert (thinned <= counts).all()
    if name == "hypergeometric":
        assert thinned.sum() == int(q * int(counts.sum()))
    if name == "hypergeometric per cell":
        assert thinned.sum(axis=1).tolist() == [int(q * int(total)) for total in counts.sum(axis=1)]


def test_keeping_all_is_a_copy(as_kind, way):
    counts = cells()
    x = as_kind(counts)
    copy = thin(x, 1.0, 0, **way)
    assert np.array_equal(as_dense(copy), counts)
    assert copy is not x
    assert copy.dtype == counts.dtype
    assert not np.shares_memory(getattr(copy, "data", copy) if is_sparse(copy) else copy, counts)


def test_order_of_cells_and_genes_does_not_change_the_law():
    """The mean of many thinnings is proportional to the counts, wherever in the matrix an entry stands."""
    counts = cells(3, shape=(20, 30))
    for order in (slice(None), slice(None, None, -1)):
        x = np.ascontiguousarray(counts[order, order])
        for name, options in WAYS.items():
            many = np.array([thin(x, 0.35, seed, **{"method": name, **options}) for seed in range(200)])
            z = (many.mean(axis=0) - 0.35 * x) / np.sqrt(np.maximum(x * 0.35 * 0.65, 1e-9) / 200)
            # int(q * total) of a cell loses up to one molecule of its total
            slack = 1.0 if "cell" in name else 0.01
            shortfall = slack * x / x.sum(axis=1, keepdims=True) / np.sqrt(np.maximum(x * 0.35 * 0.65, 1e-9) / 200)
            assert (np.abs(z) < 4.5 + shortfall).all()


def test_entries_of_a_binomial_thinning_are_independent():
    many = np.array([thin(np.full((3, 4), 6), 0.4, seed).ravel() for seed in range(2000)])
    correlation = np.corrcoef(many.T)[np.triu_indices(12, 1)]
    assert np.abs(correlation).max() * np.sqrt(2000) < 4.5


def test_exact_totals_per_cell_have_the_multivariate_hypergeometric_law():
    pool, kept = [2, 1, 3, 1], 3
    thinned = keep_exactly(np.tile(pool, (20_000, 1)), 0.45, 5, "cell")
    assert_multivariate_hypergeometric(thinned, pool, kept)


def test_exact_totals_of_the_matrix_have_the_multivariate_hypergeometric_law():
    """Across rows too, which the correction reaches by another path."""
    pool, kept = [2, 1, 3, 1], 3
    shapes = {(2, 2): 1500, (4, 1): 1500}
    for shape, draws in shapes.items():
        x = np.reshape(pool, shape)
        thinned = np.array([keep_exactly(x, 0.45, seed, "matrix").ravel() for seed in range(draws)])
        assert_multivariate_hypergeometric(thinned, pool, kept)


def assert_multivariate_hypergeometric(thinned, pool, kept):
    law = stats.multivariate_hypergeom(pool, kept)
    outcomes = [cell for cell in np.ndindex(*(n + 1 for n in pool)) if sum(cell) == kept]
    seen = {cell: 0 for cell in outcomes}
    for row in thinned:
        seen[tuple(int(k) for k in row)] += 1
    expected = [law.pmf(cell) * len(thinned) for cell in outcomes]
    assert stats.chisquare(list(seen.values()), expected).pvalue > RARE


def test_entries_of_exact_totals_have_the_hypergeometric_law():
    for n, q, per in ((5, 0.3, "matrix"), (5, 0.8, "cell"), (120, 0.1, "matrix"), (120, 0.6, "cell")):
        x = np.full((300, 200), n)
        pool = x.size * n if per == "matrix" else 200 * n
        thinned = keep_exactly(x, q, 3, per).ravel()
        law = stats.hypergeom(pool, n, int(q * pool))
        seen = np.bincount(thinned, minlength=n + 1)
        expected = law.pmf(np.arange(n + 1)) * x.size
        keep = expected > 10
        assert stats.chisquare(seen[keep], expected[keep] * seen[keep].sum() / expected[keep].sum()).pvalue > RARE
        # Entries compete for a fixed number, so that their mean does not vary at all.
        assert thinned.mean() * x.size == pytest.approx(int(q * pool) * (1 if per == "matrix" else 300))


def test_cells_share_a_fixed_total_as_the_hypergeometric_law_says():
    x = np.array([[30, 10], [5, 15], [0, 40]])
    many = np.array([keep_exactly(x, 0.3, seed, "matrix").sum(axis=1) for seed in range(2000)])
    law = stats.multivariate_hypergeom([40, 20, 40], 30)
    covariance = np.cov(many.T)
    assert np.abs(many.mean(axis=0) - law.mean()).max() < 5 * np.sqrt(law.cov().max() / 2000)
    assert np.abs(covariance - law.cov()).max() < 5 * law.cov().max() * np.sqrt(2 / 2000)


def test_as_scanpy_draws(real_data):
    """On real cells both keep the same totals, and their genes agree as two draws of one law do."""
    anndata = pytest.importorskip("anndata")
    scanpy = pytest.importorskip("scanpy")
    x = anndata.read_h5ad(real_data("citeseq_eccite_pbmc_citefuse.h5ad")).X
    ours = thin(x, 0.1, 0, "hypergeometric")
    theirs = anndata.AnnData(x.copy())
    scanpy.pp.downsample_counts(theirs, total_counts=int(0.1 * x.sum()), random_state=0)
    assert ours.sum() == theirs.X.sum()
    for axis in (0, 1):
        a, b, pool = (np.asarray(m.sum(axis=axis)).ravel().astype(float) for m in (ours, theirs.X, x))
        keep = pool >= 100
        z = (a - b)[keep] / np.sqrt(2 * pool[keep] * 0.1 * 0.9)
        assert 0.9 < z.std() < 1.1


# The edges


def test_what_strong_thinning_leaves_can_be_thinned_again(way):
    assert thin(np.zeros((3, 4)), 0.5, 0, **way).sum() == 0
    assert thin(sparse.csr_matrix((3, 4)), 0.5, 0, **way).nnz == 0
    assert thin(np.ones((3, 4), dtype=int), 1e-9, 0, **way).sum() == 0
    assert thin(np.eye(5, dtype=int)[:, :1], 0.999999, 0, **way).shape == (5, 1)


def test_empty_rows_and_explicit_zeros_pass(way):
    counts = cells()
    counts[[0, 30, 59]] = 0
    x = sparse.csr_matrix(counts)
    x.data[::5] = 0
    dense = x.toarray()
    thinned = thin(x, 0.4, 0, **way)
    assert thinned[0].nnz == thinned[59].nnz == 0
    assert (thinned.data > 0).all()
    assert np.array_equal(thinned.toarray(), thin(dense, 0.4, 0, **way))


def test_wide_indices_and_read_only_arrays_pass(way):
    counts = cells()
    x = sparse.csr_matrix(counts)
    x.indices, x.indptr = x.indices.astype(np.int64), x.indptr.astype(np.int64)
    for array in (x.data, x.indices, x.indptr):
        array.flags.writeable = False
    assert np.array_equal(thin(x, 0.4, 0, **way).toarray(), thin(counts, 0.4, 0, **way))


def test_entries_that_lie_in_a_memory_map_pass(way, tmp_path):
    """As the workers of a study read them from its store."""
    counts = cells()
    x = sparse.csr_array(counts)
    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{name}.npy", getattr(x, name))
        setattr(x, name, np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    assert np.array_equal(thin(x, 0.4, 0, **way).toarray(), thin(counts, 0.4, 0, **way))


def test_positions_matter_not_just_counts():
    """A row that is the same as another is thinned otherwise."""
    thinned = thin(np.tile(cells()[0], (30, 1)), 0.5, 0)
    assert len(np.unique(thinned, axis=0)) > 25


@pytest.mark.parametrize("fraction", [0, -0.1, 1.5, float("nan"), float("inf")])
def test_impossible_fractions_are_refused(fraction, way):
    with pytest.raises(
        UsageError, match=r"fraction of molecules to keep must lie in \(0, 1\]; got .* Pass e\.g\. 0\.1"
    ):
        thin(cells(), fraction, 0, **way)


@pytest.mark.parametrize("fraction", ["0.5", None, True, [0.5]])
def test_a_fraction_is_a_number(fraction):
    with pytest.raises(UsageError, match=r"fraction must be a number in \(0, 1\]; got .* Pass e\.g\. 0\.1"):
        thin(cells(), fraction, 0)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(UsageError, match=r"seed must be a whole number of at least 0; got "):
        thin(cells(), 0.5, seed)


def test_numbers_of_numpy_are_numbers():
    assert np.array_equal(thin(cells(), np.float32(0.5), np.int64(3)), thin(cells(), 0.5, 3))


def test_mistakes_are_named():
    with pytest.raises(UsageError, match="no channel called 'binomal'. Nearest: binomial"):
        thin(cells(), 0.5, 0, "binomal")
    with pytest.raises(UsageError, match="has no option 'per'"):
        thin(cells(), 0.5, 0, per="cell")
    with pytest.raises(UsageError, match="per"):
        thin(cells(), 0.5, 0, "hypergeometric", per="gene")
    with pytest.raises(InputError, match="whole numbers; observation 0 has 0.5 for feature 1"):
        thin(np.array([[1, 0.5]]), 0.5, 0)
    with pytest.raises(InputError, match=r"Pass the matrix itself, e\.g\. adata\.X"):
        thin([[1, 2]], 0.5, 0)


def test_keep_each_and_thin_agree_on_the_law_not_on_the_seed():
    assert keep_each(np.full((50, 50), 10), 0.5, 0).mean() == pytest.approx(5, abs=0.2)
