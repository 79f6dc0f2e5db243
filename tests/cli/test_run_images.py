"""``noiselaw run`` on images."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from noiselaw.cli import main
from noiselaw.errors import InputError
from noiselaw.records import Embedding, History
from noiselaw.represent import REPRESENTATIONS, Encoder, Representation

QUICK = ["--levels", "0.2,20", "--sizes", "1", "--seeds", "1", "--workers", "1", "--held-out", "0.5"]


@dataclass(frozen=True, eq=False)
class _Encoder(Encoder):
    history: History

    def _embed(self, prepared):
        return Embedding(prepared.values.pixels().mean(axis=(2, 3)).astype(np.float64))


@dataclass(frozen=True)
class MeanColour(Representation):
    takes: ClassVar = "image"

    def _fit(self, prepared, rng):
        return _Encoder(History())


@pytest.fixture
def mean_colour(monkeypatch):
    monkeypatch.setitem(REPRESENTATIONS.builtin, "mean_colour", MeanColour)
    return ["--models", "mean_colour", "--probe", "classifier"]


def test_a_folder_or_a_zip_of_images_is_measured(pictures, tmp_path, capsys, mean_colour):
    folder = pictures({"blue": 60, "green": 60})
    out = tmp_path / "study"
    assert main(["run", str(folder), "--image-size", "16", "--out", str(out), *QUICK, *mean_colour]) == 0
    assert "2 measurements (0 failed)" in capsys.readouterr().out
    table = pd.read_csv(out / "measurements.csv")
    assert set(table["signal"]) == {"class"} and set(table["dataset"]) == {"pictures"}
    assert (out / "report.html").stat().st_size > 10_000
    assert main(["status", str(out)]) == 0
    assert main(["run", str(out / "study.toml"), "--out", str(out)]) == 0  # what it wrote runs again

    shutil.make_archive(str(tmp_path / "pictures"), "zip", folder)
    again = tmp_path / "zipped"
    zipped = ["run", str(tmp_path / "pictures.zip"), "--image-size", "16", "--label", "class", "--out", str(again)]
    assert main([*zipped, *QUICK, *mean_colour]) == 0
    assert pd.read_csv(again / "measurements.csv")["bits"].tolist() == table["bits"].tolist()
    capsys.readouterr()
    assert main([*zipped, "--dry-run", *QUICK, *mean_colour]) == 0
    assert "of which 0 are left" in capsys.readouterr().out


def refused(capsys, *arguments):
    code = main(["run", *map(str, arguments)])
    return code, capsys.readouterr().err


def test_what_is_wrong_is_said_in_a_sentence(pictures, tmp_path, capsys, h5ad, mean_colour):
    folder = pictures({"blue": 60, "green": 60}, ending="jpg")
    out = ["--out", tmp_path / "study", *QUICK]
    code, said = refused(capsys, folder, "--models", "pca", *out)
    assert code == 2 and "The model 'pca' takes 'lognorm', and the preparation 'images' gives 'image'" in said
    code, said = refused(capsys, h5ad, "--label", "cell_type", "--models", "mean_colour", "--levels", "0.1")
    assert code == 2 and "The model 'mean_colour' takes 'image'" in said
    code, said = refused(capsys, folder, "--counts", "raw", *mean_colour, *out)
    assert code == 2 and "images have none" in said
    code, said = refused(capsys, h5ad, "--label", "cell_type", "--image-size", "32")
    assert code == 2 and "--image-size is for images, and" in said
    code, said = refused(capsys, folder, "--label", "breed", *mean_colour, *out)
    assert code == 3 and "'breed'" in said and "class" in said
    code, said = refused(capsys, folder, *mean_colour, *out[:2], "--levels", "0.0")
    assert code == 2 and "must be positive and finite" in said and "got 0.0. Pass e.g. 1." in said
    code, said = refused(capsys, tmp_path / "absent.zip", *mean_colour, *out)
    assert code == 3 and "absent.zip: There is no such file or folder" in said
    (folder / "blue" / "image_0007.jpg").write_bytes(b"\xff\xd8 no photograph")
    code, said = refused(capsys, folder, *mean_colour, *out)
    assert code == 3 and "The image 'blue/image_0007.jpg' could not be decoded" in said
    assert not (tmp_path / "study").exists()
    for label in ("blue", "green"):
        shutil.rmtree(folder / label)
    code, said = refused(capsys, folder, "--image-size", "16", *mean_colour, *out)
    assert code == 2 and "pictures holds none. Expected a folder, or a zip, with one folder of images for each" in said
    (folder / "notes.txt").write_text("no image")
    code, said = refused(capsys, folder)
    assert code == 2 and "Say what to ask about" in said and "No image was found in the folder." in said
    (folder / "notes.txt").unlink()
    code, said = refused(capsys, folder)
    assert code == 2 and "is empty. Expected cells, or one folder of images for each class." in said


def test_a_dry_run_says_which_model_fails(pictures, tmp_path, capsys, monkeypatch, mean_colour):
    def fails(self, prepared, rng):
        raise InputError("torchvision has no such network.")

    monkeypatch.setattr(MeanColour, "_fit", fails)
    folder, out = pictures({"blue": 60, "green": 60}), tmp_path / "study"
    asked = ["run", str(folder), "--image-size", "16", "--out", str(out), *QUICK, *mean_colour]
    assert main([*asked, "--dry-run"]) == 0
    assert "Failed in the calibration, and so not in that time: mean_colour: torchvision" in capsys.readouterr().out
    assert not out.exists()


def test_a_first_look_is_small_and_says_what_it_leaves_out(pictures, tmp_path, capsys, mean_colour):
    folder = pictures({"blue": 60, "green": 60})
    dry = ["run", str(folder), "--dry-run", "--levels", "0.2,20", "--held-out", "0.5", *mean_colour]
    assert main(dry) == 0
    shown = capsys.readouterr()
    assert "2 conditions, 2 fits, 2 measurements" in shown.out
    assert (
        "A first look: 96 pixels a side, all training images, one seed. In full (15 times the fits and 6.2 times the "
        "pixels): --image-size 240 --sizes 5 --seeds 3." in shown.err
    )
    assert main([*dry, "--image-size", "32", "--seeds", "2"]) == 0
    shown = capsys.readouterr()
    assert "A first look: all training images. In full (5 times the fits): --sizes 5." in shown.err
    assert "4 conditions, 4 fits" in shown.out
    assert main([*dry, "--image-size", "32", "--seeds", "2", "--sizes", "60"]) == 0
    assert main([*dry, "--protocol", "recommended"]) == 0
    shown = capsys.readouterr()
    assert "A first look" not in shown.err and "6 conditions" in shown.out


def test_a_run_of_images_says_how_many_there_are(pictures, tmp_path, capsys, mean_colour):
    folder = pictures({"blue": 60, "green": 60})
    out = ["--image-size", "16", "--out", str(tmp_path / "study")]
    assert main(["run", str(folder), *out, *QUICK, *mean_colour]) == 0
    assert "pictures: 120 images of 16 × 16 pixels." in capsys.readouterr().err


def test_nothing_that_a_study_of_images_prints_speaks_of_cells(pictures, tmp_path, capsys, mean_colour):
    folder, study = pictures({"blue": 60, "green": 60}), str(tmp_path / "study")
    assert (
        main(["run", str(folder), "--image-size", "16", "--out", study, *QUICK, *mean_colour, "--levels", "0.2,1,5,20"])
        == 0
    )
    for command in (["fit", study], ["plan", study, "--no-pilots"], ["status", study]):
        assert main(command) == 0
    shown = "".join(capsys.readouterr())
    assert "limited by signal-to-noise or by observations?" in shown
    assert not re.search(r"\b(cells?|UMIs?|genes?|depth)\b", shown, re.IGNORECASE)
