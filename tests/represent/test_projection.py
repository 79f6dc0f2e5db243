from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import PreparedFeatures, RandomProjection, RankProjection


def prepared(values):
    n, p = values.shape
    return Prepared("lognorm", values, np.arange(n).astype(str), np.arange(p).astype(str), np.ones(n))


def values(n=50, p=400):
    return sparse.random(n, p, density=0.1, format="csr", random_state=0, dtype=np.float32)


def test_entries_are_standard_normal_and_new_for_each_fit():
    rng = generator(0, "test")
    x = prepared(sparse.csr_matrix(np.eye(400)))
    one, two = (RandomProjection(dims=50).fit(x, rng).embed(x).values for _ in range(2))
    assert abs(one.mean()) < 0.03
    assert abs(one.std() - 1) < 0.03
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03


def test_it_is_linear_and_has_16_dims():
    x = values()
    encoder = RandomProjection().fit(prepared(x), generator(0, "test"))
    embedded = encoder.embed(prepared(x)).values
    assert embedded.shape == (50, 16)
    np.testing.assert_allclose(encoder.embed(prepared(2 * x)).values, 2 * embedded)
    np.testing.assert_allclose(encoder.embed(prepared(x.toarray())).values, embedded, rtol=1e-6)


def test_it_takes_few_features():
    x = prepared(values(p=3))
    assert RandomProjection().fit(x, generator(0, "test")).embed(x).values.shape == (50, 16)


def test_none_is_the_features_themselves():
    x = values()
    embedded = PreparedFeatures().fit(prepared(x), generator(0, "test")).embed(prepared(x)).values
    assert np.array_equal(embedded, x.toarray())
    assert embedded.dtype == np.float64


def test_ranks_are_projected_from_the_lowest_gene():
    ranks = sparse.csr_matrix(np.array([[2.0, 1, 0, 3], [0, 0, 0, 0], [0, 1, 0, 0]]))
    x = replace(prepared(ranks), view="ranks")
    encoder = RankProjection(dims=5).fit(x, generator(0, "test"))
    expected = np.array([[2.0, 3, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]) @ encoder.matrix
    np.testing.assert_allclose(encoder.embed(x).values, expected)
    with pytest.raises(InputError, match="takes 'ranks'; got 'lognorm'"):
        RankProjection().fit(prepared(ranks), generator(0, "test"))
    with pytest.raises(UsageError, match="dims must be at least 1; got 0"):
        RankProjection(dims=0)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(UsageError, match="dims must be at least 1; got 0"):
        RandomProjection(dims=0)
    encoder = RandomProjection().fit(prepared(values()), generator(0, "test"))
    with pytest.raises(InputError, match="fitted on 400 features; got observations with 399"):
        encoder.embed(prepared(values(p=399)))
