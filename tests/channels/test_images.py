"""Channels for images: what an image becomes, and that it does not depend on the images beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noiselaw.channels import Pixelation, PixelDropout, PixelNoise
from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator


def images(n=4, height=24, width=24, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 3, height, width)).astype(np.float32)


@pytest.mark.parametrize("channel", [PixelNoise(2.0), PixelNoise(2.0, per="image"), PixelDropout(0.3), Pixelation(3)])
@settings(deadline=None, max_examples=15)
@given(order=st.permutations(range(7)), cut=st.integers(0, 7), epoch=st.integers(0, 50), seed=st.integers(0, 2**63 - 1))
def test_any_batch_in_any_order_shows_the_same(channel, order, cut, epoch, seed):
    x, numbers, order = images(7, 9, 9), np.array([4, 9, 0, 3, 8, 1, 6]), np.array(order)
    whole = channel.noisy(x, numbers, epoch, seed)
    parts = [channel.noisy(x[part], numbers[part], epoch, seed) for part in (order[:cut], order[cut:])]
    assert np.array_equal(np.concatenate(parts), whole[order])


@pytest.mark.parametrize("kind", [PixelNoise, PixelDropout])
def test_noise_is_fresh_for_each_epoch_or_fixed(kind):
    x, numbers = images(2), np.arange(2)
    fresh, fixed = kind(0.5), kind(0.5, noise="fixed")
    assert not np.array_equal(fresh.noisy(x, numbers, 1, 0), fresh.noisy(x, numbers, 2, 0))
    assert np.array_equal(fresh.noisy(x, numbers, 1, 0), fresh.noisy(x, numbers, 1, 0))
    assert np.array_equal(fixed.noisy(x, numbers, 1, 0), fixed.noisy(x, numbers, 2, 0))
    assert np.array_equal(fixed.noisy(x, numbers, 7, 0), fresh.noisy(x, numbers, 0, 0))
    assert not np.array_equal(fresh.noisy(x, numbers, 0, 0)[0], fresh.noisy(x[[0, 0]], numbers[::-1], 0, 0)[0])
    assert not np.array_equal(fresh.noisy(x, numbers, 1, 0), fresh.noisy(x, numbers, 1, 1))


@settings(deadline=None, max_examples=25)
@given(sd=st.floats(0.01, 100), per=st.sampled_from(["colour", "image"]))
def test_noise_has_the_variance_that_u_says(sd, per):
    channel, x = PixelNoise(sd, per=per), np.zeros((3, 3, 60, 60))
    drawn = channel.apply(x, generator(1, "noise"))
    n = 3 * 60 * 60 * (3 if per == "colour" else 1)
    assert drawn.var() * channel.strength(drawn) == pytest.approx(1, abs=6 * np.sqrt(2 / n))
    assert drawn.mean() / sd == pytest.approx(0, abs=6 / np.sqrt(n))


def test_noise_is_one_plane_for_the_image_or_one_for_each_colour():
    x = images(2)
    planes = PixelNoise(1.0, per="image").apply(x, generator(1, "noise")) - x
    assert np.allclose(planes[:, 0], planes[:, 1], atol=1e-6) and np.allclose(planes[:, 0], planes[:, 2], atol=1e-6)
    colours = PixelNoise(1.0).apply(np.zeros((1, 3, 80, 80)), generator(1, "noise"))[0]
    assert abs(np.corrcoef(colours.reshape(3, -1))[0, 1]) < 0.06
    assert np.abs(PixelNoise(100.0).apply(x, generator(1, "noise"))).max() > 50  # not clipped


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_precision_is_kept(precision):
    x = images().astype(precision)
    for channel in (PixelNoise(1.0), Pixelation(4), PixelDropout(0.5)):
        assert channel.apply(x, generator(0, "noise")).dtype == precision


@settings(deadline=None, max_examples=40)
@given(
    f=st.integers(1, 9),
    height=st.integers(9, 40),
    width=st.integers(9, 40),
    borders=st.sampled_from(["crop", "partial"]),
)
def test_blocks_keep_the_mean_and_tiles_agree_with_pixels(f, height, width, borders):
    x = images(2, height, width).astype(np.float64)
    shrunk, tiled = (Pixelation(f, size, borders) for size in ("shrunk", "tiled"))
    small, large = (channel.apply(x, generator(0, "none")) for channel in (shrunk, tiled))
    assert small.shape[2:] == shrunk.size_after(height, width)
    assert large.shape[2:] == tiled.size_after(height, width)
    if borders == "partial":
        assert large.shape == x.shape
    kept = x[:, :, : large.shape[2], : large.shape[3]]
    assert large.mean(axis=(2, 3)) == pytest.approx(kept.mean(axis=(2, 3)), abs=1e-12)
    if height % f == width % f == 0:
        assert small.mean(axis=(2, 3)) == pytest.approx(x.mean(axis=(2, 3)), abs=1e-12)
    assert np.array_equal(small.repeat(f, 2).repeat(f, 3)[:, :, : large.shape[2], : large.shape[3]], large)
    assert np.array_equal(tiled.apply(large, generator(0, "none")).round(12), large.round(12))


def test_a_block_is_the_mean_of_its_pixels():
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    cropped = Pixelation(2).apply(x, generator(0, "none"))
    assert cropped[0, 0].tolist() == [[3.0, 5.0], [13.0, 15.0]]
    partial = Pixelation(2, borders="partial").apply(x, generator(0, "none"))
    assert partial[0, 0].tolist() == [[3.0, 5.0, 6.5], [13.0, 15.0, 16.5], [20.5, 22.5, 24.0]]
    assert np.array_equal(Pixelation(1).apply(x, generator(0, "none")), x)


def test_the_working_sizes_of_the_paper():
    factors = [1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 200]
    assert [Pixelation(f).size_after(240, 240)[0] for f in factors] == [240 // f for f in factors]
    assert [Pixelation(f).strength(None) for f in factors] == [1 / f for f in factors]
    assert [Pixelation(f, exponent=2).strength(None) for f in factors] == pytest.approx([f**-2 for f in factors])
    assert (Pixelation(2).unit, Pixelation(2, exponent=2).unit) == ("1/f", "1/f²")


def test_blocks_larger_than_the_image_are_refused():
    with pytest.raises(InputError, match="Blocks of 25 × 25 pixels do not fit into images of 24 × 30.*up to 24"):
        Pixelation(25).apply(images(1, 24, 30), generator(0, "none"))
    assert Pixelation(24).apply(images(1, 24, 30), generator(0, "none")).shape == (1, 3, 1, 1)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_dropout_loses_whole_pixels(kept):
    x = images(3, 80, 80)
    noisy = PixelDropout(kept).apply(x, generator(0, "dropout"))
    lost = noisy == 0
    assert (lost.all(axis=1) == lost.any(axis=1)).all()
    assert np.array_equal(noisy[~lost], x[~lost])
    assert 1 - lost.mean() == pytest.approx(kept, abs=5 * np.sqrt(kept * (1 - kept) / (3 * 80 * 80)))
    assert PixelDropout(kept).strength(noisy) == pytest.approx(kept / (1 - kept))


def test_what_cannot_be_a_level_is_refused():
    for level in (0, -1):
        with pytest.raises(UsageError, match="pixel noise must be positive and finite"):
            PixelNoise(level)
    with pytest.raises(UsageError, match="positive whole number of pixels; got 2.5"):
        Pixelation(2.5)
    with pytest.raises(UsageError, match="without 1, at which u = kept/.1 - kept. has no bound; got 1"):
        PixelDropout(1)
