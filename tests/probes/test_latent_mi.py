import numpy as np
import pytest

from noiselaw import optional
from noiselaw.errors import MissingDependency
from noiselaw.probes.latent_mi import LatentMI
from noiselaw.randomness import generator

pytest.importorskip("torch")


def two_hidden(n, seed=0, columns=8, noise=0.3):
    """X and Y see the same two hidden dimensions, each with noise of its own."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 2))
    sides = (hidden @ rng.normal(size=(2, columns)) + noise * rng.normal(size=(n, columns)) for _ in range(2))
    return tuple(sides)


def quick(**options):
    return LatentMI(**{"dims": 4, "max_epochs": 6, "learning_rate": 1e-3, "batch": 128, **options})


@pytest.mark.parametrize("protocol", ["mended", "as_published"])
def test_shared_dimensions_are_found(protocol):
    found = quick(protocol=protocol).estimate(*two_hidden(600))
    assert found.bits > 1
    assert found.diagnostics["protocol"] == protocol


def test_labels_are_measured():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    x = 4 * rng.normal(size=(3, 6))[labels] + rng.normal(size=(600, 6))
    found = quick().estimate(x, labels)
    assert found.bits > 0.8
    assert found.ceiling_bits == pytest.approx(np.log2(3), abs=0.01)


def test_pairs_that_train_stop_and_are_measured_are_told_apart():
    mended, published = (
        quick(protocol=name, max_epochs=1).estimate(*two_hidden(500)) for name in ("mended", "as_published")
    )
    assert [mended.diagnostics[name] for name in ("pairs_trained_on", "pairs_that_stop")] == [200, 50]
    assert [published.diagnostics[name] for name in ("pairs_trained_on", "pairs_that_stop")] == [250, 250]
    assert mended.n_pairs == published.n_pairs == 250


@pytest.mark.parametrize("protocol", ["mended", "as_published"])
def test_groups_are_not_divided_between_training_and_measurement(protocol):
    groups = np.repeat(np.arange(100), 5)
    parts = LatentMI(protocol=protocol)._divided(500, groups, generator(0, "parts"))
    measured = set(groups[parts.measure])
    assert not measured & set(groups[parts.train])
    if protocol == "mended":
        assert not measured & set(groups[parts.stop])
        assert sorted(np.concatenate([parts.train, parts.stop, parts.measure])) == list(range(500))


def test_two_large_groups_are_divided_between_them():
    parts = LatentMI()._divided(300, np.repeat([0, 1], [250, 50]), generator(0, "parts"))
    assert {len(parts.measure)} <= {50, 250}
    assert min(len(parts.train), len(parts.stop)) > 0


def test_best_weights_are_measured_and_the_epoch_is_told():
    found = quick(max_epochs=40, patience=2, learning_rate=0.02).estimate(*two_hidden(300))
    assert found.diagnostics["stop_reason"] == "patience"
    assert found.diagnostics["epochs"] == found.diagnostics["best_epoch"] + 2


def test_precision_is_told_and_changes_little():
    full, half = (quick(precision=name).estimate(*two_hidden(400)) for name in ("float32", "bfloat16"))
    assert (full.diagnostics["precision"], half.diagnostics["precision"]) == ("float32", "bfloat16")
    assert half.bits == pytest.approx(full.bits, abs=3 * full.standard_error)


def test_torch_keeps_its_threads():
    import torch

    before = torch.get_num_threads()
    quick(max_epochs=1, threads=1).estimate(*two_hidden(100))
    assert torch.get_num_threads() == before


def test_without_torch_it_says_how_to_install_it(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(optional, "import_module", absent)
    with pytest.raises(MissingDependency, match=r"'latent_mi' needs torch.*noiselaw\[torch\]"):
        quick().estimate(*two_hidden(100))
