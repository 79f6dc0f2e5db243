"""A small data set of cells that a sweep measures in a second or two."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from noiselaw.records import Dataset


def small_cells(n=400, n_genes=120, n_types=3, seed=0):
    rng = np.random.default_rng(seed)
    types = rng.integers(0, n_types, n)
    profiles = rng.gamma(0.4, 1.0, (n_types, n_genes))
    profiles *= 400 / profiles.sum(axis=1, keepdims=True)
    counts = rng.poisson(profiles[types]).astype(np.int32)
    names = np.array([f"cell{i}" for i in range(n)])
    protein = pd.DataFrame(rng.normal(types[:, None], 1.0, (n, 2)), columns=["CD3", "CD19"], index=names)
    annotations = pd.DataFrame(
        {"cell_type": pd.Categorical([f"type{t}" for t in types]), "donor": [f"d{i % 8}" for i in range(n)]},
        index=names,
    )
    features = np.array([f"gene{g}" for g in range(n_genes)])
    return Dataset("small", csr_matrix(counts), names, features, annotations, {"protein": protein})


@pytest.fixture
def cells():
    return small_cells()
