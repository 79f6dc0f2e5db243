"""Every probe keeps the contract."""

import json
from dataclasses import FrozenInstanceError, fields
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.probes import PROBES, Probe
from noiselaw.randomness import generator
from noiselaw.testing import check_probe

#: Options with which slow probes keep the contract as well, faster.
QUICK = {"latent_mi": {"max_epochs": 2, "batch": 128}}
NEEDS_TORCH = {"latent_mi"}
KINDS = ["labels", "continuous"]


def listed(condition, kinds=(None,)):
    """Return every probe for which ``condition`` holds, with each kind of Y that it measures."""
    chosen = []
    for name in PROBES.names():
        absent = name in NEEDS_TORCH and find_spec("torch") is None
        marks = [pytest.mark.skipif(absent, reason="torch is absent")]
        for kind in kinds:
            if condition(PROBES.get(name)) and (kind is None or kind in PROBES.get(name).measures):
                chosen.append(pytest.param((name, kind), marks=marks, id=name if kind is None else f"{name}-{kind}"))
    return chosen


def built(name) -> Probe:
    return PROBES.build(name, QUICK.get(name))


@pytest.fixture(params=listed(lambda probe: True))
def probe(request) -> Probe:
    return built(request.param[0])


@pytest.fixture(params=listed(lambda probe: probe.reads == "continuous"))
def numeric(request) -> Probe:
    """A probe that takes X for numbers."""
    return built(request.param[0])


@pytest.fixture(params=listed(lambda probe: "labels" in probe.measures))
def labelling(request) -> Probe:
    """A probe that measures labels."""
    return built(request.param[0])


@pytest.fixture(params=listed(lambda probe: True, KINDS))
def case(request):
    """A probe with X and Y of a kind that it measures: strongly related, 240 pairs."""
    name, kind = request.param
    return built(name), *drawn(built(name), kind)


@pytest.fixture(params=listed(lambda probe: probe.reads == "continuous", KINDS))
def numeric_case(request):
    name, kind = request.param
    return built(name), *drawn(built(name), kind)


def test_it_passes_the_public_check(probe):
    check_probe(probe)


def drawn(probe, kind, n=240, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 2))
    y = z + noise * rng.normal(size=z.shape)
    if kind == "labels":
        y = np.digitize(y[:, 0], [-0.7, 0.7])
    x = z + noise * rng.normal(size=z.shape)
    return (np.digitize(x[:, 0], [-0.7, 0.7]) if probe.reads == "labels" else x), y


def estimate(probe, x, y, groups=None, seed=3):
    return probe.estimate(x, y, groups, generator(seed, "probe"))


def same(one, two):
    plain = [json.dumps({f.name: getattr(e, f.name) for f in fields(e)}, default=dict) for e in (one, two)]
    return plain[0] == plain[1]


def test_its_name_survives_a_round_trip(probe):
    table = PROBES.describe(probe, all_options=True)
    assert PROBES.build(table.pop("kind"), table) == probe


def test_it_is_frozen(probe):
    for field in fields(probe):
        with pytest.raises(FrozenInstanceError):
            setattr(probe, field.name, None)


def test_the_same_seed_gives_the_same_numbers(case):
    probe, x, y = case
    assert same(estimate(probe, x, y), estimate(probe, x, y))


def test_many_at_once_are_as_one_at_a_time(case):
    probe, x, y = case
    xs = [x, np.zeros(len(y)), x[np.random.default_rng(1).permutation(len(y))], np.column_stack([x, x])]
    if probe.reads == "labels":
        xs = xs[:3]
    together = probe.estimate_many(xs, y, None, generator(3, "probe"))
    assert all(same(one, estimate(probe, alone, y)) for one, alone in zip(together, xs, strict=True))


def test_an_estimate_is_complete_and_goes_into_json(case):
    probe, x, y = case
    found = estimate(probe, x, y)
    assert type(found.bits) is float and type(found.standard_error) is float
    assert found.standard_error > 0
    assert 0 < found.n_pairs <= 240
    assert found.status in {"ok", "warned"} and bool(found.reason) == (found.status == "warned")
    json.dumps(dict(found.diagnostics), allow_nan=True)
    assert {"constant_columns_x", "repeated_columns_x", "tied_x", "duplicate_pairs"} <= set(found.diagnostics)


def test_labels_carry_their_entropy_as_ceiling(labelling):
    x, y = drawn(labelling, "labels")
    share = np.bincount(y) / len(y)
    assert estimate(labelling, x, y).ceiling_bits == pytest.approx(-np.sum(share * np.log2(share)))


def test_shuffled_pairs_read_nothing(case):
    probe, x, y = case
    found = estimate(probe, x[np.random.default_rng(5).permutation(len(x))], y)
    assert abs(found.bits) < 4 * found.standard_error + 0.05


def test_related_pairs_read_more_than_nothing(case):
    probe, x, y = case
    found = estimate(probe, x, y)
    assert found.bits > 2 * found.standard_error


def test_input_is_untouched(case):
    probe, x, y = case
    before = x.copy(), y.copy()
    estimate(probe, x, y)
    assert np.array_equal(x, before[0]) and np.array_equal(y, before[1])


def test_groups_are_taken_under_any_name(case):
    probe, x, y = case
    codes = np.arange(len(y)) // 4
    found = estimate(probe, x, y, codes)
    assert found.diagnostics["n_groups"] == 60
    assert same(found, estimate(probe, x, y, np.array([f"clone{c:03}" for c in codes])))


