"""Images as they come through a channel, drawn where they are read."""

import numpy as np
import pytest

from noiselaw.channels import Pixelation, PixelNoise
from noiselaw.errors import InputError
from noiselaw.prepare import ImageScaling, ImageView

COLOURS = np.array(["red", "green", "blue"])


@pytest.fixture
def observations(tmp_path):
    """A memory map, as a sweep has them."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 10, 12, 3), dtype=np.uint8)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    np.save(tmp_path / "pixels.npy", pixels)
    return np.load(tmp_path / "pixels.npy", mmap_mode="r")


def test_pixels_are_planes_on_a_scale_of_minus_one_to_one(observations):
    shown = ImageView.of(observations).pixels()
    assert shown.shape == (9, 3, 10, 12) and shown.dtype == np.float32
    assert shown[0, :, 0, 0].tolist() == [-1, -1, -1] and shown[0, :, 0, 1].tolist() == [1, 1, 1]
    assert np.abs(shown - (np.moveaxis(observations, -1, 1) / 127.5 - 1)).max() < 1e-6


def test_it_is_shaped_like_what_it_shows(observations):
    assert ImageView.of(observations).shape == (9, 3, 10, 12)
    view = ImageView.of(observations, Pixelation(5))
    assert view.shape == view.pixels().shape == (9, 3, 2, 2)
    assert len(view[2:5]) == 3 and view[2:5].shape == (3, 3, 2, 2)
    assert view.dtype == view.pixels().dtype == np.float32


def test_rows_of_rows_are_the_same_images_with_the_same_noise(observations):
    view = ImageView.of(observations, PixelNoise(1.0), seed=3)
    part = view[np.array([7, 2, 5])]
    assert np.array_equal(part.pixels(), view.pixels(np.array([7, 2, 5])))
    assert np.array_equal(part[1:].pixels(epoch=4), view.pixels(epoch=4)[[2, 5]])
    assert np.array_equal(part.pixels(slice(1, 3), epoch=4), view.pixels(epoch=4)[[2, 5]])
    assert not np.array_equal(view.pixels(epoch=1), view.pixels(epoch=2))
    assert np.array_equal(np.asarray(part), part.pixels())
    fixed = ImageView.of(observations, PixelNoise(1.0, noise="fixed"), seed=3)
    assert np.array_equal(fixed.pixels(epoch=1), fixed.pixels(epoch=2))


def test_what_is_prepared_can_be_taken_apart(observations):
    view = ImageView.of(observations, PixelNoise(1.0))
    names = np.array([f"image{i}" for i in range(9)])
    fitted = ImageScaling().fit(view, np.arange(5), COLOURS, 1.0)
    prepared = fitted.apply(view, names, 1.0)
    assert prepared.view == "image" and prepared.features.tolist() == COLOURS.tolist() and len(prepared) == 9
    taken = prepared.take(np.array([3, 1]))
    assert taken.names.tolist() == ["image3", "image1"]
    assert np.array_equal(taken.values.pixels(), view.pixels()[[3, 1]])
    assert np.isnan(taken.library_size).all()
    assert fitted.notes == {"level": 1.0, "height": 10, "width": 12, "fallback": ""}


def test_what_is_no_image_is_refused(observations):
    with pytest.raises(InputError, match=r"must be \(n, height, width, 3\) of uint8; got float64 of shape"):
        ImageView.of(np.ones((2, 4, 4, 3)))
    with pytest.raises(InputError, match="uint8; got uint8 of shape"):
        ImageView.of(np.ones((2, 4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match=r"takes images \(n, 3, height, width\); got shape \(4, 3\).*'cells'"):
        ImageScaling().fit(np.ones((4, 3)), np.arange(2), COLOURS)
