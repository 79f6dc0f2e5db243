"""How an image classifier is fine-tuned: all of it, or its last layer alone. Imports torch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, interpolate

from noiselaw.errors import InputError
from noiselaw.randomness import draw_seed
from noiselaw.represent.image_networks import Classifier, build_classifier
from noiselaw.training import Fitting, Stopping, batches, choose_device, in_precision, train, use_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, History, IntArray, Prepared
    from noiselaw.represent.image_classifier import ImageClassifier

__all__ = ["Trained", "fine_tune"]

#: Mean and standard deviation of ImageNet's colours on a scale of 0 to 1, on which its weights were trained.
_MEAN = (0.485, 0.456, 0.406)
_SPREAD = (0.229, 0.224, 0.225)
#: Images embedded at once.
_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class _Eye:
    """Turns images of -1 to 1 into what the network takes, on its device."""

    device: str
    resize: int | None
    standardised: bool

    def see(self, pixels: FloatArray) -> torch.Tensor:
        images = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).to(self.device)
        if self.standardised:
            mean, spread = (torch.tensor(one, device=self.device)[:, None, None] for one in (_MEAN, _SPREAD))
            images = ((images + 1) / 2 - mean) / spread
        if self.resize is not None:
            images = interpolate(images, size=(self.resize, self.resize), mode="bilinear", align_corners=False)
        return images.contiguous(memory_format=torch.channels_last)


def look(values: Any, rows: IntArray | slice, epoch: int = 0) -> FloatArray:
    """Return images ``rows`` of an array, or of a view that draws their noise anew for each epoch."""
    pixels = getattr(values, "pixels", None)
    shown: FloatArray = np.asarray(values[rows]) if pixels is None else pixels(rows, epoch)
    return shown


def _redraws(values: Any) -> bool:
    """Say whether images look different in another epoch."""
    return hasattr(values, "pixels") and not np.array_equal(look(values, slice(1), 1), look(values, slice(1), 2))


@dataclass(eq=False)
class Trained:
    """A fine-tuned network that embeds images."""

    classifier: Classifier
    eye: _Eye
    bfloat16: bool
    fitting: Fitting = field(default_factory=Fitting)

    def embed(self, values: Any, *, hidden: bool, epoch: int = 0) -> FloatArray:
        """Return what the last layer sees of each image, (n, d), or the class that it predicts, (n, 1)."""
        self.classifier.network.eval()
        work = self.classifier.hidden if hidden else self.classifier.logits
        found: list[NDArray[Any]] = []
        for start in range(0, len(values), _AT_ONCE):
            found += self._batch(look(values, slice(start, start + _AT_ONCE), epoch), work)
        all_of_them = np.concatenate(found).astype(np.float64)
        return all_of_them if hidden else all_of_them.argmax(axis=1)[:, None].astype(np.float64)

    def _batch(self, pixels: FloatArray, work: Any) -> list[NDArray[Any]]:
        found: list[NDArray[Any]] = []

        def some(part: slice) -> None:
            with torch.no_grad(), in_precision(self.eye.device, bfloat16=self.bfloat16):
                found.append(work(self.eye.see(pixels[part])).float().cpu().numpy())

        self.fitting.run(len(pixels), some, found.clear)
        return found


@dataclass(eq=False)
class _Course:
    """A running fine-tuning: which images train, which say when to stop, and the network so far."""

    options: ImageClassifier
    trained: Trained
    values: Any
    codes: NDArray[np.int64]
    fit_rows: IntArray
    stop_rows: IntArray
    rng: np.random.Generator

    def __post_init__(self) -> None:
        learning = [weight for weight in self.network.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.Adam(learning, lr=self.options.learning_rate)

    @property
    def network(self) -> Any:
        return self.trained.classifier.network

    def one_epoch(self, epoch: int) -> float:
        """Take each training image once; return the mean cross-entropy in nats."""
        total = 0.0
        for chosen in _no_single(batches(len(self.fit_rows), self.options.batch, self.rng)):
            total += self.loss(self.fit_rows[chosen], epoch + 1, learn=True)
            self.optimiser.step()
        return total / len(self.fit_rows)

    def validate(self) -> float:
        """Return the mean cross-entropy of the images that say when to stop, as they look at epoch 0, in nats."""
        parts = np.array_split(self.stop_rows, ceil(len(self.stop_rows) / self.options.batch))
        return sum(self.loss(rows, 0, learn=False) for rows in parts) / len(self.stop_rows)

    def loss(self, rows: IntArray, epoch: int, *, learn: bool) -> float:
        """Return the summed loss of ``rows``; leave the gradient of its mean where there is something to learn."""
        pixels = look(self.values, rows, epoch)
        total = 0.0

        def part(some: slice) -> None:
            nonlocal total
            truth = torch.from_numpy(self.codes[rows[some]]).to(self.trained.eye.device)
            with in_precision(self.trained.eye.device, bfloat16=self.trained.bfloat16):
                logits = self.trained.classifier.logits(self.trained.eye.see(pixels[some]))
                loss = cross_entropy(logits, truth, reduction="sum")
            if learn:
                (loss / len(rows)).backward()
            total += float(loss.detach())

        def restart() -> None:
            nonlocal total
            total = 0.0
            self.optimiser.zero_grad()

        self.trained.fitting.run(len(rows), part, restart)
        return total


@dataclass(eq=False)
class _HeadCourse(_Course):
    """The same for the last layer alone: what it sees is computed once for each draw of the noise."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.redraws = _redraws(self.values)
        self.seen: dict[int, torch.Tensor] = {}

    def _features(self, epoch: int) -> torch.Tensor:
        key = epoch if self.redraws else 0
        if key not in self.seen:
            # Held-out looks (epoch 0) are kept; of the others the current one.
            self.seen = {0: self.seen[0]} if 0 in self.seen else {}
            found = self.trained.embed(self.values, hidden=True, epoch=key)
            self.seen[key] = torch.from_numpy(found.astype(np.float32)).to(self.trained.eye.device)
        return self.seen[key]

    def loss(self, rows: IntArray, epoch: int, *, learn: bool) -> float:
        """Return the summed loss of ``rows``; leave the gradient of its mean where there is something to learn."""
        device = self.trained.eye.device
        truth = torch.from_numpy(self.codes[rows]).to(device)
        seen = self._features(epoch)[torch.from_numpy(rows).to(device)]
        head = self.trained.classifier.head
        if isinstance(head, torch.nn.Conv2d):
            seen = seen[:, :, None, None]
        self.optimiser.zero_grad()
        loss = cross_entropy(head(seen).flatten(1), truth, reduction="sum")
        if learn:
            (loss / len(rows)).backward()
        return float(loss.detach())


