"""Image classifiers: what they learn from, what they embed, on which images, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from noiselaw.errors import InputError, MissingDependency, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import REPRESENTATIONS, ImageClassifier
from noiselaw.testing import check_representation
from noiselaw.testing.representations import example_images

torch = pytest.importorskip("torch")

from noiselaw.optional import mend_torchvision  # noqa: E402

mend_torchvision()
pytest.importorskip("torchvision", reason="torchvision is absent: it brings the image classifiers")

from noiselaw.represent.image_networks import build_classifier  # noqa: E402
from noiselaw.represent.image_training import _no_single, divide  # noqa: E402

#: The smallest networks of torchvision, with weights that are drawn.
QUICK = {
    "labels": "class", "model": "shufflenet_v2_x0_5", "weights": "none", "epochs": 2, "batch": 16, "device": "cpu",
    "learning_rate": 0.01,
}  # fmt: skip


def quick(**options):
    return REPRESENTATIONS.build("image_classifier", {**QUICK, **options})


def images(n=60, side=8, kinds=3, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(n) % kinds)
    pixels = rng.normal(scale=0.1, size=(n, 3, side, side)).astype(np.float32)
    pixels[np.arange(n), codes % 3] += 0.8
    labels = np.array(["a", "b", "c", "d"])[codes]
    names = np.array([f"i{i}" for i in range(n)])
    return Prepared("image", pixels, names, np.array(["r", "g", "b"]), np.full(n, np.nan), 0.5, labels=labels)


def fitted(prepared, **options):
    return quick(**options).fit(prepared, generator(1, "fit"))


class Drawn:
    """Images whose noise is drawn anew for each epoch, as a preparation gives them; it keeps what was asked for."""

    def __init__(self, clean, rows=None, asked=None, fresh=True):
        self.clean, self.fresh = clean, fresh
        self.rows = np.arange(len(clean)) if rows is None else rows
        self.asked = [] if asked is None else asked

    @property
    def shape(self):
        return (len(self.rows), *self.clean.shape[1:])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, rows):
        return Drawn(self.clean, self.rows[rows], self.asked, self.fresh)

    def pixels(self, rows=None, epoch=0):
        taken = self.rows if rows is None else np.atleast_1d(self.rows[rows])
        self.asked.append((epoch, taken.tolist()))
        epoch = epoch if self.fresh else 0
        noise = [np.random.default_rng((epoch, row)).normal(size=self.clean.shape[1:]) for row in taken]
        return (self.clean[taken] + 0.1 * np.array(noise)).astype(np.float32)


@pytest.mark.parametrize(
    "options", [{}, {"output": "hidden"}, {"frozen": True}], ids=["labels", "hidden layer", "frozen"]
)
def test_it_keeps_the_contract(options):
    check_representation(quick(**options), example_images(24, 12), tolerance=1e-4)


def test_predicted_labels_are_numbers_of_the_training_classes():
    train, test = images(200), images(40, seed=1)
    encoder = fitted(train, model="squeezenet1_1", resize=32, epochs=8, learning_rate=1e-3)
    values = encoder.embed(replace(test, labels=None)).values
    assert values.shape == (40, 1)
    assert encoder.history.notes["classes"] == ["a", "b", "c"]
    named = np.array(encoder.history.notes["classes"])[values[:, 0].astype(int)]
    assert (named == test.labels).mean() > 0.8


def test_the_last_hidden_layer_of_mobilenet_has_1280_dimensions():
    encoder = fitted(images(12), model="mobilenet_v2", output="hidden", epochs=1)
    values = encoder.embed(images(5)).values
    assert values.shape == (5, 1280)
    assert (values >= 0).all()
    assert "classes" not in encoder.history.notes


@pytest.mark.parametrize("side", [1, 2, 5])
def test_images_that_were_shrunk_to_a_few_pixels_are_taken(side):
    train = images(17, side=side)
    for frozen in (False, True):
        values = fitted(train, model="mobilenet_v2", epochs=1, frozen=frozen, validation_share=0).embed(train).values
        assert np.isfinite(values).all()


def test_held_out_labels_do_not_matter_and_training_labels_do():
    train, test = images(), images(20, seed=1)
    one = fitted(train, output="hidden", epochs=1)
    kept = one.embed(test).values
    shuffled = replace(test, labels=test.labels[::-1])
    assert np.array_equal(kept, one.embed(shuffled).values)
    other = fitted(replace(train, labels=train.labels[::-1]), output="hidden", epochs=1)
    assert not np.array_equal(kept, other.embed(test).values)


def test_labels_travel_with_their_rows():
    train = images()
    rows = np.array([5, 3, 40])
    assert train.take(rows).labels.tolist() == train.labels[rows].tolist()
    assert replace(train, labels=None).take(rows).labels is None


def test_noise_is_seen_anew_in_each_epoch_and_once_where_nothing_trains():
    train = images(20)
    drawn = Drawn(train.values)
    fitted(replace(train, values=drawn), epochs=3, validation_share=0.2, keep="last")
    looks = {epoch: sorted(row for e, rows in drawn.asked if e == epoch for row in rows) for epoch in range(1, 4)}
    assert all(len(rows) == 16 for rows in looks.values())
    assert looks[1] == looks[2] == looks[3]
    validated = {row for epoch, rows in drawn.asked if epoch == 0 for row in rows} - {0}
    assert validated.isdisjoint(set(looks[1]) - {0})


@pytest.mark.parametrize(("fresh", "draws"), [(True, {1, 2, 3}), (False, {0})])
def test_a_frozen_network_looks_once_at_each_draw_of_the_noise(fresh, draws):
    train = images(20)
    drawn = Drawn(train.values, fresh=fresh)
    encoder = fitted(replace(train, values=drawn), epochs=3, frozen=True, validation_share=0)
    whole = [epoch for epoch, rows in drawn.asked if len(rows) == 20]
    assert sorted(whole) == sorted(draws)
    assert encoder.history.notes["trained"] == "the last layer; the backbone is frozen"


def test_freezing_changes_the_last_layer_only():
    train = images(20)
    before = build_classifier("shufflenet_v2_x0_5", "none", None, 3, None).network.state_dict()
    for frozen in (True, False):
        after = fitted(train, frozen=frozen, epochs=1).trained.classifier.network
        learns = {name for name, weight in after.named_parameters() if weight.requires_grad}
        assert learns == ({"fc.weight", "fc.bias"} if frozen else set(dict(after.named_parameters())))
    assert set(before) == set(after.state_dict())


def test_the_history_tells_how_the_training_went():
    history = fitted(images(40), epochs=4, validation_share=0.25, patience=1, learning_rate=1.0).history
    assert history.stop_reason in ("patience", "max_epochs")
    assert len(history.curves["train_loss"]) == len(history.curves["validation_loss"]) == history.epochs
    assert history.notes["images_trained_on"] == 30
    assert history.notes["images_that_stop"] == 10
    whole = fitted(images(40), epochs=2, validation_share=0).history
    assert whole.stop_reason == "max_epochs"
    assert whole.notes["weights"] == "none"
    assert "validation_loss" not in whole.curves


def test_a_head_may_have_outputs_to_spare():
    encoder = fitted(images(20), head=101, epochs=1)
    assert encoder.trained.classifier.head.out_features == 101
    assert encoder.history.notes["head"] == 101
    with pytest.raises(InputError, match="3 classes, more than the 2 outputs"):
        fitted(images(20), head=2)


def test_memory_that_runs_out_halves_the_batches(monkeypatch):
    from noiselaw.represent.image_training import _Eye

    see = _Eye.see

    def small(self, pixels):
        if len(pixels) > 8:
            raise torch.OutOfMemoryError("out of memory")
        return see(self, pixels)

    monkeypatch.setattr(_Eye, "see", small)
    assert "computed in 2 parts" in fitted(images(32), epochs=1, validation_share=0).history.notes["memory"]


@pytest.mark.parametrize(("n", "sizes"), [(33, [16, 17]), (32, [16, 16]), (34, [16, 16, 2]), (2, [2])])
def test_no_batch_is_a_single_image(n, sizes):
    from noiselaw.training import batches

    found = list(_no_single(batches(n, 16, np.random.default_rng(0))))
    assert [len(batch) for batch in found] == sizes
    assert sorted(np.concatenate(found)) == list(range(n))


@pytest.mark.parametrize(("n", "share", "stops"), [(40, 0.25, 10), (2, 0.5, 0), (3, 0.9, 1), (40, 0.0, 0)])
def test_two_images_at_least_are_trained_on(n, share, stops):
    fit, stop = divide(n, share, np.random.default_rng(0))
    assert len(stop) == stops
    assert sorted([*fit, *stop]) == list(range(n))


def test_images_without_labels_or_with_one_are_refused():
    train = images(20)
    with pytest.raises(InputError, match="a label for each of the 20 training images; got none"):
        fitted(replace(train, labels=None))
    with pytest.raises(InputError, match="a label for each of the 20 training images; got 3"):
        fitted(replace(train, labels=train.labels[:3]))
    with pytest.raises(InputError, match="at least two classes to tell apart; all 20 training images are 'a'"):
        fitted(replace(train, labels=np.full(20, "a")))


def test_a_size_that_a_network_cannot_take_is_refused():
    with pytest.raises(InputError, match=r"'alexnet' cannot take images of 8 × 8 pixels .*resize = 224"):
        fitted(images(10), model="alexnet")


@pytest.mark.parametrize(("model", "message"), [("mobilnet_v2", "Nearest: mobilenet_v2"), ("fcn_resnet50", "resnet50")])
def test_an_unknown_model_is_refused_with_the_nearest(model, message):
    with pytest.raises(UsageError, match=f"no image classifier '{model}'.*{message}"):
        fitted(images(10), model=model)


def test_timm_is_named_where_it_is_absent(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingDependency, match="'timm:resnet18' needs timm, .* pip install timm"):
        fitted(images(10), model="timm:resnet18")


def test_torchvision_is_named_where_it_is_absent(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingDependency, match=r'pip install "noiselaw\[images\]"'):
        fitted(images(10))


def test_it_says_what_it_learns_from():
    assert quick().learns_from == "class"
    assert ImageClassifier("kind", weights="none").learns_from == "kind"
    assert REPRESENTATIONS.build("pca").learns_from == ""


@pytest.mark.slow
def test_imagenet_weights_tell_real_images_apart(real_data):
    from noiselaw.io import read_images

    dataset = read_images(real_data("caltech101_5class.zip"), size=64)
    pixels = np.moveaxis(dataset.observations, -1, 1).astype(np.float32) / 127.5 - 1
    labels = dataset.annotations["class"].to_numpy().astype(str)
    order = np.random.default_rng(0).permutation(len(labels))
    names, colours = dataset.names, np.array(["r", "g", "b"])
    whole = Prepared("image", pixels, names, colours, np.full(len(labels), np.nan), 0.5, labels=labels).take(order)
    weights = str(real_data("mobilenet_v2_imagenet.npz"))
    options = {"model": "mobilenet_v2", "weights": weights, "epochs": 20, "frozen": True, "batch": 64}
    encoder = fitted(whole.take(slice(400)), **options)
    values = encoder.embed(replace(whole.take(slice(400, 800)), labels=None)).values
    named = np.array(encoder.history.notes["classes"])[values[:, 0].astype(int)]
    assert (named == whole.labels[400:800]).mean() > 0.85
