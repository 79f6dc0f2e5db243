"""The binomial channel: mean, variance and strength."""

import numpy as np
import pytest
from scipy import sparse

from noiselaw.channels import Binomial
from noiselaw.errors import InputError
from noiselaw.randomness import generator


@pytest.mark.parametrize("q", [0.03, 0.4, 0.85])
@pytest.mark.parametrize("n", [1, 7, 300])
def test_mean_and_variance(q, n):
    draws = 200_000
    noisy = Binomial(level=q).apply(np.full((400, 500), n), generator(2, "cells"))
    sd = np.sqrt(n * q * (1 - q))
    assert abs(noisy.mean() - q * n) < 5 * sd / np.sqrt(draws)
    fourth = 3 + (1 - 6 * q * (1 - q)) / (n * q * (1 - q))
    assert abs(noisy.var() / sd**2 - 1) < 5 * np.sqrt((fourth - 1) / draws) + 25 / draws


def test_strength_counts_every_feature_of_every_cell():
    x = sparse.csr_matrix([[5, 0, 0], [0, 0, 0], [1, 0, 3]])
    assert Binomial(level=0.5).strength(x) == 3.0
    assert Binomial(level=0.5).strength(sparse.csr_matrix((4, 2))) == 0.0


def test_it_refuses_what_is_no_counts():
    with pytest.raises(InputError, match="not be negative; observation 0 has -1 for feature 1"):
        Binomial(level=0.5).apply(np.array([[0.0, -1.0]]), generator(0))


def test_real_cells_keep_their_share(real_data):
    anndata = pytest.importorskip("anndata")
    x = anndata.read_h5ad(real_data("scrna_pbmc_hao2021_speck1000.h5ad")).X
    channel = Binomial(level=0.01)
    u = channel.strength(channel.apply(x, generator(0, "cells")))
    total = float(x.sum())
    assert abs(u * x.shape[0] - 0.01 * total) < 5 * np.sqrt(total * 0.01 * 0.99)
