from dataclasses import replace

import numpy as np
import pytest

from noiselaw.errors import InputError
from noiselaw.signals import Abundances, Labels
from noiselaw.sweep import Study
from noiselaw.sweep.grid import lay_out, training_sizes


def study_of(cells, **options):
    defaults = {"levels": [0.1, 1.0], "sizes": 2, "seeds": 2, "signals": [Labels("cell_type"), Abundances("protein")]}
    return Study(data=cells, **{**defaults, **options})


def keys(grid):
    return {item.key for item in grid.measures}


def test_a_grid_is_the_product_of_what_a_study_lists(cells):
    grid = lay_out(study_of(cells), cells)
    assert len(grid.measures) == 2 * 2 * 2 * 2 * 2  # levels, sizes, seeds, models, signals
    assert len(keys(grid)) == len(grid.measures)
    assert len(grid.conditions) == 4
    assert len(grid.embeds) == 16


@pytest.mark.parametrize(
    "more",
    [
        {"levels": [0.01, 0.1, 1.0]},
        {"seeds": 3},
        {"models": ["random_projection", "pca", {"kind": "pca", "dims": 4}]},
        {"signals": [Labels("cell_type"), Abundances("protein"), Labels("donor")]},
        {"sizes": [75, 100, 300]},
    ],
)
def test_a_study_that_grows_keeps_every_measurement_it_had(cells, more):
    before = lay_out(study_of(cells, sizes=[75, 300]), cells)
    after = lay_out(study_of(cells, **{"sizes": [75, 300], **more}), cells)
    assert keys(before) < keys(after)


@pytest.mark.parametrize(
    "other",
    [
        {"held_out": 0.5},
        {"channel": "hypergeometric"},
        {"preparation": {"kind": "cells", "n_genes": 50}},
        {"group": "donor"},
        {"probes": ["gaussian"], "signals": [Abundances("protein")]},
    ],
)
def test_what_can_change_a_number_changes_its_identity(cells, other):
    assert not keys(lay_out(study_of(cells), cells)) & keys(lay_out(study_of(cells, **other), cells))


def test_other_counts_or_other_labels_are_other_measurements(cells):
    grid = lay_out(study_of(cells, signals=[Labels("cell_type")]), cells)
    counts = cells.observations.copy()
    counts.data[0] += 1
    assert not keys(grid) & keys(
        lay_out(study_of(cells, signals=[Labels("cell_type")]), replace(cells, observations=counts))
    )
    annotations = cells.annotations.assign(cell_type=np.roll(cells.annotations["cell_type"], 1))
    relabelled = lay_out(study_of(cells, signals=[Labels("cell_type")]), replace(cells, annotations=annotations))
    assert not keys(grid) & keys(relabelled)
    assert {embed.key for embed in grid.embeds} == {embed.key for embed in relabelled.embeds}


def test_sizes_run_from_200_to_all():
    assert training_sizes(5, 20000) == (200, 632, 2000, 6325, 20000)
    assert training_sizes(1, 700) == (700,)
    assert training_sizes(3, 300)[-1] == 300
    assert training_sizes((50, 100), 300) == (50, 100)
    with pytest.raises(InputError, match=r"size of 500 was asked for, but the split leaves 300"):
        training_sizes((50, 500), 300)


def test_a_missing_column_names_the_nearest(cells):
    with pytest.raises(InputError, match="cell_type"):
        lay_out(study_of(cells, signals=[Labels("celltype")]), cells)
    with pytest.raises(InputError, match="no annotation column 'donr' to group by. Nearest: donor"):
        lay_out(study_of(cells, group="donr"), cells)


def test_donors_stay_on_one_side(cells):
    grid = lay_out(study_of(cells, group="donor"), cells)
    donors = cells.annotations["donor"].to_numpy()
    for split in grid.splits.values():
        assert not set(donors[split.train]) & set(donors[split.test])


def test_more_seeds_keep_the_sizes_of_an_odd_number_of_cells(cells):
    odd = replace(
        cells,
        observations=cells.observations[:397],
        names=cells.names[:397],
        annotations=cells.annotations.iloc[:397],
        matrices={},
    )
    labels = {"signals": [Labels("cell_type")]}
    sizes = [lay_out(study_of(odd, seeds=seeds, **labels), odd).sizes for seeds in (1, 2, 3, 4)]
    assert len(set(sizes)) == 1
