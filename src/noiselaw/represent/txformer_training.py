"""How a Txformer is trained: masked tokens guessed, in rounds that each end with a validation."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import ceil, log
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from noiselaw.errors import InputError
from noiselaw.randomness import draw_seed
from noiselaw.represent.batch import batch_note, settled_batch
from noiselaw.represent.transformer import Network, Shape
from noiselaw.represent.txformer import USUAL_BATCH
from noiselaw.represent.txformer_tokens import Cells, Hiding, Layout
from noiselaw.training import Fitting, Stopping, batches, in_precision, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from noiselaw.records import FloatArray, History, IntArray

__all__ = ["Checkpoint", "Recipe", "Trained", "fit_network"]

#: Rounds of a schedule by epochs last at least so many batches, so that small training sets are not mostly validated.
_LEAST_BATCHES = 64
#: Tokens embedded at once.
_TOKENS = 16_384


@dataclass(frozen=True)
class Recipe:
    """Everything about a training but the data: see the options of ``Txformer``, whose names these are."""

    masked: float
    learning_rate: float
    warm_up: float
    batch: int | Literal["auto"]
    validation_share: float
    pads: Literal["ignored", "tokens"]
    dropout_lasts: bool
    epochs: int
    least_steps: int
    most_steps: int | None
    validate_every: int | Literal["epoch"]
    patience: int
    keep: Literal["best", "last"]
    device: str
    bfloat16: bool
    checkpoints: bool


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The network after ``steps`` batches, and its validation loss in bits per hidden token."""

    steps: int
    validation_loss: float
    network: Trained


@dataclass(frozen=True, eq=False)
class Trained:
    """A network that embeds cells by one of its layers (0: the last, -1: the second to last)."""

    network: Network
    layout: Layout
    bfloat16: bool
    layer: int = 0

    def embed(self, cells: Cells) -> tuple[FloatArray, str]:
        """Return the mean over each cell's tokens in the layer (0 where it has none), and what memory did."""
        values = np.zeros((len(cells.lengths), self.layout.shape.dims))
        order = np.argsort(cells.lengths, kind="stable")
        if self.layout.kind != "tokens":
            order = order[cells.lengths[order] > 0]
        fitting = Fitting()
        with torch.no_grad():
            for rows in _by_tokens(order, cells, self.layout):
                part = rows

                def some(slots: slice, part: IntArray = part) -> None:
                    with in_precision(self.layout.device, bfloat16=self.bfloat16):
                        pooled = self.network.pooled(self.layout.batch(cells, part[slots]), self.layer)
                    values[part[slots]] = pooled.cpu().numpy()

                fitting.run(len(rows), some, lambda: None)
        return values, fitting.note


@dataclass
class _Course:
    """The running training: its data, optimiser, and the step it is at."""

    recipe: Recipe
    network: Network
    layout: Layout
    cells: Cells
    train: IntArray
    batch: int
    rng: np.random.Generator
    fitting: Fitting = field(default_factory=Fitting)
    step: int = 0
    rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.recipe.learning_rate, fused=True)
        self.stream = self._stream()
        per_epoch = ceil(len(self.train) / self.batch)
        self.steps = max(self.recipe.epochs * per_epoch, self.recipe.least_steps)
        self.end = min(self.steps, self.recipe.most_steps or self.steps)
        every = self.recipe.validate_every
        self.round = max(per_epoch, _LEAST_BATCHES) if every == "epoch" else every

    def _stream(self) -> Iterator[IntArray]:
        """Yield batches of rows, epoch after epoch, each batch by length."""
        while True:
            for chosen in batches(len(self.train), self.batch, self.rng):
                rows = self.train[chosen]
                yield rows[np.argsort(self.cells.lengths[rows], kind="stable")]

    def rate(self) -> float:
        """Return the learning rate of this step: it grows over the warm-up, then falls to 0 at the last step."""
        warm = max(1, round(self.recipe.warm_up * self.steps))
        rising, falling = (self.step + 1) / warm, (self.steps - self.step) / max(1, self.steps - warm)
        return self.recipe.learning_rate * min(rising, falling)

    def one_round(self, number: int) -> float:
        """Train until the next validation; return the mean loss in bits per hidden token."""
        if number and not self.recipe.dropout_lasts:
            self.network.eval()
        count = min(self.round, self.end - self.step)
        losses = [self._step(next(self.stream)) for _ in range(count)]
        self.rates.append(self.optimizer.param_groups[0]["lr"])
        return float(np.mean(losses))

    def _step(self, rows: IntArray) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        hiding = self.layout.hide(self.cells, rows, self.recipe.masked, self.rng)
        loss = self._loss(rows, hiding, gradients=True)
        self.optimizer.step()
        self.step += 1
        return loss / int(hiding.hidden.sum())

    def _loss(self, rows: IntArray, hiding: Hiding, *, gradients: bool) -> float:
        """Return the loss of ``rows`` in bits, summed over hidden tokens; leave the mean's gradient if asked to."""
        total = 0.0

        def part(cells: slice) -> None:
            nonlocal total
            batch = self.layout.batch(self.cells, rows[cells], hiding.take(cells))
            with in_precision(self.layout.device, bfloat16=self.recipe.bfloat16):
                loss = self.network.loss(batch)
            if gradients:
                (loss / int(hiding.hidden.sum())).backward()
            total += float(loss.detach()) / log(2)

        def restart() -> None:
            nonlocal total
            total = 0.0
            self.optimizer.zero_grad()

        self.fitting.run(len(rows), part, restart)
        return total

    def validator(self, rows: IntArray, kept: list[Checkpoint]) -> Callable[[], float]:
        """Return what measures the loss of ``rows``, in bits per hidden token: the same tokens hidden every time."""
        parts = list(_by_tokens(rows[np.argsort(self.cells.lengths[rows], kind="stable")], self.cells, self.layout))
        hidden = [self.layout.hide(self.cells, part, self.recipe.masked, self.rng) for part in parts]
        count = sum(int(one.hidden.sum()) for one in hidden)

        def validate() -> float:
            found = [self._loss(part, one, gradients=False) for part, one in zip(parts, hidden, strict=True)]
            loss = sum(found) / count
            if self.recipe.checkpoints:
                network = deepcopy(self.network).eval()
                kept.append(Checkpoint(self.step, loss, Trained(network, self.layout, self.recipe.bfloat16)))
            return loss

        return validate


