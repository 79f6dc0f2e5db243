"""Whoever breaks a promise is told which; whoever keeps them all passes."""

import random
import sys
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD

from noiselaw.arrays import as_dense, is_sparse
from noiselaw.errors import InputError
from noiselaw.records import Embedding, History
from noiselaw.represent import PCA, Encoder, External, Precomputed, Representation, Wrapped
from noiselaw.testing import BrokenPromise, check_representation, example_cells


@dataclass(frozen=True, eq=False)
class MeansEncoder(Encoder):
    """Embeds by random directions; ``fault`` is what it does wrong."""

    directions: Any
    fault: str
    history: History
    calls: list = field(default_factory=list)

    def embed(self, prepared):
        if self.fault in ("nan", "row"):  # past the contract's own check
            return self._embed(prepared)
        return super().embed(prepared)

    def _embed(self, prepared):
        values = as_dense(prepared.values) @ self.directions
        self.calls.append(1)
        match self.fault:
            case "nan":
                values[3] = np.nan
            case "row":
                values = values[1:]
            case "company":
                values = values - values.mean(0)
            case "order":
                values = np.sort(values, axis=0)
            case "input held out":
                prepared.library_size[0] += 1
        return Embedding(values)


@dataclass(frozen=True)
class Means(Representation):
    """A representation of a third party; it breaks one promise, or none."""

    takes: ClassVar[str] = "lognorm"
    fault: str = ""
    dims: int = 2

    def fit_sizes(self, prepared, sizes, rng):
        if self.fault == "sizes":
            return [self._fit(prepared.take(slice(size)), rng) for size in sizes]
        if self.fault == "any view":
            prepared = replace(prepared, view=self.takes)
        if self.fault == "any size":
            sizes = [min(max(size, 2), len(prepared)) for size in sizes]
        return super().fit_sizes(prepared, sizes, rng)

    def _fit(self, prepared, rng):
        notes, stop = {}, "closed form"
        match self.fault:
            case "seed":
                rng = np.random.default_rng()
            case "numpy":
                np.random.rand()  # noqa: NPY002 - the fault
            case "random":
                random.random()
            case "torch":
                sys.modules["torch"].rand(1)
            case "input":
                size = prepared.library_size
                size *= 2
            case "history":
                stop = ""
            case "notes":
                notes = {"model": self}
            case "dense":
                rng = np.random.default_rng(0 if is_sparse(prepared.values) else 1)
            case "no encoder":
                return rng
            case "crash":
                assert prepared.view == self.takes
        directions = rng.standard_normal((len(prepared.features), self.dims))
        return MeansEncoder(directions, self.fault, History(stop_reason=stop, notes=notes))


class Thawed(Means):
    __setattr__ = object.__setattr__


@dataclass(frozen=True)
class Unwritable(Means):
    scale: Any = object()


@dataclass(frozen=True)
class Forgetful(Means):
    scale: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "scale", self.scale + 1)


BROKEN = {
    "seed": "the same seed gives the same numbers",
    "numpy": "comes from the generator it is given. It moved the generator of numpy",
    "random": "It moved the generator of random",
    "torch": "It moved the generator of torch",
    "input": "stays untouched. It changed library_size of the training observations",
    "input held out": "stays untouched. It changed library_size of the held-out observations",
    "nan": "a finite row for each observation. It has NaN",
    "row": "a finite row for each observation. It has 39 rows for 40",
    "company": "does not depend on its company",
    "order": "rows keep the order",
    "sizes": "sizes fitted together are sizes fitted alone",
    "dense": "sparse and dense observations give the same numbers",
    "history": "why the training stopped.*stop_reason is empty",
    "notes": "JSON can hold. Its notes or curves cannot be written",
    "no encoder": "fit returns an Encoder",
    "any view": "refuses a view that it does not take .*It accepted it",
    "any size": "refuses a training size of 1 for 120 observations",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_promise_is_named(fault):
    if fault == "torch":
        pytest.importorskip("torch")
    with pytest.raises(BrokenPromise, match=f"Means breaks a promise: .*{BROKEN[fault]}"):
        check_representation(Means(fault))


def test_options_must_be_frozen_and_written():
    with pytest.raises(BrokenPromise, match="Thawed breaks .*it is a frozen dataclass. Its option 'fault' can be set"):
        check_representation(Thawed())
    with pytest.raises(BrokenPromise, match="a study file can hold it. Its options cannot be written as TOML"):
        check_representation(Unwritable())
    with pytest.raises(BrokenPromise, match=r"a study file can hold it. .*scale=2.0\) comes back as .*scale=3.0"):
        check_representation(Forgetful())


def test_an_error_that_is_no_refusal_is_told():
    class Crashes(Means):
        def fit_sizes(self, prepared, sizes, rng):
            if prepared.view == "image":
                raise KeyError("image")
            return super().fit_sizes(prepared, sizes, rng)

    with pytest.raises(BrokenPromise, match="refuses a view .* It raised KeyError: 'image'"):
        check_representation(Crashes())


def test_who_keeps_every_promise_passes():
    check_representation(Means())
    check_representation(PCA(dims=3))
    check_representation(Wrapped(TruncatedSVD(4)))
    check_representation(TruncatedSVD(4), example_cells("lognorm", 60, 20))


def test_an_object_is_named_by_its_own_class():
    class Unseeded:
        def fit(self, x):
            self.directions = np.random.default_rng().normal(size=(x.shape[1], 2))

        def transform(self, x):
            return x @ self.directions

    class Crashes(Unseeded):
        def transform(self, x):
            raise KeyError("gene")

    class NoNumber(Unseeded):
        def transform(self, x):
            return np.where(np.arange(len(x))[:, None] == 3, np.nan, x)

    for model, words in {
        Unseeded(): "Unseeded breaks a promise: the same seed gives the same numbers",
        Crashes(): "Crashes breaks a promise: it does its work on sound input. It raised KeyError: 'gene'",
        NoNumber(): "NoNumber breaks .* InputError: An embedding must be finite; 1 of 40 rows",
    }.items():
        with pytest.raises(BrokenPromise, match=words):
            check_representation(model)


def test_a_dense_array_stays_untouched():
    @dataclass(frozen=True)
    class Centres(Means):
        def _fit(self, prepared, rng):
            if isinstance(prepared.values, np.ndarray):
                prepared.values[0] += 1
            return super()._fit(prepared, rng)

    with pytest.raises(BrokenPromise, match="stays untouched. It changed dense training observations"):
        check_representation(Centres())


def test_files_and_commands_keep_the_contract(tmp_path):
    train, test = example_cells("counts", 45, 12)
    names = np.concatenate([train.names, test.names])
    np.savez(tmp_path / "e.npz", names=names, values=np.random.default_rng(0).normal(size=(len(names), 2)))
    check_representation(Precomputed(str(tmp_path / "e.npz")), (train, test))
    (tmp_path / "model.py").write_text(
        "import sys, h5py, numpy as np\n"
        "file = h5py.File(sys.argv[1])\n"
        "index = file['obs'].attrs['_index']\n"
        "size = file['obs/library_size'][:]\n"
        "np.savez(sys.argv[2], names=file['obs'][index].asstr()[:].astype(str), values=size[:, None])\n"
    )
    command = (sys.executable, "model.py", "{test}", "{out}")
    check_representation(External(command, folder=str(tmp_path)), (train, test))


def test_example_cells_come_in_every_view_of_cells():
    for view in ("counts", "lognorm", "ranks"):
        train, test = example_cells(view)
        assert (train.view, len(train), len(test)) == (view, 120, 40)
    with pytest.raises(InputError):
        example_cells("image")
