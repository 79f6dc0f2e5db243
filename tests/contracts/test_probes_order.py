"""What every probe of labels or numbers keeps to: less for what can only hold less, the same for the same."""

import numpy as np
import pytest

from noiselaw.probes import mutual_information

_OF_LABELS = ("classifier", "mixed_ksg")
_OF_NUMBERS = ("gaussian", "critic", "ksg")


def _cells(n, rng, p=3):
    """Counts of 8 genes in 4 types, the type of each, and what p proteins say of it."""
    types = rng.integers(0, 4, n)
    rates = np.exp(1.5 + 0.7 * np.random.default_rng(0).normal(size=(4, 8)))
    levels = 1.5 * np.random.default_rng(1).normal(size=(4, p))
    return rng.poisson(rates[types]), types, levels[types] + rng.normal(size=(n, p))


def _not_more(estimates):
    for better, worse in zip(estimates, estimates[1:], strict=False):
        error = np.hypot(better.standard_error, worse.standard_error)
        assert worse.bits < better.bits + 2 * error
    first, last = estimates[0], estimates[-1]
    assert last.bits < first.bits - np.hypot(first.standard_error, last.standard_error)


@pytest.mark.parametrize("probe", _OF_LABELS + _OF_NUMBERS)
def test_thinner_counts_hold_less(probe):
    rng = np.random.default_rng(2)
    counts, types, proteins = _cells(600, rng)
    y = types if probe in _OF_LABELS else proteins
    found = []
    for keep in (1.0, 0.3, 0.05):
        counts = rng.binomial(counts, keep)
        found.append(mutual_information(np.log1p(counts) + 1e-6 * rng.normal(size=counts.shape), y, probe))
    _not_more(found)


@pytest.mark.parametrize("probe", _OF_LABELS + _OF_NUMBERS)
def test_added_noise_leaves_less(probe):
    rng = np.random.default_rng(3)
    counts, types, proteins = _cells(600, rng)
    x = np.log1p(counts)
    found = []
    for sd in (0.1, 1.0, 3.0):
        x = x + sd * rng.normal(size=x.shape)
        found.append(mutual_information(x, types if probe in _OF_LABELS else proteins, probe))
    _not_more(found)


@pytest.mark.parametrize("probe", _OF_LABELS + _OF_NUMBERS)
def test_tiled_columns_say_nothing_new(probe):
    counts, types, proteins = _cells(300, np.random.default_rng(4))
    x = np.log1p(counts)
    y = types if probe in _OF_LABELS else proteins
    once, tiled = mutual_information(x, y, probe), mutual_information(np.tile(x, (1, 5)), y, probe)
    assert tiled.bits == once.bits
    assert tiled.diagnostics["repeated_columns_x"] == 4 * x.shape[1]
