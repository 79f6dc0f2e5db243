"""Clones and patches, and the truth about partners."""

import numpy as np
import pytest
from scipy import stats

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.signals import ClonalRelatives, SpatialNeighbours
from noiselaw.simulate import Cells, cells
from noiselaw.simulate.kin import patch_share, patches_of
from noiselaw.simulate.truth import overdispersed_posterior

SMALL = {"n_cells": 3000, "n_genes": 60, "n_types": 4, "depth": 300.0, "seed": 1}


def agreement(states, rows, partners, shares):
    """Return how much more often pairs have one state than strangers do, as a share of what is possible."""
    strangers = float(shares @ shares)
    return ((states[rows] == states[partners]).mean() - strangers) / (1 - strangers)


def test_relatives_have_one_state_as_often_as_is_said():
    drawn = cells(**{**SMALL, "n_cells": 20_000, "n_genes": 3}, clone_size=4, fidelity=0.8)
    dataset = drawn.dataset
    signal = ClonalRelatives("clone", "time_point", "early", "late")
    pairs = signal.pair(dataset, np.arange(20_000), np.random.default_rng(0))
    assert len(pairs.rows) == 5000
    states = dataset.annotations["cell_type"].cat.codes.to_numpy()
    assert drawn.same_state == pytest.approx(0.64)
    assert agreement(states, pairs.rows, pairs.partners, drawn.profiles.shares) == pytest.approx(0.64, abs=0.03)
    assert np.bincount(states) / 20_000 == pytest.approx(drawn.profiles.shares, abs=0.02)


def test_neighbours_have_one_state_as_often_as_is_said():
    drawn = cells(**{**SMALL, "n_cells": 20 * 1024, "n_genes": 3}, patch_size=40, fidelity=0.9)
    dataset = drawn.dataset
    assert dataset.annotations["section"].nunique() == 20
    signal = SpatialNeighbours(section="section", hold_out="cells")
    pairs = signal.pair(dataset, np.arange(len(dataset.names)), np.random.default_rng(0))
    states = dataset.annotations["cell_type"].cat.codes.to_numpy()
    found = agreement(states, pairs.rows, pairs.partners, drawn.profiles.shares)
    assert found == pytest.approx(drawn.same_state, abs=0.03)


def test_larger_patches_leave_fewer_neighbours_elsewhere():
    shares = [patch_share(1024, size, 5, generator(0), 5) for size in (2, 20, 200, 1024)]
    assert (np.diff(shares) > 0).all()
    assert shares[-1] == 1


def test_places_come_one_per_unit_of_area():
    patch, places = patches_of(1000, 50, generator(0))
    assert (np.diff(places[:, 0]) >= 0).all()
    assert np.ptp(places, axis=0) == pytest.approx(np.sqrt([1000, 1000]), rel=0.05)
    assert len(np.unique(patch)) == 20


@pytest.mark.parametrize("options", [{"clone_size": 2}, {"patch_size": 30}, {"clone_size": 3, "dispersion": 0.4}])
def test_truth_about_partners_grows_with_depth_below_its_ceiling(options):
    drawn = cells(**SMALL, **options)
    embedding, profile = drawn._partners
    for signal in (embedding, profile):
        known = [drawn.truth(level, signal, 3000) for level in (0, 0.03, 0.2, 1.0, np.inf)]
        bits, errors = np.array([k.bits for k in known]), np.array([k.standard_error for k in known])
        assert bits[0] == pytest.approx(0, abs=1e-9)
        assert (np.diff(bits) > -2 * (errors[1:] + errors[:-1])).all()
        assert bits[-1] < drawn.ceiling(signal) + 3 * errors[-1]
    both, one = (drawn.truth(0.05, signal, 3000).bits for signal in (embedding, profile))
    assert both < one  # a clean partner tells more than a noisy one
    full = drawn.truth(np.inf, embedding, 20_000)
    assert full.bits == pytest.approx(drawn.ceiling(embedding), abs=4 * full.standard_error)


