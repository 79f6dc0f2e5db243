import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import NMF, TruncatedSVD

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import PCA, Wrapped, as_representation


def prepared(view="lognorm", n=60):
    values = sparse.random(n, 20, density=0.3, format="csr", random_state=0, dtype=np.float32)
    return Prepared(view, values, np.arange(n).astype(str), np.arange(20).astype(str), np.ones(n))


class Sums:
    """A user's own model, of the two methods and nothing else."""

    def fit(self, x):
        self.scale = x.sum()

    def transform(self, x):
        return np.asarray(x.sum(axis=1)).reshape(-1, 1) / self.scale


@pytest.mark.parametrize("dense", [True, False])
def test_scikit_learns_objects_work_and_stay_as_given(dense):
    model = TruncatedSVD(4)
    wrapped = Wrapped(model, dense=dense)
    one, two = (wrapped.fit(prepared(), generator(3, "test")).embed(prepared()).values for _ in range(2))
    assert one.shape == (60, 4)
    assert np.array_equal(one, two)
    assert model.random_state is None
    assert not hasattr(model, "components_")


def test_a_chosen_random_state_is_kept():
    wrapped = Wrapped(NMF(3, init="random", random_state=1, max_iter=500, tol=1e-2), takes="counts")
    seeds = (generator(seed, "test") for seed in (1, 2))
    one, two = (wrapped.fit(prepared("counts"), rng).embed(prepared("counts")).values for rng in seeds)
    assert np.array_equal(one, two)


def test_an_object_with_two_methods_is_enough():
    representation = as_representation(Sums())
    assert representation.fit(prepared(), generator(0, "test")).embed(prepared()).values.shape == (60, 1)
    assert as_representation(pca := PCA()) is pca


def test_it_says_what_it_takes():
    with pytest.raises(InputError, match="Wrapped takes 'counts'; got 'lognorm'"):
        Wrapped(Sums(), takes="counts").fit(prepared(), generator(0, "test"))


@pytest.mark.parametrize("model", [3, Sums, object()])
def test_anything_else_is_refused(model):
    with pytest.raises(UsageError, match=r"must have fit\(x\) and transform\(x\)"):
        as_representation(model)
