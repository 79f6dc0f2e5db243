"""Folders and zips of images become a dataset, decoded once."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from time import time

import numpy as np
import pytest
from PIL import Image

from noiselaw.errors import InputError, UsageError
from noiselaw.io import content_hash, holds_images, read, read_images
from noiselaw.io import images as reading
from noiselaw.io.decode import decode
from noiselaw.optional import mend_torchvision


def zipped(folder, path, root=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, root + file.relative_to(folder).as_posix())
    return path


def bytes_of(image, kind="PNG", **options):
    held = BytesIO()
    image.save(held, kind, **options)
    return held.getvalue()


def kept_in_cache(tmp_path):
    return sorted((tmp_path / "cache" / "noiselaw" / "images").iterdir())


def test_a_folder_of_class_folders_becomes_a_dataset(pictures):
    folder = pictures()
    dataset = read_images(folder, size=16)
    assert dataset.kind == "images" and dataset.name == "pictures"
    assert dataset.observations.shape == (72, 16, 16, 3) and dataset.observations.dtype == np.uint8
    assert dataset.features.tolist() == ["red", "green", "blue"]
    assert dataset.annotations["class"].value_counts().to_dict() == {"blue": 30, "green": 24, "red": 18}
    assert dataset.names[0] == "blue/image_0000.png" and len(set(dataset.names)) == 72
    assert dataset.annotations.index.tolist() == dataset.names.tolist()
    brightest = dataset.observations.mean(axis=(1, 2)).argmax(axis=1)
    assert (dataset.features[brightest] == dataset.annotations["class"]).all()
    assert dataset.provenance["images"] == "resize to 16 × 16 pixels"


def test_pixels_are_pillows_bilinear_resize(pictures):
    folder = pictures({"a": 2, "b": 2})
    with Image.open(folder / "a" / "image_0001.png") as image:
        expected = np.asarray(image.resize((10, 10), Image.Resampling.BILINEAR))
    assert np.array_equal(read_images(folder, size=10).observations[1], expected)


def test_torchvision_finds_the_same_classes_and_pixels(pictures):
    mend_torchvision()
    pytest.importorskip("torchvision")
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, PILToTensor, Resize

    folder = pictures({"a": 3, "b": 2}, height=21, width=30)
    shutil.copytree(pictures({"b": 2}, height=21, width=32, folder="wider") / "b", folder / "c")
    for fit, steps in (("resize", [Resize((14, 14))]), ("crop", [CenterCrop(21), Resize(14)])):
        found = ImageFolder(str(folder), Compose([*steps, PILToTensor()]))
        dataset = read_images(folder, size=14, fit=fit)
        labels = [found.classes[label] for _, label in found]
        assert dataset.annotations["class"].tolist() == labels
        assert np.array_equal(np.stack([image.permute(1, 2, 0).numpy() for image, _ in found]), dataset.observations)


def test_a_zip_holds_the_same_wherever_its_class_folders_lie(pictures, tmp_path):
    folder = pictures()
    one = read_images(folder, size=12)
    for number, root in enumerate(("", "101_ObjectCategories/", "data/caltech/")):
        two = read_images(zipped(folder, tmp_path / f"{number}.zip", root), size=12)
        assert two.names.tolist() == one.names.tolist()
        assert content_hash(two) == content_hash(one)
        assert two.annotations["class"].equals(one.annotations["class"])


def test_what_tells_images_apart_is_every_pixel_and_name(pictures):
    dataset = read_images(pictures(), size=8)
    other = type(dataset)(**{**vars(dataset), "observations": np.array(dataset.observations)})
    assert content_hash(other) == content_hash(dataset)
    other.observations[71, 7, 7, 2] ^= 1
    assert content_hash(other) != content_hash(dataset)


def test_images_are_decoded_once(pictures, tmp_path, monkeypatch):
    folder = pictures()
    one = read_images(folder, size=12)
    assert isinstance(one.observations, np.memmap) and not one.observations.flags.writeable
    monkeypatch.setattr(reading, "decode", None)
    again = read_images(folder, size=12)
    assert np.array_equal(one.observations, again.observations) and again.provenance == one.provenance
    assert len(kept_in_cache(tmp_path)) == 1


def test_another_size_fit_class_or_file_is_decoded_anew(pictures, tmp_path):
    folder = pictures()
    for options in ({"size": 12}, {"size": 13}, {"size": 12, "fit": "crop"}, {"size": 12, "classes": 2}):
        read_images(folder, **options)
    assert len(kept_in_cache(tmp_path)) == 4
    (folder / "red" / "image_0003.png").write_bytes((folder / "blue" / "image_0003.png").read_bytes())
    changed = read_images(folder, size=12)
    assert len(kept_in_cache(tmp_path)) == 5
    assert changed.observations[30 + 24 + 3].mean(axis=(0, 1)).argmax() == 2


def test_a_damaged_cache_is_decoded_anew(pictures, tmp_path):
    folder = pictures()
    one = read_images(folder, size=12)
    kept = kept_in_cache(tmp_path)[0]
    before = np.array(one.observations)
    del one
    damaged = bytearray((kept / "pixels.npy").read_bytes())
    damaged[-1] ^= 1
    for spoil in (
        lambda: (kept / "pixels.npy").write_bytes(bytes(damaged)),
        lambda: (kept / "pixels.npy").write_bytes(bytes(damaged[:500])),
        lambda: (kept / "facts.json").write_text("{"),
        lambda: shutil.rmtree(kept),
    ):
        spoil()
        assert np.array_equal(read_images(folder, size=12).observations, before)
    assert [entry.name for entry in kept_in_cache(tmp_path)] == [kept.name]


def test_another_process_that_is_faster_is_left_alone(pictures, tmp_path, monkeypatch):
    folder = pictures()
    publish, faster = reading._publish, []

    def slower(part, place):
        if not faster:
            faster.append(None)
            faster.append(read_images(folder, size=12))
            faster.append(place.stat().st_ino)
        publish(part, place)

    monkeypatch.setattr(reading, "_publish", slower)
    one = read_images(folder, size=12)
    assert np.array_equal(one.observations, faster[1].observations)
    kept = kept_in_cache(tmp_path)
    assert [entry.stat().st_ino for entry in kept] == [faster[2]]
    assert not kept[0].name.startswith(".")


def test_what_comes_of_a_folder_meanwhile_does_not_reach_a_reader(pictures, tmp_path, monkeypatch):
    folder, publish = pictures(), reading._publish

    def publish_and_lose(part, place):
        publish(part, place)
        shutil.rmtree(place)

    monkeypatch.setattr(reading, "_publish", publish_and_lose)
    lost = np.array(read_images(folder, size=12).observations)
    monkeypatch.setattr(reading, "_publish", publish)
    assert np.array_equal(lost, read_images(folder, size=12).observations)


def test_what_a_killed_process_left_is_removed_after_a_day(pictures, tmp_path):
    folder = pictures()
    read_images(folder, size=12)
    kept = kept_in_cache(tmp_path)[0]
    shutil.rmtree(kept)
    for name, age in (("old", 90_000), ("young", 3_600)):
        left = kept.with_name(f".{kept.name}.1.{name}")
        left.mkdir()
        (left / "pixels.npy").write_bytes(b"half")
        os.utime(left, (time() - age,) * 2)
    read_images(folder, size=12)
    assert sorted(entry.name for entry in kept.parent.iterdir()) == sorted([f".{kept.name}.1.young", kept.name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "must be a whole number, at least 1 pixel; got 0"),
        ({"size": 2.5}, "must be a whole number, at least 1 pixel; got 2.5"),
        ({"fit": "squash"}, "fit must be one of resize, crop; got 'squash'"),
        ({"corrupt": "ignore"}, "corrupt must be one of refuse, skip; got 'ignore'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(pictures, options, message):
    with pytest.raises(UsageError, match=message):
        read_images(pictures(), **options)


def test_a_cache_that_cannot_be_written_costs_time_only(pictures, tmp_path):
    folder = pictures()
    (tmp_path / "file").write_text("no folder")
    dataset = read_images(folder, size=12, cache=tmp_path / "file")
    assert not isinstance(dataset.observations, np.memmap)
    assert np.array_equal(dataset.observations, read_images(folder, size=12, cache=tmp_path / "other").observations)


def test_threads_change_no_pixel(pictures, tmp_path, monkeypatch):
    folder, found = pictures({"a": 70, "b": 70}), []
    for cores in (1, 4):
        monkeypatch.setattr(reading, "_cores", lambda cores=cores: cores)
        found.append(np.array(read_images(folder, size=9, cache=tmp_path / str(cores)).observations))
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    ("mode", "converted"),
    [
        ("RGB", ""), ("L", "grey"), ("1", "black-and-white"), ("P", "palette"), ("CMYK", "CMYK"),
        ("I;16", "16-bit grey"), ("LA", "grey with transparency"), ("RGBA", "with transparency"),
    ],
)  # fmt: skip
def test_every_mode_becomes_three_colours(mode, converted):
    grey = Image.fromarray(np.full((8, 8), 100, dtype=np.uint8))
    image = Image.fromarray(np.full((8, 8), 100 * 257, dtype=np.uint16)) if mode == "I;16" else grey.convert(mode)
    pixels, told = decode(bytes_of(image, "TIFF"), 4, "resize")
    assert told == converted and pixels.shape == (4, 4, 3) and pixels.dtype == np.uint8
    if mode != "1":
        assert np.abs(pixels.astype(int) - 100).max() <= 1


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((8, 8), 0.5, dtype=np.float32), "its pixels are floating-point numbers, and what is white"),
        (np.full((8, 8), 70_000, dtype=np.int32), "from 70000 to 70000, beyond the 65535 of 16 bits"),
        (np.full((8, 8), -1, dtype=np.int32), "from -1 to -1, beyond the 65535 of 16 bits"),
    ],
)
def test_pixels_whose_white_is_unknown_are_refused(pixels, message):
    with pytest.raises(InputError, match=message):
        decode(bytes_of(Image.fromarray(pixels), "TIFF"), 4, "resize")


def test_transparency_in_a_palette_is_dropped_without_a_word():
    image = Image.fromarray(np.full((8, 8, 3), 100, dtype=np.uint8)).quantize(4)
    data = bytes_of(image, transparency=b"\x00\x80")
    pixels, told = decode(data, 8, "resize")
    assert told == "palette" and (pixels == 100).all()


def test_a_crop_keeps_the_proportions():
    wide = np.zeros((20, 60, 3), dtype=np.uint8)
    wide[:, 20:40] = 255
    image = bytes_of(Image.fromarray(wide))
    assert (decode(image, 20, "crop")[0] == 255).all()
    resized = decode(image, 20, "resize")[0]
    assert 0 < resized.mean() < 255
    tall = bytes_of(Image.fromarray(wide.transpose(1, 0, 2)))
    assert (decode(tall, 10, "crop")[0] == 255).all()


def test_conversions_are_counted(pictures):
    folder = pictures({"a": 3, "b": 3})
    grey = Image.fromarray(np.full((8, 8), 100, dtype=np.uint8))
    for label in ("a", "b"):
        grey.save(folder / label / "grey.jpg")
    grey.convert("P").save(folder / "a" / "palette.gif")
    dataset = read_images(folder, size=8)
    assert dataset.provenance["converted to RGB"] == "2 grey, 1 palette"
    assert len(dataset.names) == 9


def test_classes_are_named_or_the_largest(pictures):
    folder = pictures({"blue": 5, "green": 9, "red": 5})
    assert set(read_images(folder, size=8, classes=2).annotations["class"]) == {"blue", "green"}
    assert set(read_images(folder, size=8, classes=["red", "blue"]).annotations["class"]) == {"blue", "red"}
    with pytest.raises(InputError, match="pictures: There is no class 'gren'. Nearest: green"):
        read_images(folder, size=8, classes=["gren"])
    with pytest.raises(UsageError, match="classes must lie between 1 and the 3 there are; got 4"):
        read_images(folder, size=8, classes=4)
    with pytest.raises(UsageError, match="at least 1 pixel; got 0"):
        read_images(folder, size=0)


def test_identical_images_are_said_and_those_of_two_classes(pictures):
    folder = pictures()
    assert "identical images" not in read_images(folder, size=12).provenance
    shutil.copy(folder / "red" / "image_0001.png", folder / "red" / "twin.png")
    told = read_images(folder, size=12).provenance["identical images"]
    assert told == "2 that another equals at this size, first red/image_0001.png and red/twin.png"
    shutil.copy(folder / "red" / "image_0001.png", folder / "blue" / "twin.png")
    told = read_images(folder, size=12).provenance["identical images"]
    assert told.startswith("3 that another equals") and told.endswith(
        "; 3 of them in several classes, first blue/twin.png"
    )


def test_a_class_of_one_image_is_kept_and_said(pictures):
    dataset = read_images(pictures({"many": 5, "one": 1, "single": 1}), size=8)
    assert len(dataset.names) == 7
    assert dataset.provenance["classes of one image"] == "one, single"


def test_a_corrupt_image_is_named_or_skipped(pictures, tmp_path):
    folder = pictures({"a": 4, "b": 4}, ending="jpg")
    whole = (folder / "a" / "image_0002.jpg").read_bytes()
    (folder / "a" / "image_0002.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        InputError, match=r"pictures: The image 'a/image_0002.jpg' could not be decoded: .*[tT]runcated"
    ):
        read_images(folder, size=8)
    assert not kept_in_cache(tmp_path)
    (folder / "b" / "image_0000.jpg").write_bytes(b"no image at all")
    dataset = read_images(folder, size=8, corrupt="skip")
    assert len(dataset.names) == 6 and dataset.observations.shape == (6, 8, 8, 3)
    assert "a/image_0002.jpg" not in dataset.names
    said = dataset.provenance["images skipped"]
    assert said.startswith("2 that could not be decoded, first a/image_0002.jpg (")
    reference = read_images(zipped(folder, tmp_path / "same.zip"), size=8, corrupt="skip", cache=tmp_path / "file.txt")
    assert np.array_equal(reference.observations, dataset.observations)
    with pytest.raises(InputError, match="'b/image_0000.jpg' could not be decoded: it is in no format that Pillow"):
        read_images(folder, size=8, classes=["b"])
    for file in folder.rglob("*.jpg"):
        file.write_bytes(b"")
    with pytest.raises(InputError, match="None of its 8 images could be decoded, first a/image_0000.jpg"):
        read_images(folder, size=8, corrupt="skip")


def test_folders_that_are_no_classes_are_refused(pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    with pytest.raises(
        InputError, match="empty: There is no image in it. Expected one folder of images for each class"
    ):
        read_images(tmp_path / "empty")
    with pytest.raises(InputError, match="absent: There is no such file or folder"):
        read_images(tmp_path / "absent")
    folder = pictures()
    Image.new("RGB", (8, 8)).save(folder / "loose.png")
    with pytest.raises(InputError, match="'loose.png' lies in none. Move it"):
        read_images(folder, size=8)


def test_what_other_programs_leave_behind_is_no_image(pictures):
    folder = pictures()
    (folder / "__MACOSX" / "red").mkdir(parents=True)
    (folder / "__MACOSX" / "red" / "image.png").write_bytes(b"?")
    (folder / "red" / "._image_0000.png").write_bytes(b"?")
    (folder / "red" / "README.txt").write_text("?")
    assert len(read_images(folder, size=8).names) == 72


def test_zips_that_are_none_or_point_outside_are_refused(pictures, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match=r"bad.zip: It is called a zip archive but is none, or was cut off"):
        read_images(tmp_path / "bad.zip")
    (tmp_path / "file.tar").write_bytes(b"no archive")
    with pytest.raises(InputError, match="file.tar: Expected a folder, or a zip"):
        read_images(tmp_path / "file.tar")
    for name in ("../outside/image.png", "/absolute/image.png", "class/../../image.png", "C:/class/image.png"):
        with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
            archive.writestr(name, bytes_of(Image.new("RGB", (8, 8))))
        with pytest.raises(InputError, match="slip.zip: The archive has a member that points outside of it"):
            read_images(tmp_path / "slip.zip")
    path = zipped(pictures({"a": 2, "b": 2}), tmp_path / "cut.zip")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("b/image_0001.png").header_offset + 60
    data = bytearray(path.read_bytes())
    data[at : at + 40] = bytes(40)
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"cut.zip: b/image_0001.png could not be unpacked.*Copy the archive again"):
        read_images(path, size=8)


def test_which_paths_are_images(pictures, tmp_path):
    folder = pictures()
    assert holds_images(folder) and holds_images(str(folder))
    assert holds_images(tmp_path / "not there yet.zip")
    assert not holds_images(tmp_path / "cells.h5ad") and not holds_images(tmp_path / "absent")
    (tmp_path / "tenx").mkdir()
    (tmp_path / "tenx" / "matrix.mtx").write_text("")
    shutil.copytree(folder, tmp_path / "tenx" / "spatial")
    assert not holds_images(tmp_path / "tenx")


def test_a_zip_read_as_cells_says_what_reads_images(pictures, tmp_path):
    path = zipped(pictures(), tmp_path / "pictures.zip")
    with pytest.raises(InputError, match="Unknown ending '.zip'.*of images, call noiselaw.io.read_images"):
        read(path)


def test_the_papers_five_classes(real_data, tmp_path):
    path = real_data("caltech101_5class.zip")
    dataset = read_images(path, size=16, cache=tmp_path)
    sizes = {"Faces": 435, "Faces_easy": 435, "Motorbikes": 798, "airplanes": 800, "watch": 239}
    assert dataset.annotations["class"].value_counts().to_dict() == sizes
    assert dataset.provenance["converted to RGB"] == "7 grey"
    facts = json.loads(next(tmp_path.glob("*/facts.json")).read_text())
    assert facts["names"][0] == "101_ObjectCategories/Faces/image_0001.jpg"
    assert dataset.names[0] == "Faces/image_0001.jpg"
    with zipfile.ZipFile(Path(path)) as archive, Image.open(BytesIO(archive.read(facts["names"][-1]))) as image:
        expected = np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(dataset.observations[-1], expected)


def test_folders_inside_of_class_folders_are_refused(pictures):
    folder = pictures({"train/blue": 2, "train/green": 2, "test/blue": 1})
    with pytest.raises(InputError, match="'test/blue/image_0000.png' lies in a folder inside of one, so that what its"):
        read_images(folder, size=8)
    assert set(read_images(folder / "train", size=8).annotations["class"]) == {"blue", "green"}
