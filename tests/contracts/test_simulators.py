"""What every simulator promises: the same data for the same seed, and a truth that obeys information theory."""

from __future__ import annotations

import numpy as np
import pytest

from noiselaw.arrays import check_counts
from noiselaw.io import content_hash
from noiselaw.registry import options_of
from noiselaw.simulate import SIMULATORS

SMALL = {"n_cells": 300, "n_genes": 60, "depth": 300.0}
#: What else each simulator can be told; one that is added says so here.
OPTIONS = {"cells": {"n_types": 4, "n_proteins": 3, "clone_size": 2}, "continuum": {"noise": 0.5}}


@pytest.fixture(params=SIMULATORS.names())
def simulator(request):
    return SIMULATORS.build(request.param, {**SMALL, **OPTIONS[request.param]})


def test_a_description_is_its_options(simulator):
    again = SIMULATORS.build(SIMULATORS.name_of(simulator), options_of(simulator, all_options=True))
    assert again == simulator


def test_the_seed_decides_everything(simulator):
    drawn = simulator.draw().dataset
    assert content_hash(drawn) == content_hash(simulator.draw().dataset)
    assert content_hash(drawn) != content_hash(simulator.draw(17).dataset)
    check_counts(drawn.observations, drawn.names, drawn.features)
    assert drawn.observations.shape == (len(drawn.names), len(drawn.features))
    assert len(drawn.annotations) == len(drawn.names)


def test_truth_is_an_estimate_with_an_error_that_shrinks(simulator):
    drawn = simulator.draw()
    few, many = (drawn.truth(0.1, n_cells=n) for n in (500, 8000))
    assert few.status == "ok"
    assert few.n_pairs == 500
    assert 0 < many.standard_error < few.standard_error / 2
    assert few.bits == pytest.approx(many.bits, abs=5 * few.standard_error)
    assert drawn.truth(0.1, n_cells=500) == few


def test_what_is_drawn_does_not_depend_on_what_was_asked_before(simulator):
    asked, fresh = simulator.draw(), simulator.draw()
    asked.truth(0.01, n_cells=200)
    assert content_hash(asked.dataset) == content_hash(fresh.dataset)


def test_processing_loses_information(simulator):
    """Data-processing inequality: less depth never tells more, and nothing tells more than the state."""
    drawn = simulator.draw()
    known = [drawn.truth(level, n_cells=4000) for level in (0, 0.01, 0.1, 1, np.inf)]
    bits = np.array([item.bits for item in known])
    errors = np.array([item.standard_error for item in known])
    assert bits[0] == pytest.approx(0, abs=1e-9)
    assert (np.diff(bits) > -3 * (errors[1:] + errors[:-1])).all()
    assert bits[-1] <= known[-1].ceiling_bits + 1e-9
