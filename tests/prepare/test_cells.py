import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from noiselaw.errors import InputError, UsageError
from noiselaw.prepare import PREPARATIONS, GeneSelection


def cells(n=300, genes=200, depth=2000, seed=0):
    """Counts whose genes have spread-out means, some of them variable beyond Poisson."""
    rng = np.random.default_rng(seed)
    share = rng.gamma(0.5, size=genes)
    rates = depth * share / share.sum() * np.exp(rng.normal(size=(n, genes)) * rng.random(genes))
    return sparse.csr_matrix(rng.poisson(rates).astype(np.int32))


def names(n, prefix="g"):
    return np.array([f"{prefix}{i}" for i in range(n)])


def fit(counts, options=None, rows=None, **more):
    rows = np.arange(counts.shape[0]) if rows is None else rows
    return GeneSelection(**{"n_genes": 50, **(options or {}), **more}).fit(counts, rows, names(counts.shape[1]))


def apply(counts, fitted):
    return fitted.apply(counts, names(counts.shape[0], "cell"), 0.5)


def test_library_size_counts_all_genes_and_values_only_the_chosen():
    counts = cells()
    fitted = fit(counts)
    prepared = apply(counts, fitted)
    assert prepared.view == "counts"
    assert prepared.level == 0.5
    assert np.array_equal(prepared.library_size, counts.toarray().sum(axis=1))
    assert np.array_equal(prepared.values.toarray(), counts.toarray()[:, fitted.columns])
    assert list(prepared.features) == [f"g{i}" for i in fitted.columns]


def test_lognorm_is_scanpys():
    sc = pytest.importorskip("scanpy")
    counts = cells()
    fitted = fit(counts)
    prepared = fitted.as_view(apply(counts, fitted), "lognorm")
    data = sc.AnnData(counts.astype(np.float64))
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    np.testing.assert_allclose(prepared.values.toarray(), data.X.toarray()[:, fitted.columns], rtol=1e-6)
    assert sparse.issparse(prepared.values)


def test_empty_cells_stay_rows_of_zeros():
    counts = cells().toarray()
    counts[5] = 0
    counts = sparse.csr_matrix(counts)
    fitted = fit(counts)
    lognorm = fitted.as_view(apply(counts, fitted), "lognorm")
    assert lognorm.values[5].nnz == 0
    assert fitted.notes["empty_cells"] == 1


def test_the_input_is_untouched():
    counts = cells()
    before = counts.copy()
    fitted = fit(counts)
    prepared = apply(counts, fitted)
    raw = prepared.values.copy()
    fitted.as_view(prepared, "lognorm")
    assert (counts != before).nnz == 0
    assert (prepared.values != raw).nnz == 0


def test_held_out_cells_choose_nothing_unless_asked():
    counts = cells()
    rows = np.arange(200)
    changed = counts.copy().tolil()
    changed[250:] = 0
    changed[250:, :30] = np.random.default_rng(1).poisson(50, size=(50, 30))
    changed = changed.tocsr()
    assert np.array_equal(fit(counts, rows=rows).columns, fit(changed, rows=rows).columns)
    everywhere = [fit(x, {"fitted_on": "all"}, rows=rows).columns for x in (counts, changed)]
    assert not np.array_equal(*everywhere)


@pytest.mark.parametrize("kind", ["csc", "dense", "array", "float32", "unsorted"])
def test_every_kind_of_matrix_gives_the_same(kind):
    counts = cells()
    reversed_rows = sparse.csr_matrix(
        (counts[:, ::-1].data, counts.shape[1] - 1 - counts[:, ::-1].indices, counts[:, ::-1].indptr), counts.shape
    )
    other = {
        "csc": counts.tocsc(),
        "dense": counts.toarray(),
        "array": sparse.csr_array(counts),
        "float32": counts.astype(np.float32),
        "unsorted": reversed_rows,
    }[kind]
    one, two = fit(counts), fit(other)
    assert np.array_equal(one.columns, two.columns)
    assert (apply(counts, one).values != apply(other, two).values).nnz == 0


