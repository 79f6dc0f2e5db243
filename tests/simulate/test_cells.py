from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from noiselaw import arrays
from noiselaw.errors import InputError, UsageError
from noiselaw.io import content_hash
from noiselaw.simulate import SIMULATORS, Cells, cells
from noiselaw.simulate.truth import entropy

LEVELS = np.geomspace(0.001, 1, 6)


def test_what_is_drawn():
    drawn = cells(n_cells=1500, n_genes=300, n_types=5, depth=400, n_proteins=4, seed=2)
    dataset = drawn.dataset
    assert dataset.observations.shape == (1500, 300)
    assert dataset.observations.dtype == np.int32
    arrays.check_counts(dataset.observations, dataset.names, dataset.features)
    totals = arrays.row_sums(dataset.observations)
    assert totals.mean() == pytest.approx(400, rel=0.05)
    assert np.log(totals).std() == pytest.approx(0.4, rel=0.1)
    assert len(set(dataset.names)) == 1500
    shares = dataset.annotations["cell_type"].value_counts(normalize=True, sort=False).to_numpy()
    assert shares == pytest.approx(drawn.profiles.shares, abs=0.05)
    assert dataset.matrices["protein"].shape == (1500, 4)
    assert (dataset.matrices["protein"] > 0).all().all()
    assert dataset.matrices["protein"].index.tolist() == dataset.names.tolist()


def test_same_seed_same_cells_and_fewer_are_the_first_of_more():
    many, again = (cells(n_cells=2100, n_genes=50, n_proteins=2, seed=5).dataset for _ in range(2))
    few, other = cells(n_cells=1100, n_genes=50, n_proteins=2, seed=5).dataset, cells(n_cells=2100, n_genes=50, seed=6)
    assert content_hash(many) == content_hash(again)
    assert content_hash(many) != content_hash(other.dataset)
    assert (many.observations[:1100] != few.observations).nnz == 0
    assert many.annotations.iloc[:1100].equals(few.annotations)
    assert many.matrices["protein"].iloc[:1100].equals(few.matrices["protein"])


def test_asking_for_proteins_changes_no_count():
    alone, beside = (cells(n_cells=200, n_genes=40, n_proteins=n, seed=5) for n in (0, 7))
    assert content_hash(alone.dataset) == content_hash(beside.dataset)
    assert alone.truth(0.1, n_cells=500) == beside.truth(0.1, n_cells=500)


def test_the_default_climbs_from_nearly_nothing_to_nearly_everything():
    drawn = cells(n_proteins=10)
    for signal in ("cell_type", "protein"):
        full = drawn.truth(np.inf, signal, 5000)
        low, high = (drawn.truth(level, signal, 5000) for level in (0.001, 1.0))
        assert -0.05 < low.bits < 0.1 * full.bits
        assert 0.9 * full.bits < high.bits <= full.bits + 3 * full.standard_error


@pytest.mark.parametrize("signal", ["cell_type", "protein"])
@pytest.mark.parametrize("seed", range(3))
def test_truth_grows_with_depth_below_its_ceiling(seed, signal):
    drawn = cells(n_genes=200, n_types=6, depth=1000, n_proteins=5, seed=seed)
    known = [drawn.truth(level, signal, 3000) for level in LEVELS]
    bits = np.array([item.bits for item in known])
    errors = np.array([item.standard_error for item in known])
    assert (np.diff(bits) > -2 * (errors[1:] + errors[:-1])).all()
    assert (bits <= drawn.ceiling() + 3 * errors).all()
    assert all(item.ceiling_bits == drawn.ceiling() for item in known if signal == "cell_type")


def test_truth_at_the_ends():
    drawn = cells(n_genes=50, n_types=4, n_proteins=3, seed=1)
    assert drawn.truth(0).bits == pytest.approx(0, abs=1e-12)
    assert drawn.truth(0, "protein").bits == pytest.approx(0, abs=1e-12)
    assert drawn.truth(np.inf).bits == pytest.approx(drawn.ceiling())
    assert drawn.truth(1e4).bits == pytest.approx(drawn.ceiling(), abs=1e-3)
    assert drawn.ceiling() == pytest.approx(entropy(drawn.profiles.shares))


def test_truth_agrees_with_a_sum_over_all_counts():
    """Two types, two genes, no variation of depth: sum over every pair of counts that occurs."""
    drawn = cells(n_genes=2, n_types=2, depth=12, seed=3, depth_sd=0, separation=1.0, marker_share=1.0)
    shares, rates = drawn.profiles.shares, drawn.profiles.genes * 12 * 0.5
    grid = np.arange(60)
    given_type = np.array(
        [np.outer(stats.poisson.pmf(grid, rates[t, 0]), stats.poisson.pmf(grid, rates[t, 1])) for t in range(2)]
    )
    joint = shares[:, None, None] * given_type
    evidence = joint.sum(axis=0)
    exact = sum(
        (joint[t] * np.log2(joint[t] / (shares[t] * evidence), where=joint[t] > 0, out=np.zeros_like(joint[t]))).sum()
        for t in range(2)
    )
    known = drawn.truth(0.5, n_cells=60_000)
    assert known.standard_error < 0.003
    assert known.bits == pytest.approx(exact, abs=4 * known.standard_error)


