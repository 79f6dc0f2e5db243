"""Image classifiers, fine-tuned on noisy images and their labels (section 6 and A.4.5 of the paper)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.training import with_threads

if TYPE_CHECKING:
    from noiselaw.records import Prepared, View
    from noiselaw.represent.image_training import Trained

__all__ = ["FittedImageClassifier", "ImageClassifier"]

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class ImageClassifier(Representation):
    """Fine-tune a network to name the class of noisy images; embed images as the class that it names, or as it sees.

    The cross-entropy of training images is minimised with Adam. Which classes there are is read from the labels of
    training observations; held-out labels are never seen.

    Parameters
    ----------
    labels
        Annotation column of the labels to learn from; a folder of class folders has `class`.
    model
        Any image classifier of torchvision by name, or ``timm:NAME``.
    weights
        To start from. ``imagenet``: torchvision's (or timm's) own download; ``none``: drawn; else a file
        ``.npz``, ``.safetensors`` or ``.pt`` of tensors under the network's names, whose last layer is not used. A
        relative path is taken from the study file's folder.
    output
        ``label``: the predicted class, (n, 1), as its number among the sorted classes; ``hidden``: what the last layer
        sees, (n, d), 1280 dimensions for MobileNetV2.
    head
        Outputs of the new last layer: None for one per class as printed, 101 as the paper's authors ran it.
    frozen
        Train the last layer alone, on what the frozen network shows it, computed once for each draw of the noise. Many
        times faster; it wants a higher ``learning_rate`` (0.01). What it shows has no dropout, before the last layer
        either.
    epochs, learning_rate, batch
        Of the training. The paper's authors ran 5 epochs under Gaussian noise and 10 under pixelation.
    dropout
        Before the last layer; None leaves the network's own (0.2 for MobileNetV2).
    validation_share, patience
        Share of the training images that is not trained on but says, after each epoch, when to stop: after so many
        without improvement. 0 trains on all of them, to the end.
    keep
        The weights of the ``best`` epoch (the last where nothing validates), or the ``last``, as the authors did.
    standardised
        Whether images of -1 to 1 are brought to ImageNet's mean and standard deviation first; the authors' were not.
    resize
        Enlarge (or shrink) images to so many pixels a side, after the noise, for networks that need a certain size.
    device, precision, threads
        As for the Txformer.
    folder
        What a relative path is taken from; a study file sets it.
    """

    takes: ClassVar[View] = "image"
    accelerated: ClassVar[bool] = True

    labels: str = "class"
    model: str = "mobilenet_v2"
    weights: str = "imagenet"
    output: Literal["label", "hidden"] = "label"
    head: Annotated[int, Field(ge=2)] | None = None
    frozen: bool = False
    epochs: Positive = 10
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    batch: Annotated[int, Field(ge=2)] = 128
    dropout: Share | None = None
    validation_share: Share = 0.1
    patience: Positive = 3
    keep: Literal["best", "last"] = "best"
    standardised: bool = False
    resize: Positive | None = None
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Positive = 1
    folder: str = field(default="", metadata={"shown": False})

    @property
    def learns_from(self) -> str:
        """The annotation column."""
        return self.labels

    @property
    def keeps(self) -> Literal["best", "last"]:
        """Which weights are kept: the last where nothing says which are best."""
        return self.keep if self.validation_share else "last"

    @property
    def revision(self) -> str:  # type: ignore[override]  # the file's content is part of what the numbers depend on
        """What the numbers depend on beside the options: the weights in the file.

        Raises
        ------
        InputError
            If there is no such file.
        """
        return f"1 {self._digest()}".rstrip()

    def brief(self, size: int, rounds: int) -> tuple[ImageClassifier, float, float]:
        """Return itself with so many epochs; costs are images seen."""
        short = min(rounds, self.epochs)
        return replace(self, epochs=short), short * size, self.epochs * size

    def _path(self) -> Path | None:
        return None if self.weights in ("imagenet", "none") else Path(self.folder, self.weights).expanduser()

    def _digest(self) -> str:
        path = self._path()
        if path is None:
            return ""
        if not path.is_file():
            raise InputError(
                f"There is no file of weights {path}. Pass an .npz, .safetensors or .pt file (relative paths are taken "
                "from the study file's folder), 'imagenet' or 'none'."
            )
        status = path.stat()
        return _hash(path, status.st_size, status.st_mtime_ns)

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> FittedImageClassifier:
        require("torch", "The representation 'image_classifier'")
        require("torchvision", "The representation 'image_classifier'")
        from noiselaw.represent.image_training import fine_tune

        classes, codes = self._lesson(prepared)
        digest = self._digest()
        with with_threads(self.threads):
            trained, history = fine_tune(prepared, codes, self, self._path(), rng)
        told: dict[str, Any] = {"model": self.model, "weights": f"{Path(self.weights).name} {digest[:12]}".rstrip()}
        # What predicted labels are numbers of.
        told |= {"classes": classes} if self.output == "label" else {"n_classes": len(classes)}
        return FittedImageClassifier(trained, self, replace(history, notes={**history.notes, **told}))

    def _lesson(self, prepared: Prepared) -> tuple[list[str], np.ndarray]:
        """Return the classes, sorted, and each training image's number among them."""
        if prepared.labels is None or len(prepared.labels) != len(prepared):
            given = "none" if prepared.labels is None else f"{len(prepared.labels)}"
            raise InputError(
                f"An image classifier learns from a label for each of the {len(prepared)} training images; got {given}."
                " A study takes them from the column that labels = ... names; elsewhere pass Prepared(labels=...)."
            )
        classes, codes = np.unique(prepared.labels, return_inverse=True)
        if len(classes) < 2:
            raise InputError(
                f"A classifier needs at least two classes to tell apart; all {len(prepared)} training images are "
                f"{str(classes[0])!r}. Train on more images, or choose another column."
            )
        if self.head is not None and self.head < len(classes):
            raise InputError(
                f"The training images have {len(classes)} classes, more than the {self.head} outputs asked for. Leave "
                "head out, or raise it."
            )
        return [str(name) for name in classes], codes.astype(np.int64)


class FittedImageClassifier(Encoder):
    """A fine-tuned classifier; ``history.notes["classes"]`` are what predicted labels are numbers of."""

    def __init__(self, trained: Trained, options: ImageClassifier, history: History) -> None:
        self.trained, self.options, self.history = trained, options, history

    def _embed(self, prepared: Prepared) -> Embedding:
        hidden = self.options.output == "hidden"
        with with_threads(self.options.threads):
            values = self.trained.embed(prepared.values, hidden=hidden)
        return Embedding(values)


@cache
def _hash(path: Path, size: int, changed: int) -> str:
    """Return the hash of a file's bytes; ``size`` and ``changed`` tell when a known hash is out of date."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
