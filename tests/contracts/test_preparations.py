"""Every preparation keeps the contract."""

import json
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.prepare import PREPARATIONS, ImageView

NAMES = PREPARATIONS.names()
CELLS = np.array([f"cell{i}" for i in range(120)])
GENES = np.array([f"gene{i}" for i in range(60)])
COLOURS = np.array(["red", "green", "blue"])


def observations(preparation):
    """What it is fitted on, and the names of its features."""
    rng = np.random.default_rng(0)
    if preparation.prepares == "images":
        return ImageView.of(rng.integers(0, 256, (120, 8, 8, 3), dtype=np.uint8)), COLOURS
    return sparse.csr_matrix(rng.poisson(rng.gamma(0.5, 2.0, size=60), size=(120, 60))), GENES


def values(prepared):
    return np.asarray(prepared.values) if prepared.view == "image" else prepared.values.toarray()


@pytest.fixture(params=NAMES)
def preparation(request):
    return PREPARATIONS.build(request.param)


@pytest.fixture
def noisy(preparation):
    return observations(preparation)[0]


@pytest.fixture
def features(preparation):
    return observations(preparation)[1]


def test_its_name_survives_a_round_trip(preparation):
    table = PREPARATIONS.describe(preparation, all_options=True)
    assert PREPARATIONS.build(table.pop("kind"), table) == preparation


def test_it_is_frozen(preparation):
    with pytest.raises(FrozenInstanceError):
        setattr(preparation, fields(preparation)[0].name, None)


def test_it_says_what_it_gives(preparation, noisy, features):
    assert preparation.prepares in {"counts", "images"}
    fitted = preparation.fit(noisy, np.arange(80), features)
    prepared = fitted.apply(noisy, CELLS)
    assert prepared.view in preparation.views
    for view in preparation.views:
        assert fitted.as_view(prepared, view).view == view
    absent = next(view for view in ("image", "counts") if view not in preparation.views)
    with pytest.raises(InputError, match=f"seen as '{absent}'. Choose a representation"):
        fitted.as_view(prepared, absent)


def test_it_says_what_a_sweep_fits_it_on(preparation):
    assert preparation.genes in {"largest", "each", "fixed"}


def test_the_order_of_training_rows_does_not_matter(preparation, noisy, features):
    rows = np.random.default_rng(1).permutation(120)[:80]
    one, two = (preparation.fit(noisy, part, features).apply(noisy, CELLS) for part in (rows, np.sort(rows)))
    assert np.array_equal(one.features, two.features)
    assert np.array_equal(values(one), values(two))


def test_rows_keep_their_order(preparation, noisy, features):
    fitted = preparation.fit(noisy, np.arange(80), features)
    order = np.random.default_rng(1).permutation(120)
    whole, shuffled = fitted.apply(noisy, CELLS), fitted.apply(noisy[order], CELLS[order])
    assert np.array_equal(values(whole.take(order)), values(shuffled))
    assert np.array_equal(whole.take(order).names, shuffled.names)
    assert np.array_equal(whole.take(order).library_size, shuffled.library_size, equal_nan=True)


def test_its_notes_are_json_with_a_fallback(preparation, noisy, features):
    notes = preparation.fit(noisy, np.arange(80), features, 0.5).notes
    assert notes["level"] == 0.5
    assert isinstance(json.loads(json.dumps(dict(notes)))["fallback"], str)


def test_it_is_restored_from_its_arrays(preparation, noisy, features):
    fitted = preparation.fit(noisy, np.arange(80), features)
    back = preparation.restore(fitted.arrays(), fitted.notes)
    assert all(array.dtype != object for array in fitted.arrays().values())
    one, two = fitted.apply(noisy, CELLS), back.apply(noisy, CELLS)
    assert np.array_equal(one.features, two.features)
    for view in preparation.views:
        assert np.array_equal(values(fitted.as_view(one, view)), values(back.as_view(two, view)))
    assert back.notes == fitted.notes


def test_what_does_not_fit_together_is_refused(preparation, noisy, features):
    n = len(features)
    with pytest.raises(InputError, match=f"one name for each of {n} features; got {n - 1}"):
        preparation.fit(noisy, np.arange(80), features[:-1])
    with pytest.raises(InputError, match="Training rows must lie between 0 and 119; got rows 0 to 120"):
        preparation.fit(noisy, np.arange(121), features)
    with pytest.raises(InputError, match="between 0 and 119; got none"):
        preparation.fit(noisy, np.arange(0), features)
    fitted = preparation.fit(noisy, np.arange(80), features)
    with pytest.raises(InputError, match=f"fitted on {n} features; got observations with 2"):
        fitted.apply(np.ones((120, 2)), CELLS)
    with pytest.raises(InputError, match="one name for each of 120 observations; got 7"):
        fitted.apply(noisy, CELLS[:7])
