from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import NMF, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import PCA, Wrapped, as_representation
from noiselaw.simulate import cells
from noiselaw.sweep import Study, run


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


class Scaled(Sums):
    def __init__(self, by=2.0):
        self.by = by


def test_a_model_that_shows_nothing_goes_by_its_class_and_attributes():
    assert repr(Wrapped(Scaled(3))) == "Wrapped(model=Scaled(by=3), takes='lognorm', dense=True)"
    assert Wrapped(Scaled(3)) == Wrapped(Scaled(3)) != Wrapped(Scaled(4))
    assert replace(Wrapped(Scaled(3)), dense=False).bare.by == 3
    # An attribute that cannot be shown in full would leave two models the same name.
    assert " at 0x" in repr(Wrapped(Scaled(np.ones(3))))


def test_a_sweep_takes_it(tmp_path):
    data = cells(n_cells=300, n_genes=60, depth=300.0, n_types=3, separation=1.0).dataset
    signals = [{"kind": "labels", "column": "cell_type"}]
    models = [Scaled(3), make_pipeline(StandardScaler(), TruncatedSVD(4))]
    study = Study(data, signals, levels=[1.0], sizes=1, seeds=1, models=models, probes=["classifier"])
    table = run(study, tmp_path / "out")
    assert (table["status"] != "failed").all(), list(table["reason"])
    assert table["representation"].str.contains("Scaled.by=3.").any()


def test_every_step_of_a_pipeline_is_seeded():
    pipeline = make_pipeline(StandardScaler(), TruncatedSVD(4))
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - looked at, not drawn from
    one, two = (Wrapped(pipeline).fit(prepared(), generator(3, "test")).embed(prepared()).values for _ in range(2))
    assert np.array_equal(one, two)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_model_may_change_what_it_is_given():
    class Changes(Sums):
        def fit(self, x):
            x += 1
            super().fit(x)

    given = prepared()
    given = replace(given, values=given.values.toarray())
    before = given.values.copy()
    Wrapped(Changes()).fit(given, generator(0, "test"))
    assert np.array_equal(given.values, before)


@pytest.mark.parametrize("model", [3, Sums, object()])
def test_anything_else_is_refused(model):
    with pytest.raises(UsageError, match=r"must have fit\(x\) and transform\(x\)"):
        as_representation(model)
