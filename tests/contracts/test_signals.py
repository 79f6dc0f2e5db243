"""Every signal keeps the contract."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.records import Dataset
from noiselaw.signals import SIGNALS

N = 90
#: What each signal needs to be told; one that is added says so here.
OPTIONS = {"labels": {"column": "cell_type"}, "abundance": {"key": "protein"}}
TEST = np.arange(0, N, 2)


@pytest.fixture(params=[name for name in SIGNALS.names() if name in SIGNALS.builtin])
def signal(request):
    return SIGNALS.build(request.param, OPTIONS[request.param])


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    return Dataset(
        name="cells",
        observations=rng.poisson(1.0, size=(N, 4)),
        names=np.array([f"c{i}" for i in range(N)]),
        features=np.array(list("abcd")),
        annotations=pd.DataFrame({"cell_type": rng.choice(["B", "NK", None, "T"], size=N)}),
        matrices={"protein": pd.DataFrame(np.where(rng.random((N, 3)) < 0.05, np.nan, rng.random((N, 3))))},
    )


def test_its_description_survives_a_round_trip(signal):
    table = SIGNALS.describe(signal, all_options=True)
    assert SIGNALS.build(table.pop("kind"), table) == signal


def test_it_is_frozen_and_named(signal):
    assert signal.name
    with pytest.raises(FrozenInstanceError):
        signal.name = "other"


def test_a_name_can_be_given(signal):
    kind = SIGNALS.name_of(signal)
    assert SIGNALS.build(kind, {**OPTIONS[kind], "name": "mine"}).name == "mine"


def test_every_held_out_observation_is_paired_or_counted(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    assert set(pairs.rows) <= set(TEST)
    assert len(pairs.rows) + sum(pairs.dropped.values()) == len(TEST)
    assert sum(pairs.dropped.values()) > 0
    assert (pairs.values is None) != (pairs.partners is None)
    assert len(pairs.rows) == len(pairs.values if pairs.partners is None else pairs.partners)


def test_pairs_come_in_the_order_of_the_held_out_rows(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    assert (np.diff(pairs.rows) > 0).all()


def test_the_same_seed_gives_the_same_pairs(signal, dataset):
    one, two = (signal.pair(dataset, TEST, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.rows, two.rows)
    assert np.array_equal(one.values, two.values)


def test_labels_stay_below_their_ceiling(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    if pairs.values.dtype.kind in "US":
        assert 0 < pairs.ceiling_bits <= np.log2(len(np.unique(pairs.values)))
    else:
        assert np.isnan(pairs.ceiling_bits)


def test_a_dataset_without_it_is_refused(signal, dataset):
    bare = replace(dataset, annotations=pd.DataFrame(index=range(N)), matrices={})
    for ask in (signal.check, lambda data: signal.pair(data, TEST, np.random.default_rng(0))):
        with pytest.raises(InputError, match=r"There is none to choose from\."):
            ask(bare)


def test_what_it_is_asked_about_must_be_said():
    for name in OPTIONS:
        with pytest.raises(UsageError, match="Field required|required"):
            SIGNALS.build(name)
