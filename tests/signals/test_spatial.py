from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.records import Dataset
from noiselaw.signals import SpatialNeighbours

N = 600


@pytest.fixture
def tissue():
    """Two sections in frames that overlap."""
    rng = np.random.default_rng(1)
    names = np.array([f"c{i}" for i in range(N)])
    places = pd.DataFrame(rng.random((N, 2)), columns=["x", "y"], index=names)
    sections = pd.DataFrame({"slice": np.repeat(["one", "two"], N // 2)}, index=names)
    return Dataset("brain", np.ones((N, 2)), names, np.array(["g", "h"]), sections, {"spatial": places})


def held_out(signal, tissue, share=0.4, seed=0):
    """Hold out whole blocks, or single cells."""
    together = signal.kept_together(tissue)
    units = np.arange(N) if together is None else together
    drawn = np.random.default_rng(seed).random(units.max() + 1) < share
    return np.flatnonzero(drawn[units])


def pairs_of(signal, tissue):
    test = held_out(signal, tissue)
    return test, signal.pair(tissue, test, np.random.default_rng(2))


def brute_force(tissue, among, k):
    """Return the k nearest of ``among`` to each of them, within its section."""
    places, sections = tissue.matrices["spatial"].to_numpy(), tissue.annotations["slice"].to_numpy()
    near = {}
    for cell in among:
        others = [other for other in among if other != cell and sections[other] == sections[cell]]
        distance = ((places[others] - places[cell]) ** 2).sum(axis=1)
        near[cell] = {others[position] for position in np.argsort(distance)[:k]}
    return near


def test_a_partner_is_one_of_the_k_nearest_in_the_section_and_in_the_block(tissue):
    signal = SpatialNeighbours(section="slice")
    test, pairs = pairs_of(signal, tissue)
    near, blocks = brute_force(tissue, range(N), 5), signal.kept_together(tissue)
    assert all(partner in near[row] for row, partner in zip(pairs.rows, pairs.partners, strict=True))
    assert (blocks[pairs.rows] == blocks[pairs.partners]).all()
    assert len(set(pairs.rows)) == len(pairs.rows) > 0.95 * len(test)


def test_as_run_neighbours_are_nearest_among_held_out_cells(tissue):
    signal = SpatialNeighbours(section="slice", hold_out="cells", k=4)
    assert signal.kept_together(tissue) is None
    test, pairs = pairs_of(signal, tissue)
    near = brute_force(tissue, test, 4)
    assert all(partner in near[row] for row, partner in zip(pairs.rows, pairs.partners, strict=True))
    assert len(pairs.rows) == len(test)
    assert not pairs.dropped


def test_each_neighbour_is_drawn_as_often(tissue):
    signal = SpatialNeighbours(section="slice", hold_out="cells", k=3)
    near = brute_force(tissue, range(N), 3)
    drawn = [signal.pair(tissue, np.arange(N), np.random.default_rng(s)).partners[0] for s in range(300)]
    times = np.unique(drawn, return_counts=True)[1]
    assert set(drawn) == near[0]
    assert times.min() > 70


def test_all_neighbours_are_all_that_lie_in_the_block(tissue):
    signal = SpatialNeighbours(section="slice", pairs="all")
    test, pairs = pairs_of(signal, tissue)
    near, blocks = brute_force(tissue, range(N), 5), signal.kept_together(tissue)
    wanted = [(cell, other) for cell in test for other in near[cell] if blocks[other] == blocks[cell]]
    assert sorted(wanted) == list(zip(pairs.rows, pairs.partners, strict=True))


def test_pairs_that_share_a_cell_share_a_group_and_others_mostly_do_not(tissue):
    _, pairs = pairs_of(SpatialNeighbours(section="slice"), tissue)
    assert 10 < len(set(pairs.groups)) < len(pairs.rows)
    assert np.bincount(pairs.groups).max() < 0.2 * len(pairs.rows)


def test_blocks_are_compact_and_of_one_section(tissue):
    blocks = SpatialNeighbours(section="slice", block=40).kept_together(tissue)
    sizes = np.bincount(blocks)
    assert 20 <= sizes.min() <= sizes.max() <= 40
    assert len(set(zip(blocks, tissue.annotations["slice"], strict=True))) == len(sizes)
    places = tissue.matrices["spatial"].to_numpy()
    assert max(np.ptp(places[blocks == block], axis=0).max() for block in range(len(sizes))) < 0.6


@pytest.mark.parametrize("copies", [2, 4, 9, 40])
def test_cells_at_one_place_are_neighbours_and_never_themselves(tissue, copies):
    places = tissue.matrices["spatial"].copy()
    places.iloc[:copies] = places.iloc[0].to_numpy()
    twins = replace(tissue, matrices={"spatial": places})
    pairs = SpatialNeighbours(section="slice", hold_out="cells", k=3).pair(
        twins, np.arange(N), np.random.default_rng(0)
    )
    assert (pairs.rows != pairs.partners).all()
    if copies > 3:
        assert set(pairs.partners[pairs.rows < copies]) <= set(range(copies))


def test_cells_without_a_section_are_counted(tissue):
    sections = tissue.annotations.copy()
    sections.loc[sections.index[:7], "slice"] = None
    test = np.arange(N)
    pairs = SpatialNeighbours(section="slice").pair(
        replace(tissue, annotations=sections), test, np.random.default_rng(0)
    )
    assert pairs.dropped["no section"] == 7
    assert pairs.rows.min() >= 7


def test_one_frame_needs_no_section(tissue):
    pairs = SpatialNeighbours().pair(tissue, np.arange(N), np.random.default_rng(0))
    assert {pairs.rows[0] < N // 2, True} == {True, False} or len(pairs.rows) > 0.95 * N


def test_unknown_positions_are_refused(tissue):
    places = tissue.matrices["spatial"].copy()
    places.iloc[[3, 8], 1] = np.nan
    with pytest.raises(InputError, match=r"2 of 600 cells have NaN or infinite coordinates in matrix .*, first 'c3'"):
        SpatialNeighbours().check(replace(tissue, matrices={"spatial": places}))


def test_sections_with_too_few_cells_are_refused(tissue):
    sections = tissue.annotations.copy()
    sections.iloc[-5:, 0] = "three"
    few = replace(tissue, annotations=sections)
    with pytest.raises(InputError, match=r"5 nearest cells need at least 6 cells; section 'three' of .* has 5\. Pass"):
        SpatialNeighbours(section="slice").check(few)
    SpatialNeighbours(section="slice", k=4, block=50).check(few)
    with pytest.raises(InputError, match=r"at least 6 held-out cells; section 'one' of column 'slice' has 4"):
        SpatialNeighbours(section="slice", hold_out="cells").pair(
            tissue, np.arange(N // 2 - 4, N), np.random.default_rng(0)
        )


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (pd.DataFrame({"x": [0.5] * N, "y": [1.0] * N}), "all 600 cells are at one place in matrix 'spatial'"),
        (pd.DataFrame({"x": ["left"] * N, "y": [1.0] * N}), "Positions are numbers in two columns"),
        (pd.DataFrame(np.zeros((N, 5))), "'spatial' has 5 columns"),
    ],
)
def test_what_is_no_position_is_refused(tissue, places, message):
    with pytest.raises(InputError, match=message):
        SpatialNeighbours().check(replace(tissue, matrices={"spatial": places}))


def test_a_missing_matrix_or_section_names_the_nearest(tissue):
    with pytest.raises(InputError, match=r"no matrix 'spatail' to take positions from\. Nearest: spatial"):
        SpatialNeighbours("spatail").check(tissue)
    with pytest.raises(InputError, match=r"no column 'slize' to take sections from\. Nearest: slice"):
        SpatialNeighbours(section="slize").check(tissue)
    empty = replace(tissue, annotations=pd.DataFrame({"slice": [None] * N}))
    with pytest.raises(InputError, match=r"No cell has a section in column 'slice'"):
        SpatialNeighbours(section="slice").check(empty)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be a whole number, at least 1; got 0"),
        ({"pairs": "some"}, "pairs is 'one' neighbour of each cell, or 'all'; got 'some'"),
        ({"hold_out": "half"}, "hold_out is 'blocks' or 'cells'; got 'half'"),
        ({"k": 2.5}, "k must be a whole number, at least 1; got 2.5"),
        ({"k": "5"}, "k must be a whole number, at least 1; got '5'"),
        ({"block": "100"}, "A block must hold more than k = 5 cells; got block = '100'"),
        ({"components": 2.5}, "components must be at least 1, or 0 .*; got 2.5"),
        ({"block": 5}, "A block must hold more than k = 5 cells; got block = 5"),
        ({"pairs": "all", "hold_out": "cells"}, "no fold could be independent"),
        ({"target": "both"}, "target is 'embedding' or 'profile'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        SpatialNeighbours(**options)
