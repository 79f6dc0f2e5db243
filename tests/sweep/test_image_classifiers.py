"""A classifier through a whole sweep: six questions of one set of predictions, and no held-out label in sight."""

import json

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError
from noiselaw.records import Dataset
from noiselaw.sweep import Study, run

pytest.importorskip("torch")

from noiselaw.optional import mend_torchvision  # noqa: E402

mend_torchvision()
pytest.importorskip("torchvision", reason="torchvision is absent: it brings the image classifiers")

QUICK = {
    "kind": "image_classifier", "labels": "class", "model": "shufflenet_v2_x0_5", "weights": "none", "epochs": 3,
    "learning_rate": 0.01, "batch": 32, "validation_share": 0, "device": "cpu",
}  # fmt: skip


def dataset(n=240, blank=0):
    rng = np.random.default_rng(0)
    codes = np.arange(n) % 3
    pixels = rng.integers(0, 60, size=(n, 8, 8, 3))
    pixels[np.arange(n), :, :, codes] += 150
    kinds = np.array(["a", "b", "c"], dtype=object)[codes]
    kinds[:blank] = None
    names = np.array([f"i{i}" for i in range(n)])
    colours = np.array(["red", "green", "blue"])
    return Dataset("tiles", pixels.astype(np.uint8), names, colours, pd.DataFrame({"class": kinds}))


def study(data, **instead):
    signals = [{"kind": "labels", "column": "class"}]
    signals += [{"kind": "one_against_all", "column": "class", "label": label} for label in "abc"]
    options = {
        "levels": [0.1, 100.0], "sizes": 1, "seeds": 1, "held_out": 0.5, "models": [QUICK],
        "probes": [{"kind": "discrete", "correction": "given_labels"}], **instead,
    }  # fmt: skip
    return Study(data=data, signals=signals, **options)


def test_every_problem_is_asked_of_the_same_predictions_below_its_ceiling(tmp_path):
    table = run(study(dataset()), tmp_path)
    assert len(table) == 8
    assert (table["status"] != "failed").all(), table["reason"].tolist()
    assert (table["bits"] <= table["ceiling_bits"] + 1e-9).all()
    balanced = table[table["signal"].str.contains("against")]
    assert (balanced["ceiling_bits"] == 1.0).all()
    facts = [json.loads(text) if isinstance(text, str) else text for text in balanced["diagnostics"]]
    assert all(fact["estimate"]["labels_y"] == 2 and fact["estimate"]["labels_x"] <= 2 for fact in facts
               if "labels_x" in fact["estimate"])  # fmt: skip
    assert facts[0]["training"]["trained"] == "every layer"


def test_labels_of_held_out_images_never_reach_the_model(tmp_path, monkeypatch):
    from noiselaw.represent.image_classifier import FittedImageClassifier, ImageClassifier

    seen = {"fit": [], "embed": []}
    fit, embed = ImageClassifier._fit, FittedImageClassifier._embed

    def watched_fit(self, prepared, rng):
        seen["fit"].append((prepared.names.tolist(), prepared.labels.tolist()))
        return fit(self, prepared, rng)

    def watched_embed(self, prepared):
        seen["embed"].append((prepared.names.tolist(), prepared.labels))
        return embed(self, prepared)

    monkeypatch.setattr(ImageClassifier, "_fit", watched_fit)
    monkeypatch.setattr(FittedImageClassifier, "_embed", watched_embed)
    data = dataset()
    run(study(data, levels=[1.0]), tmp_path)
    truth = dict(zip(data.names.tolist(), data.annotations["class"], strict=True))
    (trained, labels), (held_out, none) = seen["fit"][0], seen["embed"][0]
    assert none is None
    assert set(trained).isdisjoint(held_out)
    assert labels == [truth[name] for name in trained]


def test_images_without_a_label_to_learn_from_are_refused(tmp_path):
    with pytest.raises(InputError, match="5 of 240 observations have no label"):
        run(study(dataset(blank=5)), tmp_path / "one")
    other = {**QUICK, "labels": "clas"}
    with pytest.raises(InputError, match="no column 'clas' .* Nearest: class"):
        run(study(dataset(), models=[other]), tmp_path / "two")