def test_few_genes_are_all_kept_and_said_so():
    notes = fit(cells(), {"n_genes": 750}).notes
    assert notes["genes_selected"] == notes["genes_passing"] < 750
    assert notes["method"] == "every gene that passes"
    assert "fewer than 750: all kept" in notes["fallback"]


def test_rare_genes_are_dropped():
    counts = sparse.csr_matrix(np.array([[1, 1, 5, 0], [1, 1, 5, 0], [0, 1, 5, 0]]))
    assert list(fit(counts).columns) == [1, 2]
    assert list(fit(counts, {"min_counts": 0}).columns) == [0, 1, 2, 3]


def test_where_no_gene_has_enough_molecules_the_next_best_are_kept():
    fitted = fit(sparse.csr_matrix(np.eye(4, 6, dtype=np.int32)))
    assert list(fitted.columns) == [0, 1, 2, 3]
    assert "no gene has 3 molecules in the 4 cells; genes with at least 1 kept instead" in fitted.notes["fallback"]


def test_a_blank_condition_is_prepared_and_said_so():
    counts = sparse.csr_matrix((5, 80), dtype=np.int32)
    fitted = fit(counts)
    assert "all empty" in fitted.notes["fallback"]
    assert apply(counts, fitted).values.shape == (5, 50)


@pytest.mark.filterwarnings("error")
@given(
    n=st.integers(1, 40),
    genes=st.integers(1, 60),
    rate=st.floats(0.0, 5.0),
    wanted=st.integers(1, 60),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_anything_thinning_leaves_can_be_prepared(n, genes, rate, wanted, seed):
    rng = np.random.default_rng(seed)
    counts = sparse.csr_matrix(rng.poisson(rate * rng.random(genes), size=(n, genes)))
    fitted = fit(counts, {"n_genes": wanted})
    lognorm = fitted.as_view(apply(counts, fitted), "lognorm")
    assert 1 <= lognorm.values.shape[1] <= wanted
    assert np.isfinite(lognorm.values.data).all()
    json.dumps(dict(fitted.notes), allow_nan=True)


def test_other_views_are_refused():
    counts = cells()
    fitted = fit(counts)
    prepared = apply(counts, fitted)
    assert fitted.as_view(prepared, "counts") is prepared
    with pytest.raises(InputError, match="to be seen as 'image'"):
        fitted.as_view(prepared, "image")
    with pytest.raises(InputError, match="'lognorm' to be seen as 'counts'"):
        fitted.as_view(fitted.as_view(prepared, "lognorm"), "counts")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"target_sum": 0}, "target_sum must be a positive"),
        ({"min_counts": -1}, "min_counts must be 0"),
        ({"n_genes": 0}, "n_genes must be at least 1"),
        ({"span": 1.5}, r"span must lie in \(0, 1\]; got 1.5"),
        ({"flavor": "seurat"}, "flavor"),
        ({"n_gene": 5}, "Nearest: n_genes"),
    ],
)
def test_options_that_cannot_be_meant(option, message):
    with pytest.raises(UsageError, match=message):
        PREPARATIONS.build("cells", option)


def test_real_cells_at_a_thousandth(real_data):
    ad = pytest.importorskip("anndata")
    data = ad.read_h5ad(real_data("citeseq_pbmc10k_hvg4000.h5ad"))
    counts = data.X.tocsr().copy()
    counts.data = np.random.default_rng(0).binomial(counts.data, 0.001).astype(np.int32)
    counts.eliminate_zeros()
    train = np.random.default_rng(1).permutation(counts.shape[0])[:5141]
    fitted = GeneSelection().fit(counts, train, data.var_names.to_numpy(str), 0.001)
    assert 200 < fitted.notes["genes_selected"] < 750
    assert fitted.notes["empty_cells"] > 1500
    lognorm = fitted.as_view(fitted.apply(counts, data.obs_names.to_numpy(str), 0.001), "lognorm")
    assert np.isfinite(lognorm.values.data).all()