def _no_single(given: Iterator[NDArray[np.intp]]) -> Iterator[NDArray[np.intp]]:
    """Join a batch of a single image to the one before: batch normalisation needs two."""
    before: NDArray[np.intp] | None = None
    for batch in given:
        if before is not None and len(batch) == 1:
            yield np.concatenate([before, batch])
            return
        if before is not None:
            yield before
        before = batch
    if before is not None:
        yield before


def divide(n: int, share: float, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Divide n training images into those that are trained on (at least two) and those that say when to stop."""
    stop = min(round(share * n), n - 2)
    order = rng.permutation(n).astype(np.int64)
    return np.sort(order[stop:]), np.sort(order[:stop])


def fine_tune(
    prepared: Prepared, codes: NDArray[np.int64], options: ImageClassifier, path: Path | None, rng: np.random.Generator
) -> tuple[Trained, History]:
    """Fine-tune a network on training images and say how it went.

    Raises
    ------
    InputError
        If the network cannot take images of this size, or the loss stops being a number.
    """
    device = choose_device(options.device)
    bfloat16 = use_bfloat16(options.precision, device)
    eye = _Eye(device, options.resize, options.standardised)
    outputs = options.head or int(codes.max()) + 1
    fit_rows, stop_rows = divide(len(codes), options.validation_share, rng)
    with _reproducible(draw_seed(rng), device):
        classifier = build_classifier(options.model, options.weights, path, outputs, options.dropout)
        classifier.network.to(device, memory_format=torch.channels_last)
        height, width = eye.see(look(prepared.values, slice(1))).shape[2:]
        classifier.check_size(height, width, options.model)
        if options.frozen:
            classifier.only_head_learns()
        course_of = _HeadCourse if options.frozen else _Course
        trained = Trained(classifier, eye, bfloat16)
        course = course_of(options, trained, prepared.values, codes, fit_rows, stop_rows, rng)
        stopping = Stopping(options.epochs, options.patience if len(stop_rows) else options.epochs, options.keeps)
        losses: list[float] = []

        def one_epoch(epoch: int) -> float:
            losses.append(course.one_epoch(epoch))
            return losses[-1]

        history = train(
            classifier.network, one_epoch, course.validate if len(stop_rows) else lambda: losses[-1], stopping
        )
    if history.stop_reason == "diverged":
        raise InputError(
            f"The classifier's loss stopped being a number in epoch {history.epochs}. Lower learning_rate."
        )
    curves = {name: curve for name, curve in history.curves.items() if len(stop_rows) or name == "train_loss"}
    notes = {
        **history.notes,
        "head": outputs,
        "trained": "the last layer; the backbone is frozen" if options.frozen else "every layer",
        "images_trained_on": len(fit_rows),
        "images_that_stop": len(stop_rows),
        "final_train_loss": losses[-1],
        "device": device,
        "precision": "bfloat16" if bfloat16 else "float32",
    }
    if trained.fitting.note:
        notes["memory"] = f"{trained.fitting.note}; batch normalisation saw one part at a time"
    return trained, replace(history, curves=curves, notes=notes)


@contextmanager
def _reproducible(seed: int, device: str) -> Iterator[None]:
    """Let torch draw from a generator of our own meanwhile, and compute alike each time."""
    kind, _, number = device.partition(":")
    devices = [int(number or torch.cuda.current_device())] if kind == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        torch.manual_seed(seed)
        yield
