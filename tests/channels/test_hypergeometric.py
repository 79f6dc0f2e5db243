"""The hypergeometric channel: exact totals, and the variance that comes with them."""

import numpy as np
import pytest

from noiselaw.channels import Hypergeometric
from noiselaw.errors import UsageError
from noiselaw.randomness import generator


@pytest.mark.parametrize("per", ["matrix", "cell"])
@pytest.mark.parametrize("q", [0.05, 0.5, 0.9])
def test_mean_and_variance(q, per):
    """Many cells of equal counts: every entry has the same law."""
    n, columns, rows = 40, 5, 20_000
    pool = n * columns * (rows if per == "matrix" else 1)
    noisy = Hypergeometric(level=q, per=per).apply(np.full((rows, columns), n), generator(2, "cells"))
    kept = int(q * pool)
    variance = kept * (n / pool) * (1 - n / pool) * (pool - kept) / (pool - 1)
    assert noisy.mean() == pytest.approx(kept * n / pool)
    assert noisy.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / (rows * (columns - 1))))


def test_totals_are_rounded_down_as_the_authors_did():
    x = np.array([[7, 2], [0, 1]])
    assert Hypergeometric(level=0.29).apply(x, generator(0)).sum() == int(0.29 * 10)
    assert Hypergeometric(level=0.5, per="cell").apply(x, generator(0)).sum(axis=1).tolist() == [4, 0]


def test_strength_of_the_whole_matrix_does_not_vary():
    x = np.random.default_rng(0).poisson(3.0, size=(30, 20))
    channel = Hypergeometric(level=0.37)
    assert {channel.strength(channel.apply(x, generator(seed))) for seed in range(20)} == {int(0.37 * x.sum()) / 30}


def test_another_pool_is_refused():
    with pytest.raises(UsageError, match='per "matrix" or per "cell"; got \'gene\''):
        Hypergeometric(level=0.5, per="gene")