def test_depth_that_varies_is_summed_over_too():
    """The posterior must not need the depth: compare with the sum over counts and an integral over depth."""
    drawn = cells(n_genes=2, n_types=2, depth=6, seed=3, depth_sd=0.8, separation=1.0, marker_share=1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    depths = 6 * np.exp(0.8 * nodes - 0.32)
    weights = weights / weights.sum()
    shares, grid = drawn.profiles.shares, np.arange(120)
    joint = np.zeros((2, 120, 120))
    for t, (depth, weight) in product(range(2), zip(depths, weights, strict=True)):
        first, second = (stats.poisson.pmf(grid, depth * drawn.profiles.genes[t, g]) for g in range(2))
        joint[t] += shares[t] * weight * np.outer(first, second)
    ratio = joint / (shares[:, None, None] * joint.sum(axis=0) + 1e-300)
    exact = (joint * np.log2(ratio, where=joint > 1e-300, out=np.zeros_like(joint))).sum()
    known = drawn.truth(1.0, n_cells=60_000)
    assert known.bits == pytest.approx(exact, abs=4 * known.standard_error + 1e-3)


def test_protein_truth_agrees_with_an_integral():
    """Two types, one protein and counts that settle the type: I is that of a mixture of two normals."""
    drawn = cells(n_genes=30, n_types=2, n_proteins=1, seed=9, protein_noise=0.8)
    shares, means = drawn.profiles.shares, drawn.profiles.proteins[:, 0]
    y = np.linspace(means.min() - 8, means.max() + 8, 20_001)
    given_type = stats.norm.pdf(y, means[:, None], 0.8)
    evidence = shares @ given_type
    exact = sum(shares[t] * integrate.trapezoid(given_type[t] * np.log2(given_type[t] / evidence), y) for t in range(2))
    known = drawn.truth(np.inf, "protein", n_cells=50_000)
    assert known.bits == pytest.approx(exact, abs=4 * known.standard_error)


def test_thinned_cells_are_drawn_cells_of_less_depth():
    """Truth at a level is about thinned counts: thinning by p is drawing with p times the depth."""
    shallow, deep = (cells(n_genes=100, depth=depth, seed=4) for depth in (50.0, 500.0))
    a, b = shallow.truth(1.0), deep.truth(0.1)
    assert a.bits == pytest.approx(b.bits, abs=4 * (a.standard_error + b.standard_error))
    assert (a.diagnostics["u"], b.diagnostics["u"]) == (50, 50)


def test_states_within_a_type_only_disturb():
    drawn = cells(n_cells=500, n_genes=100, n_types=3, states_per_type=4, seed=2)
    assert len(drawn.profiles.shares) == 12
    assert drawn.ceiling() == pytest.approx(entropy(np.bincount(drawn.profiles.types, drawn.profiles.shares)))
    assert drawn.truth(np.inf).bits == pytest.approx(drawn.ceiling())
    assert drawn.dataset.annotations["state"].nunique() > 3
    assert drawn.truth(0.05, n_cells=2000).bits < drawn.ceiling()
    assert drawn.truth(np.inf, "state").bits == pytest.approx(drawn.ceiling("state"))
    assert drawn.truth(0.05, "state", 2000).bits > drawn.truth(0.05, "cell_type", 2000).bits, "the state says more"


@given(st.integers(1, 17), st.integers(1, 3), st.integers(0, 5))
@settings(deadline=None, max_examples=25)
def test_profiles_are_distributions(n_types, states, seed):
    profiles = Cells(n_genes=20, n_types=n_types, states_per_type=states, seed=seed).draw().profiles
    assert profiles.genes.shape == (n_types * states, 20)
    assert profiles.genes.sum(axis=1) == pytest.approx(np.ones(n_types * states))
    assert profiles.shares.sum() == pytest.approx(1)
    assert (profiles.genes > 0).all()


def test_a_study_names_it():
    built = SIMULATORS.build("cells", {"n_cells": 100, "n_genes": 30, "seed": 3})
    assert built == Cells(n_cells=100, n_genes=30, seed=3)
    assert content_hash(built.draw().dataset) == content_hash(cells(100, 30, seed=3).dataset)
    assert content_hash(built.draw(4).dataset) == content_hash(cells(100, 30, seed=4).dataset)
    with pytest.raises(UsageError, match="no option 'n_cell'. Nearest: n_cells"):
        SIMULATORS.build("cells", {"n_cell": 3})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_cells": 0}, "n_cells must be at least 1; got 0"),
        ({"n_proteins": -1}, "n_proteins must be at least 0; got -1"),
        ({"depth": 0.0}, "depth must be positive; got 0.0"),
        ({"marker_share": 1.5}, r"marker_share must lie in \(0, 1\]; got 1.5"),
        ({"depth": float("nan")}, "depth must be positive; got nan"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(UsageError, match=message):
        Cells(**options)


def test_truth_of_what_is_not_there():
    drawn = cells(n_cells=10, n_genes=10)
    with pytest.raises(InputError, match="no known truth for 'protein'. (Nearest|There are): cell_type"):
        drawn.truth(0.1, "protein")
    with pytest.raises(InputError, match="level must be at least 0; got -1"):
        drawn.truth(-1)


@pytest.mark.slow
def test_thousands_of_cells_per_second():
    from time import perf_counter

    start = perf_counter()
    dataset = cells(n_cells=20_000, n_genes=1000).dataset
    assert dataset.observations.shape[0] / (perf_counter() - start) > 2000
