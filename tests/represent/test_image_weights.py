"""Weights of image classifiers: read safely, into the network they belong to, or refused in a sentence."""

import numpy as np
import pytest

from noiselaw.errors import InputError
from noiselaw.represent import REPRESENTATIONS

torch = pytest.importorskip("torch")

from noiselaw.optional import mend_torchvision  # noqa: E402

mend_torchvision()
models = pytest.importorskip("torchvision.models", reason="torchvision is absent: it brings the image classifiers")

from noiselaw.represent.image_networks import build_classifier  # noqa: E402

NAME = "squeezenet1_1"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(3)
    return models.get_model(NAME, weights=None).state_dict()


def saved(folder, state, suffix):
    path = folder / f"weights{suffix}"
    if suffix == ".npz":
        np.savez(path, **{name: value.numpy() for name, value in state.items()})
    elif suffix == ".safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pt"])
def test_everything_but_the_last_layer_is_loaded(tmp_path, state, suffix):
    classifier = build_classifier(NAME, "file", saved(tmp_path, state, suffix), 5, None)
    loaded = classifier.network.state_dict()
    for name, value in state.items():
        if name.startswith("classifier.1."):
            assert loaded[name].shape[0] == 5
        else:
            assert torch.equal(loaded[name], value)


def test_weights_of_another_network_are_refused(tmp_path, state):
    path = saved(tmp_path, state, ".npz")
    with pytest.raises(InputError, match=r"not those of 'mobilenet_v2': the file lacks 'features\.0\.0\.weight' and"):
        build_classifier("mobilenet_v2", "file", path, 5, None)
    more = saved(tmp_path, {**state, "another.weight": torch.zeros(1)}, ".pt")
    with pytest.raises(InputError, match=r"the file also has 'another\.weight'\. Pass the weights"):
        build_classifier(NAME, "file", more, 5, None)
    misfit = saved(tmp_path, {**state, "features.0.bias": torch.zeros(2)}, ".pt")
    with pytest.raises(InputError, match=r"has in another shape 'features\.0\.bias'"):
        build_classifier(NAME, "file", misfit, 5, None)


def test_weights_that_are_no_numbers_are_refused(tmp_path, state):
    for spoil, message in (
        (lambda value: torch.full_like(value, torch.nan), r"'features\.0\.bias' in .* holds NaN or infinite weights"),
        (lambda value: value.to(torch.int8), r"'features\.0\.bias' in .* holds int8, not floating-point weights"),
    ):
        path = saved(tmp_path, {**state, "features.0.bias": spoil(state["features.0.bias"])}, ".pt")
        with pytest.raises(InputError, match=message):
            build_classifier(NAME, "file", path, 5, None)


def test_files_that_hold_no_weights_are_refused(tmp_path):
    for name in ("weights.npz", "weights.pt", "weights.safetensors"):
        (tmp_path / name).write_bytes(b"not weights")
        with pytest.raises(InputError, match="could not be read as an .npz file|no plain tensors"):
            build_classifier(NAME, "file", tmp_path / name, 5, None)
    np.savez(tmp_path / "objects.npz", one=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="could not be read as an .npz file"):
        build_classifier(NAME, "file", tmp_path / "objects.npz", 5, None)
    torch.save({"one": object}, tmp_path / "code.pt")
    with pytest.raises(InputError, match="holds no plain tensors"):
        build_classifier(NAME, "file", tmp_path / "code.pt", 5, None)


def test_a_study_with_an_absent_file_is_refused_before_it_starts(tmp_path):
    model = REPRESENTATIONS.build("image_classifier", {"labels": "class", "weights": "w.npz", "folder": str(tmp_path)})
    with pytest.raises(InputError, match=r"There is no file of weights .*w\.npz"):
        model.revision  # noqa: B018


def test_other_weights_in_a_file_are_measured_again(tmp_path, state):
    model = REPRESENTATIONS.build("image_classifier", {"labels": "class", "weights": "weights.pt",
                                                       "folder": str(tmp_path)})  # fmt: skip
    path = saved(tmp_path, state, ".pt")
    before = model.revision
    assert before == model.revision
    path.unlink()
    saved(tmp_path, {**state, "features.0.bias": torch.ones(64)}, ".pt")
    assert model.revision != before


def test_a_download_that_fails_is_told(monkeypatch):
    def offline(*given, **more):
        raise OSError("no way there")

    monkeypatch.setattr(models, "get_model", offline)
    with pytest.raises(InputError, match=r"weights of 'squeezenet1_1' could not be downloaded \(no way there\)"):
        build_classifier(NAME, "imagenet", None, 5, None)


@pytest.mark.parametrize("name", ["googlenet", "densenet121", "vit_b_16", "efficientnet_b0"])
@pytest.mark.slow
def test_networks_of_other_makes_have_a_last_layer(name):
    side = 224 if name == "vit_b_16" else 32
    classifier = build_classifier(name, "none", None, 5, None)
    classifier.network.train()
    assert classifier.logits(torch.zeros(2, 3, side, side)).shape == (2, 5)
    classifier.network.eval()
    hidden = classifier.hidden(torch.zeros(2, 3, side, side))
    assert hidden.shape == (2, classifier.head.in_features)


def test_dropout_can_be_set():
    classifier = build_classifier(NAME, "none", None, 5, 0.35)
    assert {m.p for m in classifier.network.modules() if isinstance(m, torch.nn.Dropout)} == {0.35}


def test_the_shared_weights_are_mobilenets(real_data):
    classifier = build_classifier("mobilenet_v2", "file", real_data("mobilenet_v2_imagenet.npz"), 5, None)
    assert classifier.head.in_features == 1280