@pytest.mark.parametrize("constant", ["X", "Y"])
def test_what_is_constant_holds_no_bits_and_says_so(case, constant):
    probe, x, y = case
    if constant == "Y" and y.ndim == 1:
        with pytest.raises(InputError, match="single label"):
            estimate(probe, x, np.full_like(y, 2))
        return
    x, y = (np.full_like(x, 2), y) if constant == "X" else (x, np.full_like(y, 2))
    found = estimate(probe, x, y)
    assert (found.bits, found.standard_error, found.status) == (0.0, 0.0, "warned")
    assert f"{constant} is constant" in found.reason


def test_constant_and_repeated_columns_change_nothing_and_are_counted(numeric_case):
    probe, x, y = numeric_case
    found = estimate(probe, np.column_stack([x, np.ones(len(x)), x, x[:, :1]]), y)
    assert found.bits == estimate(probe, x, y).bits
    assert found.diagnostics["constant_columns_x"] == 1
    assert found.diagnostics["repeated_columns_x"] == 3


def test_any_kind_of_array_gives_the_same_numbers(case):
    probe, x, y = case
    expected = estimate(probe, x, y)
    as_pandas = pd.DataFrame(x) if x.ndim == 2 else pd.Series(x, dtype="category")
    assert same(estimate(probe, as_pandas, pd.DataFrame(y) if y.ndim == 2 else pd.Series(y)), expected)
    if x.ndim == 2:
        assert same(estimate(probe, sparse.csr_matrix(x), y), expected)


def test_large_whole_numbers_do_not_overflow(numeric_case):
    probe, x, y = numeric_case
    whole = np.rint(x * 1e18).astype(np.int64)
    assert estimate(probe, whole, y).bits == pytest.approx(estimate(probe, x, y).bits, abs=1e-6)


def test_labels_of_one_member_are_merged_and_counted(labelling):
    x, y = drawn(labelling, "labels")
    named = np.array(["a", "b", "c"])[y].astype("<U9")
    merged = named.copy()
    named[:3], merged[:3] = ["one", "two", "three"], "rare"
    found = estimate(labelling, x, named)
    assert found.bits == estimate(labelling, x, merged).bits
    assert found.diagnostics["single_member_labels"] == 3


BAD = {
    "nan in X": (lambda x, y: (np.where(x == x[0], np.nan, x), y), "X must be finite; 1 of 240 rows.*first row 0"),
    "infinite X": (lambda x, y: (np.where(x == x[7], np.inf, x), y), "X must be finite.*first row 7"),
    "too large": (lambda x, y: (x * 1e200, y), "beyond"),
    "unequal": (lambda x, y: (x[:-1], y), "X has 239 and Y has 240"),
    "few": (lambda x, y: (x[:49], y[:49]), "at least 50 pairs; Y has 49"),
    "objects": (lambda x, y: (x.astype(object), y), "X must hold numbers; got an array of Python objects"),
    "text": (lambda x, y: (x.astype(str), y), "X must hold numbers"),
    "dates": (lambda x, y: (x, np.full(len(x), np.datetime64("2024-01-01"))), "Y must"),
    "three dimensions": (lambda x, y: (x[:, :, None], y), r"one or two dimensions.*\(240, 2, 1\)"),
    "no columns": (lambda x, y: (x[:, :0], y), "X has no columns"),
    "one label": (lambda x, y: (x, np.full(len(x), "a")), "single label"),
    "only single members": (lambda x, y: (x, np.arange(len(x))), "Labels must repeat"),
    "missing label": (lambda x, y: (x, np.array(["a", None] * 120, object)), "120 missing labels, first row 1"),
    "mixed objects": (lambda x, y: (x, np.array(["a", 1] * 120, object)), "objects of type int, str"),
    "groups": (lambda x, y: (x, y, np.arange(9)), "one entry per pair; got 9 for 240"),
    "missing group": (lambda x, y: (x, y, np.array([None] * 240, object)), "groups has 240 missing"),
    "ragged": (lambda x, y: ([[1.0], [1.0, 2.0]] * 120, y), "rectangular"),
    "masked": (lambda x, y: (np.ma.masked_less(x, 0), y), "masked"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_one_sentence(numeric, fault):
    spoil, sentence = BAD[fault]
    kind = "continuous" if "continuous" in numeric.measures else "labels"
    with pytest.raises(InputError, match=sentence):
        estimate(numeric, *spoil(*drawn(numeric, kind)))


def test_a_kind_of_y_it_cannot_measure_names_probes_that_can(probe):
    for kind in set(KINDS) - probe.measures:
        _, y = drawn(PROBES.build("mixed_ksg"), kind)
        with pytest.raises(InputError, match=rf"this Y is {kind}\. Probes that can: .*mixed_ksg"):
            estimate(probe, np.arange(240) % 3, y)


SLOW_TO_LEARN = {"latent_mi"}  # see test_latent_mi


@pytest.mark.parametrize("name", [name for name in PROBES.names() if name not in SLOW_TO_LEARN])
def test_bits_are_bits_and_not_nats(name):
    probe = built(name)
    rng = np.random.default_rng(0)
    if "labels" in probe.measures:
        labels = rng.integers(0, 4, 600)
        x = np.column_stack([labels % 2, labels // 2]) + rng.normal(0, 0.1, (600, 2))
        assert estimate(probe, labels if probe.reads == "labels" else x, labels).bits == pytest.approx(2, abs=0.05)
    if "continuous" in probe.measures:
        x = rng.normal(size=(1500, 1))
        y = np.sqrt(15 / 16) * x + np.sqrt(1 / 16) * rng.normal(size=x.shape)
        assert estimate(probe, x, y).bits == pytest.approx(2, abs=0.25)
