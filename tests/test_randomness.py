import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.randomness import draw_seed, generator, seed_of

part = st.one_of(st.text(max_size=8), st.integers(-5, 5), st.floats(0, 1))


@given(st.integers(0, 2**40), st.lists(part, max_size=3))
def test_equal_keys_equal_numbers(seed, key):
    assert generator(seed, *key).random() == generator(seed, *key).random()
    assert seed_of(seed, *key) == seed_of(seed, *key)
    assert 0 <= seed_of(seed, *key) < 2**63


@pytest.mark.parametrize(
    ("one", "other"),
    [(("ab", "c"), ("a", "bc")), ((1,), ("1",)), ((1,), (1.0,)), ((), ("",)), (("x", 1), ("x", 11))],
)
def test_keys_that_differ_in_any_way_give_other_numbers(one, other):
    assert generator(0, *one).random() != generator(0, *other).random()


def test_streams_are_uncorrelated():
    draws = np.array([generator(seed, "x").normal(size=2000) for seed in range(20)])
    correlation = np.corrcoef(draws)
    assert np.abs(correlation[np.triu_indices(20, 1)]).max() < 5 / np.sqrt(2000)


def test_the_numbers_are_the_same_in_every_process():
    code = "from noiselaw.randomness import seed_of; print(seed_of(3, 'split', 0.1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == seed_of(3, "split", 0.1)


def test_a_drawn_seed_follows_its_generator():
    assert draw_seed(generator(1, "a")) == draw_seed(generator(1, "a"))
    assert draw_seed(generator(1, "a")) != draw_seed(generator(1, "b"))
