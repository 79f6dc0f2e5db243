"""Every preparation keeps the contract."""

import json
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.prepare import PREPARATIONS

NAMES = PREPARATIONS.names()
CELLS = np.array([f"cell{i}" for i in range(120)])
GENES = np.array([f"gene{i}" for i in range(60)])


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    return sparse.csr_matrix(rng.poisson(rng.gamma(0.5, 2.0, size=60), size=(120, 60)))


@pytest.fixture(params=NAMES)
def preparation(request):
    return PREPARATIONS.build(request.param)


def test_its_name_survives_a_round_trip(preparation):
    table = PREPARATIONS.describe(preparation, all_options=True)
    assert PREPARATIONS.build(table.pop("kind"), table) == preparation


def test_it_is_frozen(preparation):
    with pytest.raises(FrozenInstanceError):
        setattr(preparation, fields(preparation)[0].name, None)


def test_it_says_what_a_sweep_fits_it_on(preparation):
    assert preparation.genes in {"largest", "each", "fixed"}


def test_the_order_of_training_rows_does_not_matter(preparation, counts):
    rows = np.random.default_rng(1).permutation(120)[:80]
    one, two = (preparation.fit(counts, part, GENES).apply(counts, CELLS) for part in (rows, np.sort(rows)))
    assert np.array_equal(one.features, two.features)
    assert (one.values != two.values).nnz == 0


def test_rows_keep_their_order(preparation, counts):
    fitted = preparation.fit(counts, np.arange(80), GENES)
    order = np.random.default_rng(1).permutation(120)
    whole, shuffled = fitted.apply(counts, CELLS), fitted.apply(counts[order], CELLS[order])
    assert (whole.take(order).values != shuffled.values).nnz == 0
    assert np.array_equal(whole.take(order).names, shuffled.names)
    assert np.array_equal(whole.take(order).library_size, shuffled.library_size)


def test_its_notes_are_json_with_a_fallback(preparation, counts):
    notes = preparation.fit(counts, np.arange(80), GENES, 0.5).notes
    assert notes["level"] == 0.5
    assert isinstance(json.loads(json.dumps(dict(notes)))["fallback"], str)


def test_it_is_restored_from_its_arrays(preparation, counts):
    fitted = preparation.fit(counts, np.arange(80), GENES)
    back = preparation.restore(fitted.arrays(), fitted.notes)
    assert all(array.dtype != object for array in fitted.arrays().values())
    one, two = fitted.apply(counts, CELLS), back.apply(counts, CELLS)
    assert np.array_equal(one.features, two.features)
    assert (fitted.as_view(one, "lognorm").values != back.as_view(two, "lognorm").values).nnz == 0
    assert back.notes == fitted.notes


def test_what_does_not_fit_together_is_refused(preparation, counts):
    with pytest.raises(InputError, match="one name for each of 60 features; got 59"):
        preparation.fit(counts, np.arange(80), GENES[:-1])
    with pytest.raises(InputError, match="Training rows must lie between 0 and 119; got rows 0 to 120"):
        preparation.fit(counts, np.arange(121), GENES)
    with pytest.raises(InputError, match="between 0 and 119; got none"):
        preparation.fit(counts, np.arange(0), GENES)
    fitted = preparation.fit(counts, np.arange(80), GENES)
    with pytest.raises(InputError, match="fitted on 60 features; got observations with 59"):
        fitted.apply(counts[:, :59], CELLS)
    with pytest.raises(InputError, match="one name for each of 120 observations; got 7"):
        fitted.apply(counts, CELLS[:7])
