"""Caltech101 as it is published: a compressed archive within a zip."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from noiselaw.datasets import DATASETS, Caltech101, RemoteFile, load
from noiselaw.errors import InputError

_SIZES = {
    "BACKGROUND_Google": 9,
    "Faces": 6,
    "airplanes": 8,
    "ant": 3,
    "bass": 2,
    "watch": 5,
    "wrench": 4,
    "wild_cat": 2,
}


@pytest.fixture
def published(pictures, tmp_path):
    """A small archive in the published layout, in a folder of its own."""
    folder = pictures(_SIZES, folder="101_ObjectCategories", ending="jpg")
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as inner:
        inner.add(folder, "101_ObjectCategories")
    place = tmp_path / "published"
    place.mkdir()
    with zipfile.ZipFile(place / "caltech-101.zip", "w") as outer:
        outer.writestr("caltech-101/101_ObjectCategories.tar.gz", held.getvalue())
        outer.writestr("caltech-101/Annotations.tar", b"not read")
        outer.writestr("__MACOSX/caltech-101/._101_ObjectCategories.tar.gz.txt", b"")
    return place


@pytest.fixture
def unchecked(monkeypatch):
    """The published hash is that of the real file."""
    monkeypatch.setattr(Caltech101, "files", (RemoteFile("caltech-101.zip", Caltech101.files[0].url),))


def test_the_largest_classes_without_the_background(published, unchecked):
    dataset = load("caltech101", published, size=12)
    assert dataset.kind == "images" and dataset.name == "caltech101"
    sizes = {
        label: count for label, count in _SIZES.items() if label in {"Faces", "airplanes", "ant", "watch", "wrench"}
    }
    assert dataset.annotations["class"].value_counts().to_dict() == sizes
    assert dataset.observations.shape == (sum(sizes.values()), 12, 12, 3)
    assert dataset.names[0] == "Faces/image_0000.jpg"
    assert dataset.provenance["licence"].startswith("CC BY 4.0")
    assert not (published / "caltech-101").exists()
    everything = load("caltech101", published, size=12, classes=())
    assert "BACKGROUND_Google" not in set(everything.annotations["class"])
    assert len(everything.names) == sum(_SIZES.values()) - 9


def test_pixels_are_those_of_the_folder(published, unchecked, pictures, tmp_path):
    from noiselaw.io import read_images

    one = load("caltech101", published, size=12, classes=("watch",))
    two = read_images(tmp_path / "101_ObjectCategories", size=12, classes=("watch",))
    assert np.array_equal(one.observations, two.observations)


def test_another_file_than_the_published_is_refused(published):
    with pytest.raises(InputError, match="caltech-101.zip is not the published file: expected md5 3138e1922a91"):
        load("caltech101", published)


def test_damaged_archives_are_refused(published, unchecked):
    path = published / "caltech-101.zip"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="caltech-101.zip: It could not be read .*fetch the dataset again"):
        load("caltech101", published)
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr("caltech-101/101_ObjectCategories.tar.gz", b"\x1f\x8b no archive")
    with pytest.raises(InputError, match="It could not be read"):
        load("caltech101", published)
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr("other", b"")
    with pytest.raises(InputError, match="It holds no 101_ObjectCategories.tar.gz"):
        load("caltech101", published)


def test_it_is_fetched_from_where_torchvision_has_it():
    file = Caltech101.files[0]
    assert file.url.startswith("https://data.caltech.edu/records/mzrjq-6wc02")
    assert file.known_hash == "md5:3138e1922a9193bfa496528edbbc45d0"
    assert DATASETS.get("caltech101").kind == "images"


def test_the_command_tells_images_from_cells(published, unchecked, pictures):
    from noiselaw.cli.datasets import app

    run = CliRunner()
    shown = run.invoke(app, ["fetch", "caltech101", "--folder", str(published)])
    assert shown.exit_code == 0, shown.output
    assert "caltech101: 26 images of 240 × 240 pixels in" in shown.output
    facts = json.loads(run.invoke(app, ["fetch", "caltech101", "--folder", str(published), "--json"]).output)
    assert (facts["images"], facts["height"], facts["annotations"]) == (26, 240, ["class"])
    described = run.invoke(app, ["describe", "caltech101"]).output
    assert "licence:   CC BY 4.0" in described
