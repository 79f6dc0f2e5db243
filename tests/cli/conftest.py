"""Small files of cells as a user would bring them."""

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix


def small_adata(n=400, n_genes=100, seed=0):
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, n)
    profiles = rng.gamma(0.4, 1.0, (3, n_genes))
    profiles *= 300 / profiles.sum(axis=1, keepdims=True)
    names = [f"cell{i}" for i in range(n)]
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical([f"type{t}" for t in types]), "donor": [f"d{i % 6}" for i in range(n)]},
        index=names,
    )
    adata = anndata.AnnData(
        csr_matrix(rng.poisson(profiles[types]).astype(np.float32)),
        obs=obs,
        var=pd.DataFrame(index=[f"gene{g}" for g in range(n_genes)]),
    )
    adata.obsm["protein"] = pd.DataFrame(rng.normal(types[:, None], 1.0, (n, 3)), columns=["a", "b", "c"], index=names)
    return adata


@pytest.fixture
def adata():
    return small_adata()


@pytest.fixture
def h5ad(adata, tmp_path):
    path = tmp_path / "cells.h5ad"
    adata.write_h5ad(path)
    return path
