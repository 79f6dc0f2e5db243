"""A sweep over images: from a folder to a table of measurements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from noiselaw.channels import CHANNELS, Pixelation, PixelNoise
from noiselaw.datasets import Caltech101
from noiselaw.errors import InputError, UsageError
from noiselaw.io import read_images
from noiselaw.optional import mend_torchvision
from noiselaw.probes import Discrete
from noiselaw.records import Embedding, History
from noiselaw.represent import Encoder, ImageClassifier, Representation
from noiselaw.signals import Labels, OneAgainstAll
from noiselaw.sweep import CellFile, ImageFiles, Store, Study, forecast, load, run


@dataclass(frozen=True, eq=False)
class _Colour(Encoder):
    epoch: int
    history: History = field(default=History())

    def _embed(self, prepared):
        shown = prepared.values.pixels(slice(None), epoch=0)
        return Embedding(shown.mean(axis=(2, 3)).astype(np.float64), {"side": shown.shape[2]})


@dataclass(frozen=True)
class MeanColour(Representation):
    """The mean of each colour: tells the classes of ``pictures`` apart."""

    takes: ClassVar = "image"
    epoch: int = 3

    def _fit(self, prepared, rng):
        return _Colour(self.epoch, History(curves={"mean": (float(prepared.values.pixels(epoch=self.epoch).mean()),)}))


def study(data, **options):
    given = {
        "levels": [0.2, 20.0],
        "sizes": 1,
        "seeds": 1,
        "models": [MeanColour()],
        "probes": "classifier",
        "held_out": 0.5,
    }
    return Study(data, signals=[Labels("class")], **{**given, **options})


def test_a_folder_is_measured(pictures, tmp_path):
    folder = pictures({"blue": 60, "green": 60, "red": 60})
    asked = study(ImageFiles(str(folder), size=16), name="colours")
    assert (asked.channel, asked.preparation.prepares) == (PixelNoise(1.0), "images")
    table = run(asked, tmp_path / "study")
    assert (table["status"] != "failed").all(), table["reason"].tolist()
    assert table["u"].tolist() == pytest.approx([25.0, 1 / 400])
    assert set(table["channel"]) == {"pixel_noise"} and set(table["u_unit"]) == {"1/variance"}
    assert table["bits"].iloc[0] > 1.3 > 0.7 > table["bits"].iloc[1]
    assert (table["n_train"] == 90).all() and (table["n_test"] == 90).all()
    again = run(asked, tmp_path / "again")
    assert again["bits"].equals(table["bits"])


def test_what_a_study_of_images_is_unless_it_says_otherwise(pictures):
    folder = pictures()
    plain, paper = (Study(folder, signals=[Labels("class")], protocol=name) for name in ("recommended", "paper"))
    assert plain.channel == paper.channel == PixelNoise(1.0)
    assert plain.models == (ImageClassifier("class"),)
    assert paper.models == (ImageClassifier("class", head=101, epochs=5, validation_share=0, keep="last"),)
    assert plain.probes == paper.probes == (Discrete("given_labels"),)
    assert (plain.splits, paper.splits) == ("complementary", "random")
    for models in ("image_classifier", ["image_classifier"], [{"kind": "image_classifier"}], plain.models):
        named = Study(folder, signals=[Labels("class")], models=models)
        assert (named.models, named.probes) == (plain.models, plain.probes)
    own = Study(folder, signals=[Labels("class")], models=[MeanColour()])
    hidden = Study(folder, signals=[Labels("class")], models=[ImageClassifier(output="hidden")])
    assert own.probes == hidden.probes == Study("cells.h5ad", signals=[Labels("class")]).probes


def test_a_class_of_one_image_is_measured_with_the_others_and_said(pictures):
    folder = pictures({"blue": 80, "green": 80, "lone": 1})
    loaded = load(study(ImageFiles(str(folder), size=16), levels=[0.2]))
    assert loaded.dataset.provenance["classes of one image"] == "lone"
    (row,) = run(loaded.study).to_dict("records")
    assert row["status"] in {"ok", "warned"} and row["bits"] > 0.7
    with pytest.raises(InputError, match="only 'lone' in column 'class'"):
        load(study(ImageFiles(str(folder), size=16, classes=("lone",))))


def test_a_corrupt_image_is_refused_or_skipped(pictures):
    folder = pictures({"blue": 80, "green": 80}, ending="jpg")
    (folder / "blue" / "image_0003.jpg").write_bytes(b"?")
    with pytest.raises(InputError, match="The image 'blue/image_0003.jpg' could not be decoded"):
        load(study(ImageFiles(str(folder), size=16)))
    loaded = load(study(ImageFiles(str(folder), size=16, corrupt="skip")))
    assert len(loaded.dataset.names) == 159
    assert loaded.dataset.provenance["images skipped"].startswith("1 that could not be decoded")


def classified(folder):
    mend_torchvision()
    pytest.importorskip("torchvision")
    model = ImageClassifier("class", weights="none", epochs=2, batch=32, learning_rate=1e-3, device="cpu")
    signals = [Labels("class"), OneAgainstAll("class", "red")]
    levels = {"levels": [0.2, 50.0], "sizes": 1, "seeds": 1, "held_out": 0.6}
    data = ImageFiles(str(folder({"blue": 60, "green": 60, "red": 60})), size=32)
    return Study(data, signals=signals, models=[model], probes=[Discrete("given_labels")], **levels)


def test_an_image_classifier_is_measured(pictures):
    asked = classified(pictures)
    table = run(asked)
    assert (table["status"] != "failed").all(), table["reason"].tolist()
    assert set(table["signal"]) == set(asked.signal_names)
    assert (table["bits"] <= table["ceiling_bits"] + 1e-9).all()


@pytest.mark.slow
def test_workers_change_no_number_of_an_image_classifier(pictures, tmp_path):
    asked = classified(pictures)
    assert run(asked, tmp_path / "one")["bits"].equals(run(asked, tmp_path / "two", workers=2)["bits"])


def test_no_noisy_copy_is_kept(pictures, tmp_path, monkeypatch):
    from noiselaw.sweep.execute import _Driver

    monkeypatch.setattr(_Driver, "tidy", lambda *args: None)
    folder = pictures({"blue": 60, "green": 60, "red": 60})
    run(study(ImageFiles(str(folder), size=16)), tmp_path / "study")
    store = Store.open(tmp_path / "study")
    (source,) = (store.read("sources", key) for key in store.keys("sources"))
    assert source.arrays["pixels"].shape == (180, 16, 16, 3)
    assert np.array_equal(source.arrays["pixels"], read_images(folder, size=16).observations)
    conditions = [store.read("conditions", key) for key in store.keys("conditions")]
    assert len(conditions) == 2
    for piece in conditions:
        assert set(piece.arrays) == {"features", "library_size"}
        assert piece.body["shape"] == [180, 3, 16, 16]
        assert "empty_held_out" not in piece.body


def test_how_the_data_are_named_changes_no_number(pictures):
    folder = pictures({"blue": 60, "green": 60, "red": 60})
    one = run(study(ImageFiles(str(folder), size=12), name="x"))
    two = run(study(read_images(folder, size=12), name="x"))
    assert one["bits"].equals(two["bits"])


@pytest.mark.parametrize(
    ("channel", "levels", "u"),
    [
        ({"kind": "pixelation"}, [1, 4], {1.0, 0.25}),
        ({"kind": "pixelation", "size": "tiled", "exponent": 2}, [1, 4], {1.0, 1 / 16}),
        ({"kind": "pixel_dropout", "noise": "fixed"}, [0.5], {1.0}),
        ({"kind": "pixel_noise", "per": "image", "noise": "fixed"}, [2.0], {0.25}),
    ],
)
def test_every_channel_for_images_runs(pictures, channel, levels, u):
    folder = pictures({"blue": 60, "green": 60, "red": 60})
    table = run(study(ImageFiles(str(folder), size=16), channel=channel, levels=levels))
    assert (table["status"] != "failed").all(), table["reason"].tolist()
    assert set(table["u"]) == u
    if channel["kind"] == "pixelation":
        assert set(table["u_unit"]) == {"1/f²" if "exponent" in channel else "1/f"}


def test_both_exponents_of_pixelation_come_from_the_same_fits(pictures, tmp_path):
    data = ImageFiles(str(pictures({"blue": 60, "green": 60, "red": 60})), size=16)
    one, two = (
        study(data, channel={"kind": "pixelation", "exponent": exponent}, levels=[1, 4, 16]) for exponent in (1, 2)
    )
    as_run = run(one, tmp_path / "study")
    fits = Store.open(tmp_path / "study").keys("embeddings")
    in_theory = run(two, tmp_path / "study")
    assert Store.open(tmp_path / "study").keys("embeddings") == fits and len(fits) == 3
    assert in_theory["bits"].equals(as_run["bits"])
    assert in_theory["u"].tolist() == pytest.approx((as_run["u"] ** 2).tolist())
    assert set(in_theory["u_unit"]) == {"1/f²"} and set(as_run["u_unit"]) == {"1/f"}
    assert run(one, tmp_path / "study")["u"].equals(as_run["u"])


def test_a_study_file_names_images(pictures, tmp_path):
    folder = pictures()
    text = """
        levels = 3
        [data]
        path = "pictures"
        size = 16
        fit = "crop"
        classes = ["blue", "red"]
        [[signals]]
        kind = "labels"
        column = "class"
    """
    asked = Study.from_toml(text, tmp_path, models=[MeanColour()])
    assert asked.data == ImageFiles(str(folder), 16, "crop", ("blue", "red"))
    assert asked.name == "pictures"
    assert asked.levels == pytest.approx((0.1, 10**0.5, 100))
    written = asked.to_toml().replace("MeanColour", "pca")
    back = Study.from_toml(written.split("[[models]]")[0], models=[MeanColour()])
    assert back == asked
    # A file that is not there yet is known by its options.
    absent = Study.from_toml(text.replace("pictures", "absent"), tmp_path, models=[MeanColour()])
    with pytest.raises(InputError, match="absent: There is no such file or folder"):
        load(absent)
    assert isinstance(
        Study.from_toml('data = "cells.h5ad"\nsignals = [{kind = "labels", column = "x"}]').data, CellFile
    )


def test_caltech101_by_name():
    text = '[data]\ndataset = "caltech101"\nsize = 96\n[[signals]]\nkind = "labels"\ncolumn = "class"\n'
    asked = Study.from_toml(text, models=[MeanColour()], channel="pixelation")
    assert asked.data == Caltech101(size=96)
    assert asked.channel == Pixelation(1.0)
    assert Study.from_toml(asked.to_toml().split("[[models]]")[0], models=[MeanColour()]) == asked
    with pytest.raises(UsageError, match="no option 'sise'. Nearest: size"):
        Study.from_toml(text.replace("size", "sise"))


def test_parts_for_cells_are_refused_for_images_and_the_reverse(pictures, cells):
    folder = pictures()
    for words, data, options in (
        (
            "The data are images, and the channel 'binomial' takes counts. For images there are: pixel_noise, "
            "pixelation, pixel_dropout",
            folder,
            {"channel": "binomial"},
        ),
        (
            "data are images, and the preparation 'cells' takes counts. For images there is: images",
            folder,
            {"preparation": "cells"},
        ),
        ("model 'pca' takes 'lognorm', and the preparation 'images' gives 'image'", folder, {"models": ["pca"]}),
        (
            "model 'MeanColour' takes 'image', and the preparation 'cells' gives 'counts' or 'lognorm' or 'ranks'. "
            "Models for counts: random_projection",
            cells,
            {},
        ),
        ("data are counts, and the channel 'pixelation' takes images", cells, {"channel": "pixelation"}),
        ("data are counts, and the preparation 'images' takes images", cells, {"preparation": "images"}),
    ):
        with pytest.raises(UsageError, match=re.escape(words)):
            study(data, **options)


def test_signals_that_need_more_than_classes_are_refused(pictures):
    with pytest.raises(InputError, match="clone"):
        load(
            Study(
                read_images(pictures(), size=8), signals=[{"kind": "clonal", "clone": "clone"}], models=[MeanColour()]
            )
        )


def test_blocks_larger_than_the_image_are_refused_before_anything_runs(pictures, tmp_path):
    asked = study(ImageFiles(str(pictures()), size=16), channel="pixelation", levels=[2, 40])
    with pytest.raises(
        InputError, match="Blocks of 40 × 40 pixels do not fit into images of 16 × 16. Choose levels up to 16"
    ):
        run(asked, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_level_that_cannot_be_meant_is_refused(pictures):
    for channel, level in (("pixel_noise", 0), ("pixel_noise", -1), ("pixelation", 1.5), ("pixel_dropout", 1.0)):
        with pytest.raises(UsageError, match=r"Pass e\.g\."):
            study(pictures(folder=f"{channel}{level}"), channel=channel, levels=[level])


def test_a_dataset_that_is_not_of_its_kind_is_refused(pictures, monkeypatch):
    from noiselaw.sweep import conduct

    dataset = read_images(pictures(), size=8)
    monkeypatch.setattr(conduct.io, "read", lambda *args, **options: dataset)
    with pytest.raises(InputError, match="cells was to hold counts, and holds images"):
        load(Study("cells.h5ad", signals=[Labels("class")], models=["pca"]))


def test_what_it_takes_is_said_beforehand(pictures):
    expected = forecast(load(study(ImageFiles(str(pictures({"a": 60, "b": 60})), size=16))), None, 1)
    assert (expected.conditions, expected.fits, expected.measurements) == (2, 2, 2)
    assert expected.seconds > 0 and expected.disk_bytes > 120 * 16 * 16 * 3


def test_the_calibration_takes_the_fullest_level(pictures):
    from noiselaw.sweep.forecast import _signal

    order = [CHANNELS.build("pixelation", {"level": f}) for f in (1, 2, 4)]
    assert max(order, key=_signal).level == 1
    assert max((CHANNELS.build("binomial", {"level": q}) for q in (0.1, 1.0)), key=_signal).level == 1.0


def test_provenance_says_what_the_images_were(pictures):
    from noiselaw.sweep.conduct import provenance

    said = provenance(load(study(ImageFiles(str(pictures({"a": 60, "b": 60})), size=16))))["input"]
    assert (said["n_observations"], said["height"], said["width"]) == (120, 16, 16)
    assert said["images"] == "resize to 16 × 16 pixels"
