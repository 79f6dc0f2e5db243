"""The Gaussian channel: the noise it says, on dense real numbers only."""

import numpy as np
import pytest
from scipy import sparse, stats

from noiselaw.channels import Gaussian
from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator

X = np.random.default_rng(0).normal(size=(300, 400))


@pytest.mark.parametrize("sigma", [0.1, 1.0, 30.0])
def test_it_adds_noise_of_its_level(sigma):
    noise = Gaussian(level=sigma).apply(X, generator(1, "images")) - X
    assert stats.kstest(noise.ravel() / sigma, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(noise.ravel(), X.ravel())[0, 1]) < 4.5 / np.sqrt(X.size)


def test_strength_is_one_over_the_variance():
    assert Gaussian(level=0.5).strength(X) == 4.0


@pytest.mark.parametrize(
    ("given", "made"), [(np.float32, np.float32), (np.float64, np.float64), (np.int32, np.float64)]
)
def test_the_precision_is_kept(given, made):
    assert Gaussian(level=1.0).apply(X.astype(given), generator(0)).dtype == made


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_levels_are_refused(sigma):
    with pytest.raises(UsageError, match="must be positive and finite; got"):
        Gaussian(level=sigma)


def test_sparse_and_unfinished_matrices_are_refused():
    with pytest.raises(InputError, match=r"needs a dense matrix.*x\.toarray\(\)"):
        Gaussian(level=1.0).apply(sparse.csr_matrix(np.eye(3)), generator(0))
    with pytest.raises(InputError, match="finite; observation 1 has nan for feature 0"):
        Gaussian(level=1.0).apply(np.array([[0.0], [np.nan]]), generator(0))