def fit_network(
    cells: Cells, shape: Shape, recipe: Recipe, rng: np.random.Generator
) -> tuple[Trained, History, tuple[Checkpoint, ...]]:
    """Train a network of ``shape`` on ``cells``.

    Raises
    ------
    InputError
        If fewer than two cells have a token (as published, where pads are tokens, all have), or fewer train than a
        batch that was asked for.
    """
    usable = np.arange(len(cells.lengths)) if recipe.pads == "tokens" else np.flatnonzero(cells.lengths)
    if len(usable) < 2:
        raise InputError(
            f"A Txformer needs at least 2 training cells with one of the selected genes; got {len(usable)} of "
            f"{len(cells.lengths)}. Use a higher level, or more cells."
        )
    n_stop = max(1, round(recipe.validation_share * len(usable)))
    batch = settled_batch(recipe.batch, USUAL_BATCH, len(usable) - n_stop, "A Txformer")
    weights, noise = (torch.Generator(device).manual_seed(draw_seed(rng)) for device in ("cpu", recipe.device))
    network = Network(shape, weights, noise).to(recipe.device)
    layout = Layout(shape, _layout(recipe), recipe.device)
    order = rng.permutation(usable)
    course = _Course(recipe, network, layout, cells, order[n_stop:], batch, rng)
    kept: list[Checkpoint] = []
    validate = course.validator(order[:n_stop], kept)
    stopping = Stopping(ceil(course.end / course.round), recipe.patience, recipe.keep)
    history = train(network, course.one_round, validate, stopping)
    return Trained(network, layout, recipe.bfloat16), _described(history, course), tuple(kept)


def _layout(recipe: Recipe) -> str:
    if recipe.pads == "tokens":
        return "tokens"
    return "packed" if recipe.device == "cpu" else "masked"


def _described(history: History, course: _Course) -> History:
    notes = {
        **history.notes,
        "device": course.layout.device,
        "precision": "bfloat16" if course.recipe.bfloat16 else "float32",
        "steps": course.step,
        "steps_of_the_schedule": course.steps,
        "steps_between_validations": course.round,
        "last_learning_rate": course.rates[-1],
        "best_validation_loss": min(history.curves["validation_loss"]),
        "tokens_per_cell": float(course.cells.lengths.mean()),
        **batch_note(course.recipe.batch, USUAL_BATCH, len(course.train)),
        **({"memory": course.fitting.note} if course.fitting.note else {}),
    }
    curves = {**history.curves, "learning_rate": tuple(course.rates)}
    return replace(history, curves=curves, notes=notes)


def _by_tokens(rows: IntArray, cells: Cells, layout: Layout) -> Iterator[IntArray]:
    """Yield ``rows`` (ordered by length) in runs of so many tokens."""
    widths = np.full(len(rows), layout.shape.window) if layout.kind == "tokens" else cells.lengths[rows]
    run = np.cumsum(widths) // _TOKENS
    yield from np.split(rows, np.flatnonzero(np.diff(run)) + 1) if len(rows) else ()
