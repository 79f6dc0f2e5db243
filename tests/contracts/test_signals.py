"""Every signal keeps the contract."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.records import Dataset
from noiselaw.signals import SIGNALS
from noiselaw.testing import check_signal

N = 90
CLONAL = {"clone": "clone", "time": "day", "early": [2, 4], "late": [6]}
#: What each signal needs to be told, and what else it can be told; one that is added says so here.
OPTIONS = {
    "labels": {"column": "cell_type"},
    "one_against_all": {"column": "cell_type", "label": "NK"},
    "abundance": {"key": "protein"},
    "clonal": CLONAL,
    "spatial": {"section": "slice"},
}
VARIANTS = {
    **{name: (name, {}) for name in OPTIONS},
    "one_against_all, unbalanced": ("one_against_all", {"balance": False}),
    "clonal, all": ("clonal", {"pairs": "all"}),
    "clonal, any time": ("clonal", {"time": "", "early": [], "late": []}),
    "clonal, profile": ("clonal", {"target": "profile"}),
    "spatial, all": ("spatial", {"pairs": "all", "block": 12}),
    "spatial, cells": ("spatial", {"hold_out": "cells"}),
    "spatial, profile": ("spatial", {"target": "profile", "components": 0}),
}
TEST = np.arange(0, N, 2)


@pytest.fixture(params=VARIANTS)
def signal(request):
    kind, more = VARIANTS[request.param]
    return SIGNALS.build(kind, {**OPTIONS[kind], **more})


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    clones = [None if draw < 5 else f"clone{draw}" for draw in rng.integers(0, 25, size=N)]
    return Dataset(
        name="cells",
        observations=rng.poisson(1.0, size=(N, 4)),
        names=np.array([f"c{i}" for i in range(N)]),
        features=np.array(list("abcd")),
        annotations=pd.DataFrame(
            {
                "cell_type": rng.choice(["B", "NK", None, "T"], size=N),
                "clone": clones,
                "day": rng.choice([2, 4, 6], size=N),
                "slice": rng.choice(["one", "two", None], size=N, p=[0.5, 0.4, 0.1]),
            }
        ),
        matrices={
            "protein": pd.DataFrame(np.where(rng.random((N, 3)) < 0.05, np.nan, rng.random((N, 3)))),
            "spatial": pd.DataFrame(rng.random((N, 2))),
        },
    )


def test_every_signal_is_told_what_it_needs():
    assert set(SIGNALS.builtin) == set(OPTIONS)


def test_it_passes_the_public_check(signal, dataset):
    check_signal(signal, dataset)


def test_its_description_survives_a_round_trip(signal):
    table = SIGNALS.describe(signal, all_options=True)
    assert SIGNALS.build(table.pop("kind"), table) == signal


def test_it_is_frozen_and_named(signal):
    assert signal.name
    with pytest.raises(FrozenInstanceError):
        signal.name = "other"


def test_a_name_can_be_given(signal):
    assert replace(signal, name="mine").name == "mine"


def test_every_held_out_observation_is_paired_or_counted(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    paired = set(pairs.rows) | set([] if pairs.partners is None else pairs.partners)
    assert paired <= set(TEST)
    assert len(paired) + sum(pairs.dropped.values()) == len(TEST)
    assert sum(pairs.dropped.values()) > 0
    assert (pairs.values is None) != (pairs.partners is None)
    assert len(pairs.rows) == len(pairs.values if pairs.partners is None else pairs.partners)


def test_pairs_come_in_the_order_of_the_held_out_rows(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    keys = pairs.rows if pairs.partners is None else pairs.rows * N + pairs.partners
    assert (np.diff(keys) > 0).all()


def test_the_same_seed_gives_the_same_pairs(signal, dataset):
    one, two = (signal.pair(dataset, TEST, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.rows, two.rows)
    assert np.array_equal(one.values, two.values)
    assert np.array_equal(one.partners, two.partners)


def test_another_order_of_the_columns_gives_the_same_pairs(signal, dataset):
    turned = replace(dataset, annotations=dataset.annotations[dataset.annotations.columns[::-1]])
    one, two = (signal.pair(data, TEST, np.random.default_rng(3)) for data in (dataset, turned))
    assert np.array_equal(one.partners, two.partners)
    assert np.array_equal(one.rows, two.rows)


def test_labels_stay_below_their_ceiling(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    if pairs.values is not None and pairs.values.dtype.kind in "US":
        assert 0 < pairs.ceiling_bits <= np.log2(len(np.unique(pairs.values)))
    else:
        assert np.isnan(pairs.ceiling_bits)


def test_no_observation_is_its_own_partner_nor_divided_between_groups(signal, dataset):
    pairs = signal.pair(dataset, TEST, np.random.default_rng(0))
    if pairs.partners is None:
        return
    assert (pairs.rows != pairs.partners).all()
    group = {}
    for row, partner, code in zip(pairs.rows, pairs.partners, pairs.groups, strict=True):
        assert group.setdefault(row, code) == code
        assert group.setdefault(partner, code) == code


def test_what_is_kept_together_has_a_code_for_every_observation(signal, dataset):
    together = signal.kept_together(dataset)
    assert together is None or (together.shape == (N,) and together.dtype.kind == "i" and together.min() >= -1)


def test_the_dataset_stays_as_it_is(signal, dataset):
    before = dataset.annotations.copy(), {key: table.copy() for key, table in dataset.matrices.items()}
    signal.pair(dataset, TEST, np.random.default_rng(0))
    signal.kept_together(dataset)
    pd.testing.assert_frame_equal(before[0], dataset.annotations)
    for key, table in before[1].items():
        pd.testing.assert_frame_equal(table, dataset.matrices[key])


def test_a_dataset_without_it_is_refused(signal, dataset):
    bare = replace(dataset, annotations=pd.DataFrame(index=range(N)), matrices={})
    for ask in (signal.check, lambda data: signal.pair(data, TEST, np.random.default_rng(0))):
        with pytest.raises(InputError, match=r"There is none to choose from\."):
            ask(bare)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "spatial"])
def test_what_it_is_asked_about_must_be_said(name):
    with pytest.raises(UsageError, match="Field required|required"):
        SIGNALS.build(name)
