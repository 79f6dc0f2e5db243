"""The compiled draws: random bits without structure, and binomial numbers of exactly the law they claim."""

import numpy as np
import pytest
from scipy import stats

from noiselaw.channels import _kernels
from noiselaw.channels.thinning import keep_each

COUNTER = np.arange(2**18, dtype=np.uint64)
#: A test of a true hypothesis fails once in this many seeds; the seeds here are fixed.
RARE = 1e-5


def bits(key, counters=COUNTER):
    return _kernels.random_bits(np.uint64(key), counters)


def uniform(key, counters=COUNTER):
    return bits(key, counters) / 2.0**64


@pytest.mark.parametrize("key", [0, 1, 2**63, 0x9E3779B97F4A7C15])
def test_random_bits_are_uniform(key):
    assert stats.kstest(uniform(key), "uniform").pvalue > RARE
    for shift in (0, 8, 31, 56):
        byte = (bits(key) >> np.uint64(shift)) & np.uint64(255)
        assert stats.chisquare(np.bincount(byte.astype(int), minlength=256)).pvalue > RARE


def test_every_bit_is_fair_and_independent_of_every_other():
    each = ((bits(3)[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).astype(float)
    z = (each.mean(axis=0) - 0.5) / (0.5 / np.sqrt(len(each)))
    assert np.abs(z).max() < 4.5
    correlation = np.corrcoef(each.T)[np.triu_indices(64, 1)] * np.sqrt(len(each))
    assert np.abs(correlation).max() < 5.5
    assert stats.kstest(correlation, "norm").pvalue > RARE


@pytest.mark.parametrize("lag", [1, 2, 3, 64, 20_000, 65_536])
def test_neighbouring_entries_are_independent(lag):
    u = uniform(7)
    one, two = u[:-lag], u[lag:]
    assert abs(np.corrcoef(one, two)[0, 1]) * np.sqrt(len(one)) < 4.5
    table = np.histogram2d(one, two, bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > RARE


@pytest.mark.parametrize("other", [1, 2, 3, 256, 2**32, 2**62])
def test_neighbouring_keys_are_independent(other):
    one, two = uniform(5), uniform(5 + other)
    assert abs(np.corrcoef(one, two)[0, 1]) * np.sqrt(len(one)) < 4.5
    table = np.histogram2d(one, two, bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > RARE
    flipped = np.bitwise_count(bits(5) ^ bits(5 + other))
    assert abs(flipped.mean() - 32) < 4.5 * 4 / np.sqrt(len(flipped))


def test_no_two_entries_share_their_random_number():
    assert len(np.unique(bits(11))) == len(COUNTER)


def law_of(draws, n, p):
    """The p-value of the chi-square test of ``draws`` against Binomial(n, p), cells of at least 10 expected."""
    law = stats.binom(n, p)
    edges = np.unique(law.ppf(np.linspace(0, 1, 42)[1:-1]))
    upper = np.concatenate([law.cdf(edges), [1.0]])
    expected = np.diff(upper, prepend=0.0) * len(draws)
    seen = np.bincount(np.searchsorted(edges, draws, side="left"), minlength=len(edges) + 1).astype(float)
    keep = expected >= 10
    seen, expected = np.append(seen[keep], seen[~keep].sum()), np.append(expected[keep], expected[~keep].sum())
    if expected[-1] < 10:  # too little for a cell of its own
        seen[-2] += seen[-1]
        expected[-2] += expected[-1]
        seen, expected = seen[:-1], expected[:-1]
    if len(seen) == 1:
        return 1.0
    return stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue


COUNTS = [1, 2, 5, 30, 64, 65, 1000, 10**6, 2**31 - 1]
FRACTIONS = [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999]


@pytest.mark.parametrize("n", COUNTS)
def test_draws_have_the_law_of_binomial_numbers(n):
    draws = 100_000
    for q in FRACTIONS:
        kept = keep_each(np.full((250, draws // 250), n, dtype=np.int64), q, seed=4).ravel()
        law = stats.binom(n, q)
        assert kept.min() >= 0
        assert kept.max() <= n
        assert law_of(kept, n, q) > RARE
        assert abs(kept.mean() - law.mean()) < 5 * law.std() / np.sqrt(draws)
        fourth = law.stats("k") + 3
        spread = law.var() * np.sqrt((float(fourth) - 1) / draws)
        # The second term is the square of the mean's error, all that is left where n = 1 and q = 1/2.
        assert abs(kept.var() - law.var()) < 5 * spread + 25 * law.var() / draws


def test_p_values_of_the_law_are_uniform():
    """Not merely none too small: the draws are also not suspiciously even."""
    values = [
        law_of(keep_each(np.full((100, 200), n), q, seed).ravel(), n, q)
        for seed in range(6)
        for n in (5, 30, 64, 70, 400, 10**5)
        for q in (0.05, 0.4, 0.8)
    ]
    # Counts are discrete, so p-values are nearly, not exactly, uniform.
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_inversion_and_rejection_meet():
    """Either side of ten expected molecules, where the method changes."""
    for n, p in ((99, 0.1), (101, 0.1), (9_990, 0.001), (10_010, 0.001)):
        assert law_of(keep_each(np.full((200, 500), n), p, 9).ravel(), n, p) > RARE


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 40, 200, 5000, 10**7])
def test_the_law_holds_in_ten_million_draws(n):
    for q in (0.02, 0.25, 0.6):
        assert law_of(keep_each(np.full((10_000, 1000), n), q, 12).ravel(), n, q) > RARE


def change(counts, kept, more, key):
    """``kept`` of one row after ``more`` molecules were added to it."""
    kept = np.array(kept, dtype=np.uint32)
    pool = sum(counts) - int(kept.sum()) if more > 0 else int(kept.sum())
    _kernels.correct(np.array(counts, dtype=np.uint32), kept, more, pool, bits(key, COUNTER[:1])[0])
    return kept


@pytest.mark.parametrize(("kept", "more", "pool"), [([2, 3, 0, 4], -3, [2, 3, 0, 4]), ([2, 1, 0, 4], 4, [1, 2, 3, 0])])
def test_corrections_are_draws_without_replacement(kept, more, pool):
    counts, draws = [3, 3, 3, 4], 4000
    law = stats.multivariate_hypergeom(pool, abs(more))
    seen = {}
    for key in range(draws):
        moved = np.abs(change(counts, kept, more, key).astype(int) - kept)
        assert moved.sum() == abs(more)
        seen[tuple(moved)] = seen.get(tuple(moved), 0) + 1
    outcomes = [tuple(cell) for cell in np.ndindex(5, 5, 5, 5) if sum(cell) == abs(more) and law.pmf(cell) > 0]
    assert set(seen) <= set(outcomes)
    expected = np.array([law.pmf(cell) * draws for cell in outcomes])
    assert stats.chisquare([seen.get(cell, 0) for cell in outcomes], expected).pvalue > RARE


def test_the_whole_pool_can_move():
    assert change([3, 3], [1, 2], -3, 0).tolist() == [0, 0]
    assert change([3, 3], [1, 2], 3, 0).tolist() == [3, 3]
    assert change([3, 3], [1, 2], 0, 0).tolist() == [1, 2]
