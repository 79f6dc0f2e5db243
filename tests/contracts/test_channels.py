"""Every channel keeps the contract."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from scipy import sparse

from noiselaw.arrays import as_dense, is_backed, is_sparse
from noiselaw.channels import CHANNELS, Channel
from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.testing import check_channel

#: Levels of each channel from strong to weak noise, and what it measures.
STRONG_TO_WEAK = {
    "binomial": (0.01, 0.1, 0.5, 0.9),
    "hypergeometric": (0.01, 0.1, 0.5, 0.9),
    "gaussian": (10.0, 2.0, 0.5, 0.1),
}
BEYOND = {"binomial": (0, -0.1, 1.01), "hypergeometric": (0, -0.1, 1.01), "gaussian": (0, -0.1, float("inf"))}
DENSE_ONLY = {"gaussian"}


@pytest.fixture(params=CHANNELS.names())
def name(request):
    return request.param


@pytest.fixture
def channel(name) -> Channel:
    return CHANNELS.build(name, {"level": STRONG_TO_WEAK[name][2]})


def test_it_passes_the_public_check(channel, name):
    check_channel(channel, CHANNELS.build(name, {"level": STRONG_TO_WEAK[name][3]}))


def counts():
    rng = np.random.default_rng(0)
    x = rng.poisson(rng.gamma(0.5, 4.0, size=40), size=(80, 40)).astype(np.float64)
    x[:, 0] += 1
    return x


def test_its_name_survives_a_round_trip(channel):
    table = CHANNELS.describe(channel, all_options=True)
    assert CHANNELS.build(table.pop("kind"), table) == channel


def test_it_is_frozen(channel):
    for field in fields(channel):
        with pytest.raises(FrozenInstanceError):
            setattr(channel, field.name, None)


def test_it_says_its_unit(channel):
    assert channel.unit
    assert channel.revision >= 1


def test_the_level_is_required_and_bounded(name):
    with pytest.raises(UsageError, match="level"):
        CHANNELS.build(name)
    for level in BEYOND[name]:
        with pytest.raises(UsageError, match=rf"channel '{name}'.*must (lie in|be positive).*Pass e\.g\."):
            CHANNELS.build(name, {"level": level})
    with pytest.raises(UsageError, match="has no option 'levle'. Nearest: level"):
        CHANNELS.build(name, {"levle": 0.5})


def test_the_input_is_untouched(channel, as_kind):
    x = as_kind(counts())
    if channel_refuses(channel, x):
        return
    parts = {key: getattr(x, key).copy() for key in ("data", "indices", "indptr") if not is_backed(x) and is_sparse(x)
             and hasattr(x, key)}  # fmt: skip
    channel.apply(x, generator(1, "cells"))
    assert np.array_equal(as_dense(x), counts())
    assert all(np.array_equal(getattr(x, key), part) for key, part in parts.items())


def channel_refuses(channel, x):
    """A channel for dense matrices refuses sparse ones in words."""
    if CHANNELS.name_of(channel) in DENSE_ONLY and is_sparse(x):
        with pytest.raises(InputError, match="dense"):
            channel.apply(x, generator(1, "cells"))
        return True
    return False


def test_the_result_is_laid_out_as_the_input_and_shares_nothing_with_it(channel, as_kind):
    x = as_kind(counts())
    if channel_refuses(channel, x):
        return
    noisy = channel.apply(x, generator(1, "cells"))
    assert noisy.shape == x.shape
    assert is_sparse(noisy) == is_sparse(x)
    assert not is_backed(noisy)
    if isinstance(x, np.ndarray):
        assert not np.shares_memory(noisy, x)
    assert np.array_equal(as_dense(noisy), channel.apply(counts(), generator(1, "cells")))


def test_the_same_seed_gives_the_same_bytes_and_another_other_numbers(channel):
    one, two, other = (channel.apply(counts(), generator(seed, "cells")) for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes()
    assert (one != other).any()


def test_a_generator_moves_on(channel):
    rng = generator(1, "cells")
    assert (channel.apply(counts(), rng) != channel.apply(counts(), rng)).any()


def test_levels_are_independent_draws(name):
    """Not one draw seen through another level."""
    weak, weaker = (CHANNELS.build(name, {"level": level}) for level in STRONG_TO_WEAK[name][2:])
    x = np.full((200, 200), 20.0)
    one, two = (channel.apply(x, generator(1, "cells")).ravel() for channel in (weak, weaker))
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / 200


def test_strength_rises_as_noise_falls_and_is_what_was_realised(name):
    channels = [CHANNELS.build(name, {"level": level}) for level in STRONG_TO_WEAK[name]]
    noisy = [channel.apply(counts(), generator(1, "cells")) for channel in channels]
    strengths = [channel.strength(x) for channel, x in zip(channels, noisy, strict=True)]
    assert all(isinstance(u, float) for u in strengths)
    assert strengths == sorted(strengths)
    assert len(set(strengths)) == len(strengths)
    if channels[0].unit == "UMI per cell":
        assert strengths == [float(x.sum(axis=1).mean()) for x in noisy]
        assert strengths == [c.strength(sparse.csc_matrix(x)) for c, x in zip(channels, noisy, strict=True)]
    if name == "gaussian":
        assert strengths == [channel.level**-2 for channel in channels]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((0, 3)), "empty: 0 observations"),
        (np.array([[np.nan]]), "finite; observation 0 has nan for feature 0"),
        ([[1, 2]], "must be a numpy array"),
        (np.ones(3), "two dimensions"),
    ],
)
def test_what_it_cannot_measure_is_refused(channel, x, words):
    with pytest.raises(InputError, match=words):
        channel.apply(x, generator(0, "cells"))


def test_the_room_opens_without_heavy_libraries():
    script = "import sys, noiselaw.channels; print(sorted({'numba', 'torch', 'scanpy', 'anndata'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
