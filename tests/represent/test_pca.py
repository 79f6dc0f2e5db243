import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA as Sklearns

from noiselaw.errors import InputError, UsageError
from noiselaw.prepare import GeneSelection
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import PCA, pca


def prepared(values, features=None):
    n, p = values.shape
    features = np.array([f"g{i}" for i in range(p)]) if features is None else features
    return Prepared("lognorm", values, np.array([f"c{i}" for i in range(n)]), features, np.ones(n))


def lognorm(n=900, p=60, seed=0, kind=sparse.csr_matrix):
    rng = np.random.default_rng(seed)
    rates = np.exp(rng.normal(size=(n, 6)) @ rng.normal(size=(6, p)) * 0.5)
    return kind(np.log1p(rng.poisson(rates)).astype(np.float32))


def rng():
    return generator(0, "test")


def assert_sklearns(encoder, train, test, rtol=1e-5):
    """Equal up to the sign of each component."""
    d = encoder.components.shape[1]
    reference = Sklearns(d, svd_solver="full").fit(np.asarray(train, dtype=np.float64))
    theirs, ours = reference.transform(np.asarray(test, dtype=np.float64)), encoder.embed(prepared(test)).values
    signs = np.sign((theirs * ours).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, rtol=0, atol=rtol * np.abs(theirs).max())
    np.testing.assert_allclose(encoder.history.notes["explained_variance"], reference.explained_variance_, rtol=rtol)
    ratio = encoder.history.notes["explained_variance_ratio"]
    np.testing.assert_allclose(ratio, reference.explained_variance_ratio_, rtol=rtol)


@pytest.mark.parametrize("solver", ["exact", "iterative"])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, np.asarray])
def test_every_size_is_sklearns_up_to_sign(solver, kind):
    values = lognorm(kind=kind)
    train, test = values[:700], values[700:]
    dense = np.asarray(train.todense()) if sparse.issparse(train) else train
    held_out = np.asarray(test.todense()) if sparse.issparse(test) else test
    sizes = [40, 256, 300, 700]
    for size, encoder in zip(sizes, PCA(solver=solver).fit_sizes(prepared(train), sizes, rng()), strict=True):
        assert encoder.history.notes["solver"] == solver
        assert_sklearns(encoder, dense[:size], held_out)


@pytest.mark.parametrize("solver", ["exact", "iterative"])
def test_sizes_together_are_sizes_alone_to_the_last_bit(solver):
    train = prepared(lognorm())
    sizes = [900, 13, 257, 512, 13]
    for size, encoder in zip(sizes, PCA(solver=solver).fit_sizes(train, sizes, rng()), strict=True):
        alone = PCA(solver=solver).fit(train.take(slice(size)), rng())
        assert np.array_equal(encoder.components, alone.components)
        assert np.array_equal(encoder.mean, alone.mean)
        assert encoder.history == alone.history


def test_many_features_are_solved_iteratively(monkeypatch):
    monkeypatch.setattr(pca, "_EXACT", 50)
    values = lognorm()
    encoder = PCA().fit(prepared(values), rng())
    assert encoder.history.notes["solver"] == "iterative"
    assert_sklearns(encoder, values.toarray(), values.toarray())


def test_signs_are_fixed():
    values = lognorm()
    components = PCA().fit(prepared(values), rng()).components
    largest = np.abs(components).argmax(axis=0)
    assert (components[largest, np.arange(16)] > 0).all()


@pytest.mark.parametrize("solver", ["exact", "iterative"])
def test_fewer_observations_than_dims_give_fewer_components(solver):
    values = lognorm()
    encoder = PCA(solver=solver).fit(prepared(values[:5]), rng())
    assert encoder.embed(prepared(values)).values.shape == (900, 4)
    assert encoder.history.notes["fewer_components"] == "training observations vary along 4 of the 16 dims asked for"


@pytest.mark.parametrize("solver", ["auto", "iterative"])
def test_as_many_features_as_dims_are_enough_and_fewer_are_refused(solver):
    values = lognorm(p=7)
    with pytest.raises(InputError, match="PCA of 16 dimensions needs at least as many features; got 7. Ask for fewer"):
        PCA(solver=solver).fit(prepared(values), rng())
    encoder = PCA(dims=7, solver=solver).fit(prepared(values), rng())
    assert encoder.history.notes["components"] == 7
    assert_sklearns(encoder, values.toarray(), values.toarray())


def test_directions_that_repeat_are_not_counted_twice():
    values = lognorm(p=5)
    encoder = PCA().fit(prepared(sparse.hstack([values] * 4, format="csr")), rng())
    assert encoder.history.notes["components"] == 5


@pytest.mark.parametrize("solver", ["exact", "iterative"])
@pytest.mark.parametrize("value", [0.0, 0.1, 7.3])
def test_data_that_do_not_vary_embed_as_one_zero(solver, value):
    encoder = PCA(solver=solver).fit(prepared(np.full((300, 40), value)), rng())
    assert encoder.history.notes["components"] == 0
    assert np.array_equal(encoder.embed(prepared(np.full((3, 40), value))).values, np.zeros((3, 1)))


def test_other_features_are_refused():
    values = lognorm()
    encoder = PCA().fit(prepared(values), rng())
    with pytest.raises(InputError, match="fitted on 60 features; got observations with 59"):
        encoder.embed(prepared(values[:, :59]))
    with pytest.raises(InputError, match="number 1 was 'g0' and is now 'g59'"):
        encoder.embed(prepared(values, np.array([f"g{i}" for i in range(60)][::-1])))


def test_no_dims_are_refused():
    with pytest.raises(UsageError, match="dims must be at least 1; got 0"):
        PCA(dims=0)


@pytest.mark.parametrize("level", [1.0, 0.001])
def test_real_cells_thinned(real_data, level):
    ad = pytest.importorskip("anndata")
    data = ad.read_h5ad(real_data("citeseq_pbmc10k_hvg4000.h5ad"))
    counts = data.X.tocsr().copy()
    counts.data = np.random.default_rng(0).binomial(counts.data, level).astype(np.int32)
    rows = np.random.default_rng(1).permutation(counts.shape[0])
    fitted = GeneSelection().fit(counts, rows[:3000], data.var_names.to_numpy(str), level)
    whole = fitted.as_view(fitted.apply(counts, data.obs_names.to_numpy(str), level), "lognorm")
    train, test = whole.take(rows[:3000]), whole.take(rows[3000:4000])
    for size, encoder in zip((200, 3000), PCA().fit_sizes(train, [200, 3000], rng()), strict=True):
        reference = Sklearns(16, svd_solver="full").fit(train.values[:size].toarray().astype(np.float64))
        theirs, ours = reference.transform(test.values.toarray().astype(np.float64)), encoder.embed(test).values
        signs = np.sign((theirs * ours).sum(axis=0))
        np.testing.assert_allclose(ours * signs, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())
