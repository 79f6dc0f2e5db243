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
    "pixel_noise": (10.0, 2.0, 0.5, 0.1),
    "pixelation": (24, 5, 3, 1),
    "pixel_dropout": (0.01, 0.1, 0.5, 0.9),
}
BEYOND = {
    "binomial": (0, -0.1, 1.01),
    "hypergeometric": (0, -0.1, 1.01),
    "gaussian": (0, -0.1, float("inf")),
    "pixel_noise": (0, -0.1, float("inf"), float("nan")),
    "pixelation": (0, 0.5, 2.5, -1, float("inf"), float("nan")),
    "pixel_dropout": (0, -0.1, 1, 1.01, float("nan")),
}
DENSE_ONLY = {"gaussian"}
OF_IMAGES = [name for name in CHANNELS.names() if CHANNELS.get(name).takes == "images"]
OF_COUNTS = [name for name in CHANNELS.names() if name not in OF_IMAGES]
RANDOM = [name for name in CHANNELS.names() if CHANNELS.get(name).random]


@pytest.fixture(params=CHANNELS.names())
def name(request):
    return request.param


def at_level(name) -> Channel:
    return CHANNELS.build(name, {"level": STRONG_TO_WEAK[name][2]})


@pytest.fixture
def channel(name) -> Channel:
    return at_level(name)


@pytest.fixture(params=OF_COUNTS)
def channel_of_counts(request) -> Channel:
    return at_level(request.param)


@pytest.fixture(params=RANDOM)
def random_channel(request) -> Channel:
    return at_level(request.param)


def measured(channel):
    """What it takes: counts, or images on a scale of -1 to 1."""
    if channel.takes == "counts":
        return counts()
    return np.random.default_rng(0).uniform(-1, 1, (10, 3, 24, 24)).astype(np.float32)


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
        with pytest.raises(UsageError, match=rf"channel '{name}'.*must (lie in|be (a )?positive).*Pass e\.g\."):
            CHANNELS.build(name, {"level": level})
    with pytest.raises(UsageError, match="has no option 'levle'. Nearest: level"):
        CHANNELS.build(name, {"levle": 0.5})


def test_the_channel_that_names_its_noise_makes_the_same_noise(channel):
    x, named = measured(channel), channel.as_drawn()
    assert np.array_equal(channel.apply(x, generator(1, "cells")), named.apply(x, generator(1, "cells")))
    assert named.as_drawn() == named


def test_the_levels_of_a_study_that_names_none(name):
    for count in (1, 2, 7):
        levels = CHANNELS.get(name).default_levels(count)
        assert 1 <= len(levels) <= count
        assert list(levels) == sorted(set(levels))
        if name != "gaussian":  # which lives outside studies, and has the levels of counts
            assert [CHANNELS.build(name, {"level": level}).level for level in levels] == list(levels)


def test_images_are_untouched():
    for name in OF_IMAGES:
        channel = at_level(name)
        x = measured(channel)
        noisy = channel.apply(x, generator(1, "images"))
        assert np.array_equal(x, measured(channel))
        assert noisy.dtype == x.dtype and noisy.ndim == 4 and len(noisy) == len(x)
        assert not np.shares_memory(noisy, x)


def test_the_input_is_untouched(channel_of_counts, as_kind):
    channel = channel_of_counts
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


def test_the_result_is_laid_out_as_the_input_and_shares_nothing_with_it(channel_of_counts, as_kind):
    channel = channel_of_counts
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
    one, two, other = (channel.apply(measured(channel), generator(seed, "cells")) for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes()
    assert (one != other).any() == channel.random


def test_a_generator_moves_on(random_channel):
    rng, x = generator(1, "cells"), measured(random_channel)
    assert (random_channel.apply(x, rng) != random_channel.apply(x, rng)).any()


@pytest.mark.parametrize("name", RANDOM)
def test_levels_are_independent_draws(name):
    """Not one draw seen through another level."""
    weak, weaker = (CHANNELS.build(name, {"level": level}) for level in STRONG_TO_WEAK[name][2:])
    x = np.full((200, 200) if name in OF_COUNTS else (4, 1, 100, 100), 20.0)
    one, two = (channel.apply(x, generator(1, "cells")).ravel() for channel in (weak, weaker))
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / 200


def test_strength_rises_as_noise_falls_and_is_what_was_realised(name):
    channels = [CHANNELS.build(name, {"level": level}) for level in STRONG_TO_WEAK[name]]
    noisy = [channel.apply(measured(channel), generator(1, "cells")) for channel in channels]
    strengths = [channel.strength(x) for channel, x in zip(channels, noisy, strict=True)]
    assert all(isinstance(u, float) for u in strengths)
    assert strengths == sorted(strengths)
    assert len(set(strengths)) == len(strengths)
    if channels[0].unit == "UMI per cell":
        assert strengths == [float(x.sum(axis=1).mean()) for x in noisy]
        assert strengths == [c.strength(sparse.csc_matrix(x)) for c, x in zip(channels, noisy, strict=True)]
    assert (channels[0].level < channels[-1].level) == channels[0].rises
    if channels[0].unit == "1/variance":
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
def test_what_it_cannot_measure_is_refused(channel_of_counts, x, words):
    channel = channel_of_counts
    with pytest.raises(InputError, match=words):
        channel.apply(x, generator(0, "cells"))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((0, 3, 8, 8)), "images are empty: shape"),
        (np.full((2, 3, 24, 24), np.nan), "finite; image 0 has nan at plane 0, row 0, column 0"),
        ([[1, 2]], "must be a numpy array"),
        (np.ones((4, 5)), "is for images; counts take binomial or hypergeometric"),
        (np.ones((2, 3, 24, 24), dtype=np.uint8), "floating-point.*got uint8"),
    ],
)
@pytest.mark.parametrize("name", OF_IMAGES)
def test_images_that_it_cannot_measure_are_refused(name, x, words):
    with pytest.raises(InputError, match=words):
        at_level(name).apply(x, generator(0, "images"))


def test_the_room_opens_without_heavy_libraries():
    script = "import sys, noiselaw.channels; print(sorted({'numba', 'torch', 'scanpy', 'anndata'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
