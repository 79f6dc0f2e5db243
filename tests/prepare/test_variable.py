import warnings

import numpy as np
import pytest
from scipy import sparse

from noiselaw.prepare import variable
from noiselaw.prepare.cells import GeneSelection
from noiselaw.prepare.variable import moments, rank_genes


def cells(n=400, genes=1200, depth=3000, seed=0):
    rng = np.random.default_rng(seed)
    share = rng.gamma(0.4, size=genes)
    rates = depth * share / share.sum() * np.exp(rng.normal(size=(n, genes)) * rng.random(genes))
    return sparse.csr_matrix(rng.poisson(rates))


def scanpys(counts, n_genes, span):
    sc = pytest.importorskip("scanpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sc.pp.highly_variable_genes(
            sc.AnnData(counts), flavor="seurat_v3", n_top_genes=n_genes, span=span, inplace=False
        )


def ours(counts, rows, span):
    found = moments(counts, rows)
    return rank_genes(counts, rows, found, np.arange(counts.shape[1]), span)


@pytest.mark.parametrize("span", [0.3, 1.0])
@pytest.mark.parametrize("depth", [300, 3000])
def test_scores_and_choice_are_scanpys(span, depth):
    counts = cells(depth=depth)
    counts = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= 3]
    rows = np.random.default_rng(0).permutation(counts.shape[0])[:300]
    reference = scanpys(counts[np.sort(rows)], 100, span)
    ranking = ours(counts, np.sort(rows), span)
    assert ranking.fallback == ""
    np.testing.assert_allclose(ranking.score, reference["variances_norm"], rtol=1e-9)
    fitted = GeneSelection(n_genes=100, min_counts=0, span=span).fit(
        counts, rows, np.array([f"g{i}" for i in range(counts.shape[1])])
    )
    assert np.array_equal(fitted.columns, np.flatnonzero(reference["highly_variable"]))


@pytest.mark.parametrize(("level", "span"), [(1.0, 0.3), (0.1, 0.3), (0.01, 1.0)])
def test_the_choice_on_real_cells_is_scanpys(real_data, level, span):
    ad = pytest.importorskip("anndata")
    counts = ad.read_h5ad(real_data("citeseq_pbmc10k_hvg4000.h5ad")).X.tocsr()[:3000].copy()
    counts.data = np.random.default_rng(0).binomial(counts.data, level)
    counts = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= 3]
    reference = scanpys(counts, 750, span)
    ranking = ours(counts, np.arange(counts.shape[0]), span)
    np.testing.assert_allclose(ranking.score, reference["variances_norm"], rtol=1e-9)
    chosen = set(np.argsort(-ranking.score, kind="stable")[:750])
    theirs = set(np.flatnonzero(reference["highly_variable"]))
    # Where thinned genes tie at the border, which of them is kept is arbitrary (here: the first).
    border = np.sort(ranking.score)[-750]
    assert all(np.isclose(ranking.score[gene], border, rtol=1e-9) for gene in chosen ^ theirs)


def test_moments_are_exact_so_a_constant_gene_has_no_variance():
    counts = np.random.default_rng(0).poisson(3.0, size=(50, 5))
    counts[:, 2] = 7
    found = moments(sparse.csr_matrix(counts), np.arange(50))
    np.testing.assert_allclose(found.variance, counts.var(axis=0, ddof=1), rtol=1e-12)
    assert found.variance[2] == 0


def test_rows_are_read_in_blocks(monkeypatch):
    counts = cells()
    rows = np.arange(0, 400, 2)
    whole = ours(counts, rows, 0.3)
    monkeypatch.setattr(variable, "_ROWS", 33)
    np.testing.assert_allclose(ours(counts, rows, 0.3).score, whole.score, rtol=1e-12)


def test_a_singular_window_is_widened_and_said_so():
    rng = np.random.default_rng(0)
    # After heavy thinning many genes share few means: loess with the asked-for span is singular.
    counts = sparse.csr_matrix(rng.poisson(np.repeat([0.003, 0.01, 0.05], [900, 80, 20]), size=(1000, 1000)))
    counts = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= 3]
    ranking = ours(counts, np.arange(1000), 0.3)
    assert ranking.method in {"seurat_v3 (span 0.5)", "seurat_v3 (span 0.75)", "seurat_v3 (span 1)"}
    assert "loess with span 0.3 failed" in ranking.fallback
    assert "used instead" in ranking.fallback


@pytest.mark.parametrize("counts", [np.eye(12, dtype=int), np.full((12, 12), 3), np.eye(200, dtype=int)])
def test_where_loess_cannot_work_variance_over_mean_ranks(counts):
    ranking = ours(sparse.csr_matrix(counts), np.arange(len(counts)), 0.3)
    assert ranking.method == "variance over mean"
    assert "genes ranked by variance over mean instead" in ranking.fallback
    assert np.isfinite(ranking.score).all()
