"""Image classifiers by name, their weights, and where their last layer is. Imports torch and torchvision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import torch

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.optional import require
from noiselaw.represent.foundation import load_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Classifier", "build_classifier", "read_weights"]

#: Classes of ImageNet, whose weights are loaded before the last layer is replaced.
_IMAGENET = 1000
#: Before the name of a model of timm.
_TIMM = "timm:"


@dataclass(eq=False)
class Classifier:
    """A network from images (n, 3, height, width) to one number per class, its last layer, and which layers are new."""

    network: Any
    head: Any
    new: frozenset[str]

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return one number per class for each image, (n, classes)."""
        found = self.network(images)
        # Networks with auxiliary heads give several answers while they train; the first is the main one.
        logits: torch.Tensor = found if isinstance(found, torch.Tensor) else found[0]
        return logits.flatten(1)

    def hidden(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the last layer sees of each image, averaged over places where it sees several, (n, d)."""
        seen: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            self.network(images)
        finally:
            hook.remove()
        return seen[-1].flatten(2).mean(2) if seen[-1].ndim > 2 else seen[-1]

    def only_head_learns(self) -> None:
        """Freeze everything before the last layer."""
        self.network.requires_grad_(False)
        self.head.requires_grad_(True)

    def check_size(self, height: int, width: int, name: str) -> None:
        """Refuse images of a size that the network cannot take.

        Raises
        ------
        InputError
            Naming the size.
        """
        device = next(self.network.parameters()).device
        self.network.eval()
        try:
            with torch.no_grad():
                self.network(torch.zeros(2, 3, height, width, device=device))
        except (RuntimeError, ValueError, AssertionError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise InputError(
                f"The model {name!r} cannot take images of {height} × {width} pixels ({reason}). Enlarge them "
                "(resize = 224), or choose a model that averages over all places before its last layer, such as "
                "mobilenet_v2."
            ) from error


def build_classifier(name: str, weights: str, path: Path | None, classes: int, dropout: float | None) -> Classifier:
    """Make the network ``name`` with a new last layer for ``classes``, drawn from torch's generator.

    Parameters
    ----------
    name
        Of torchvision, or ``timm:NAME``.
    weights
        ``imagenet``: downloaded by torchvision (or timm); ``none``: drawn; anything else: read from ``path``.
    path
        Of the weights.
    classes
        Outputs of the last layer.
    dropout
        Share of what the last layer sees that is dropped while training; None leaves the network's own.

    Raises
    ------
    UsageError
        If there is no such network, naming the nearest.
    InputError
        If the weights cannot be fetched, or are another network's.
    """
    make = _of_timm if name.startswith(_TIMM) else _of_torchvision
    classifier = make(name.removeprefix(_TIMM), weights == "imagenet", classes)
    if path is not None:
        _load(classifier, path, name)
    if dropout is not None:
        for module in classifier.network.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
    return classifier


def _of_torchvision(name: str, pretrained: bool, classes: int) -> Classifier:
    models = require("torchvision.models", "The representation 'image_classifier'")
    known = models.list_models(module=models)
    if name not in known:
        raise UsageError(f"torchvision has no image classifier {name!r}. {nearest(name, known)}")
    weights = None
    if pretrained:
        choices = models.get_model_weights(name)
        # The first weights that were published, as ``pretrained=True`` gave them.
        weights = getattr(choices, "IMAGENET1K_V1", choices.DEFAULT)
    more = {"init_weights": True} if name in ("googlenet", "inception_v3") and weights is None else {}
    network = _fetched(name, lambda: models.get_model(name, weights=weights, **more))
    heads = [
        (place, module)
        for place, module in network.named_modules()
        if _IMAGENET in (getattr(module, "out_features", 0), getattr(module, "out_channels", 0))
        and isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
    ]
    for place, module in heads:
        head = _like(module, classes)
        network.set_submodule(place, head)
    return Classifier(network, head, frozenset(place for place, _ in heads))


def _like(module: Any, classes: int) -> Any:
    """Return a new last layer in place of ``module``."""
    if isinstance(module, torch.nn.Linear):
        return torch.nn.Linear(module.in_features, classes)
    return torch.nn.Conv2d(module.in_channels, classes, module.kernel_size)


def _of_timm(name: str, pretrained: bool, classes: int) -> Classifier:
    timm = require("timm", f"The model 'timm:{name}'")
    known = timm.list_models()
    if name.partition(".")[0] not in known:
        raise UsageError(f"timm has no model {name!r}. {nearest(name, known)}")
    network = _fetched(name, lambda: timm.create_model(name, pretrained=pretrained))
    network.reset_classifier(classes)
    head = network.get_classifier()
    return Classifier(network, head, frozenset(place for place, module in network.named_modules() if module is head))


def _fetched(name: str, make: Any) -> Any:
    try:
        return make()
    except OSError as error:  # every failure of a download is one
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"The ImageNet weights of {name!r} could not be downloaded ({reason}). Pass a file of them "
            '(weights = "FILE.safetensors"), or weights = "none".'
        ) from error


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the named tensors of a ``.npz``, ``.safetensors``, ``.pt`` or ``.pth`` file; nothing is unpickled.

    Raises
    ------
    InputError
        If there is no such file, or it holds anything else.
    """
    if not path.is_file():
        raise InputError(
            f"There is no file of weights {path}. Pass an .npz, .safetensors or .pt file, 'imagenet' or 'none'."
        )
    if path.suffix != ".npz":
        return load_tensors(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: torch.from_numpy(np.array(stored[name])) for name in stored.files}
    except (OSError, ValueError, TypeError, EOFError, AttributeError, BadZipFile) as error:
        raise InputError(
            f"{path} could not be read as an .npz file of arrays ({str(error).splitlines()[0]}). Write it with "
            "numpy.savez."
        ) from error


def _load(classifier: Classifier, path: Path, name: str) -> None:
    """Load everything but the last layer, which is new, and refuse weights of another network."""
    own = classifier.network.state_dict()
    wanted, there = (_without(table, classifier.new) for table in (own, read_weights(path)))
    missing = [key for key in wanted if key not in there and not key.endswith("num_batches_tracked")]
    strange = [key for key in there if key not in wanted]
    misfits = [key for key in wanted if key in there and wanted[key].shape != there[key].shape]
    for what, keys in (("lacks", missing), ("also has", strange), ("has in another shape", misfits)):
        if keys:
            raise InputError(
                f"The weights in {path} are not those of {name!r}: the file {what} {keys[0]!r}"
                + (f" and {len(keys) - 1} more" if len(keys) > 1 else "")
                + ". Pass the weights of this model, or name the model they belong to."
            )
    for key, value in wanted.items():
        if key in there and value.is_floating_point():
            _check_numbers(there[key], key, path)
    classifier.network.load_state_dict({**own, **there})


def _check_numbers(values: torch.Tensor, key: str, path: Path) -> None:
    """Refuse weights that were rounded to whole numbers, whose scale is not known, or that are not numbers."""
    if not values.is_floating_point():
        kind = str(values.dtype).removeprefix("torch.")
        raise InputError(f"{key!r} in {path} holds {kind}, not floating-point weights. Bring them to float32 first.")
    if not bool(torch.isfinite(values).all()):
        raise InputError(f"{key!r} in {path} holds NaN or infinite weights. Save them from before they diverged.")


def _without(table: Mapping[str, torch.Tensor], places: frozenset[str]) -> dict[str, torch.Tensor]:
    return {key: value for key, value in table.items() if key.rpartition(".")[0] not in places}