def test_truth_about_a_relative_agrees_with_a_sum_over_all_counts():
    """Two types, two genes, fixed depth: sum over the counts of both cells."""
    options = {"n_genes": 2, "n_types": 2, "depth": 8, "seed": 3, "depth_sd": 0, "separation": 1.2, "marker_share": 1.0}
    drawn = cells(**options, clone_size=2, fidelity=0.9)
    shares, rates, grid = drawn.profiles.shares, drawn.profiles.genes * 8, np.arange(40)
    pmf = [[stats.poisson.pmf(grid, rates[t, g]) for g in range(2)] for t in range(2)]
    given_type = np.array([np.outer(*pmf[t]).ravel() for t in range(2)])
    joint = 0.81 * np.diag(shares) + 0.19 * np.outer(shares, shares)
    both = given_type.T @ joint @ given_type
    alone = shares @ given_type
    ratio = np.divide(both, np.outer(alone, alone), out=np.ones_like(both), where=both > 0)
    known = drawn.truth(1.0, "clonal", 60_000)
    assert known.bits == pytest.approx(float((both * np.log2(ratio)).sum()), abs=4 * known.standard_error)


def test_varying_expression_is_summed_over_with_the_depth():
    """Two types, two genes: posteriors against an integral over gamma-Poisson counts and log-normal depth."""
    genes, shares = np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([0.4, 0.6])
    counts = np.array([[0, 0], [3, 1], [0, 9], [20, 20]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for depth_sd in (0.0, 0.5):
        evidence = np.zeros((4, 2))
        for node, weight in zip(nodes, weights, strict=True):
            means = 12 * np.exp(depth_sd * node - depth_sd**2 / 2) * genes
            for t in range(2):
                evidence[:, t] += weight * stats.nbinom.pmf(counts, 4, 4 / (4 + means[t])).prod(axis=1)
        exact = shares * evidence / (evidence @ shares)[:, None]
        found = np.exp(overdispersed_posterior(counts, genes, shares, 0.25, 12, depth_sd))
        assert found == pytest.approx(exact, abs=1e-6)


def test_expression_that_varies_leaves_less_to_learn():
    steady, varying = (cells(**SMALL, dispersion=dispersion) for dispersion in (0.0, 1.0))
    assert varying.truth(1.0, n_cells=3000).bits < steady.truth(1.0, n_cells=3000).bits - 0.05
    dense = varying.dataset.observations.toarray()[:, varying.profiles.genes.mean(axis=0).argmax()]
    plain = steady.dataset.observations.toarray()[:, steady.profiles.genes.mean(axis=0).argmax()]
    assert dense.var() > 3 * plain.var()
    assert dense.mean() == pytest.approx(plain.mean(), rel=0.1)


def test_hardly_any_variation_is_none():
    steady, nearly = (cells(**SMALL, dispersion=dispersion) for dispersion in (0.0, 1e-4))
    assert nearly.truth(0.5, n_cells=2000).bits == pytest.approx(steady.truth(0.5, n_cells=2000).bits, abs=0.03)


@pytest.mark.parametrize("options", [{}, {"clone_size": 3}, {"patch_size": 30}, {"n_proteins": 2, "dispersion": 0.2}])
def test_what_streams_is_what_is_drawn(options):
    drawn = cells(**{**SMALL, "n_cells": 2600}, **options)
    parts, whole = list(drawn.stream()), drawn.dataset
    assert [len(part.names) for part in parts] == [1024, 1024, 552]
    assert (whole.observations[1024:2048] != parts[1].observations).nnz == 0
    assert whole.annotations.iloc[1024:2048].equals(parts[1].annotations)
    for key, table in parts[2].matrices.items():
        assert whole.matrices[key].iloc[2048:].equals(table)
    shallow = next(iter(drawn.stream(0.1)))
    assert shallow.observations.sum() == pytest.approx(0.1 * parts[0].observations.sum(), rel=0.05)
    assert shallow.annotations.equals(parts[0].annotations)


def test_asking_for_clones_leaves_strangers_as_they_were():
    alone, beside = cells(**SMALL), cells(**SMALL, clone_size=2)
    assert alone.truth(0.1, n_cells=500) == beside.truth(0.1, n_cells=500)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clone_size": 2, "patch_size": 3}, "got both"),
        ({"clone_size": 1}, "clone_size must be 0, or 2 to 1024; got 1"),
        ({"fidelity": 0.0}, r"fidelity must lie in \(0, 1\]; got 0.0"),
        ({"dispersion": -1.0}, "dispersion must be at least 0; got -1.0"),
        ({"patch_size": 30, "n_cells": 1030}, "here 6, too few for neighbours. Pass another n_cells, e.g. 1024"),
    ],
)
def test_options_that_cannot_be_meant(options, message):
    with pytest.raises(UsageError, match=message):
        Cells(**options)


def test_truth_about_partners_that_are_not_there():
    with pytest.raises(InputError, match="no known truth for 'spatial'"):
        cells(**SMALL, clone_size=2).truth(0.1, "spatial")
