"""The one training loop, with early stopping that really restores the best weights, and what it runs on."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from noiselaw.errors import InputError, UsageError
from noiselaw.optional import require
from noiselaw.records import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Fitting", "Stopping", "batches", "choose_device", "in_precision", "train", "use_bfloat16", "with_threads"]


@dataclass(frozen=True)
class Stopping:
    """When a training ends and which weights it leaves.

    Parameters
    ----------
    max_epochs
        It ends after this many epochs at the latest.
    patience
        It ends when the validation loss has not improved for this many epochs.
    every
        It validates every so many epochs, and after the last.
    keep
        The weights of the ``best`` epoch, or those of the ``last`` (as much published code does, by accident).
    """

    max_epochs: Annotated[int, Field(ge=1)] = 300
    patience: Annotated[int, Field(ge=1)] = 30
    keep: Literal["best", "last"] = "best"
    every: Annotated[int, Field(ge=1)] = 1


def train(
    model: torch.nn.Module,
    one_epoch: Callable[[int], float],
    validate: Callable[[], float],
    stopping: Stopping,
    *,
    validate_in_training_mode: bool = False,
) -> History:
    """Train ``model`` in place until it stops improving, and leave it in evaluation mode with the weights to keep.

    Parameters
    ----------
    model
        Its weights are changed by ``one_epoch``; those of the best epoch are copied, not referred to.
    one_epoch
        Given the epoch's number from 0, trains for an epoch and returns the mean training loss.
    validate
        Returns the validation loss; called without gradients, in evaluation mode (dropout off).
    stopping
        When to stop and which weights to keep.
    validate_in_training_mode
        Validate with dropout on, as some published code does.

    Returns
    -------
    History
        ``stop_reason`` is ``patience``, ``max_epochs`` or ``diverged`` (a loss that is no number: the best weights
        before it are kept). ``best_epoch`` counts from 1; ``curves`` has ``train_loss``, one value for each epoch, and
        ``validation_loss``, one for each validation.
    """
    torch = require("torch", "Training")
    curves: dict[str, list[float]] = {"train_loss": [], "validation_loss": []}
    best_loss, best_epoch, best_weights = math.inf, 0, _copy(model)
    stop_reason = "max_epochs"
    for epoch in range(stopping.max_epochs):
        model.train()
        curves["train_loss"].append(one_epoch(epoch))
        if (epoch + 1) % stopping.every and epoch + 1 < stopping.max_epochs:
            continue
        model.train(validate_in_training_mode)
        with torch.no_grad():
            loss = validate()
        curves["validation_loss"].append(loss)
        if not math.isfinite(loss):
            stop_reason = "diverged"
            break
        if loss < best_loss:
            best_loss, best_epoch, best_weights = loss, epoch + 1, _copy(model)
        elif epoch + 1 - best_epoch >= stopping.patience:
            stop_reason = "patience"
            break
    if stopping.keep == "best" or stop_reason == "diverged":
        model.load_state_dict(best_weights)
    model.eval()
    return History(
        stop_reason=stop_reason,
        epochs=len(curves["train_loss"]),
        best_epoch=best_epoch,
        curves={name: tuple(curve) for name, curve in curves.items()},
        notes={"weights": stopping.keep},
    )


def _copy(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def batches(n_rows: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield the rows 0 … n_rows-1 in random order, ``size`` at a time; the last batch may be smaller."""
    order = rng.permutation(n_rows)
    for start in range(0, n_rows, size):
        yield order[start : start + size]


def choose_device(device: str = "auto") -> str:
    """Return what torch computes on: ``cuda``, ``mps`` or ``cpu``, the first that there is, or the one asked for.

    Parameters
    ----------
    device
        ``auto``, ``cpu``, ``mps``, ``cuda``, or ``cuda:1`` for the second of several.

    Raises
    ------
    UsageError
        If there is no such device here, or none of that name.
    """
    torch = require("torch", "Training")
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, there in found.items() if there)
    kind, _, number = device.partition(":")
    if kind not in found or (number and not (kind == "cuda" and number.isdecimal())):
        raise UsageError(f"device must be auto, cpu, mps, cuda or cuda:N; got {device!r}. Use auto to let it choose.")
    if not found[kind] or (number and int(number) >= torch.cuda.device_count()):
        there = [name for name, present in found.items() if present]
        raise UsageError(f"There is no device {device!r} on this machine, which has {', '.join(there)}. Use auto.")
    return device


def use_bfloat16(precision: str, device: str) -> bool:
    """Say whether products on ``device`` run in bfloat16: as asked for, or (``auto``) on CUDA."""
    return precision == "bfloat16" or (precision == "auto" and device.startswith("cuda"))


def in_precision(device: str, *, bfloat16: bool) -> AbstractContextManager[Any]:
    """Multiply in bfloat16 meanwhile, if asked to; weights stay as they are."""
    torch = require("torch", "Training")
    autocast: AbstractContextManager[Any] = torch.autocast(device.partition(":")[0], torch.bfloat16)
    return autocast if bfloat16 else nullcontext()


@contextmanager
def with_threads(number: int) -> Iterator[None]:
    """Let torch use ``number`` threads meanwhile: another number may change the last digits."""
    torch = require("torch", "Training")
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Fitting:
    """Fits work into a device's memory: where a batch is too large, its parts follow one another.

    What parts add up to (gradients, concatenated rows) is what the whole batch would have given, up to rounding and to
    which numbers dropout draws. The number of parts never falls again, so that memory runs out once, not in each batch.
    """

    parts: int = 1

    def run(self, n_rows: int, work: Callable[[slice], None], restart: Callable[[], None]) -> None:
        """Call ``work`` on each part of rows 0 … n_rows-1; after an out-of-memory ``restart``, with half the rows.

        Raises
        ------
        InputError
            If one row alone is too large.
        """
        while True:
            restart()
            size = -(-n_rows // self.parts)
            try:
                for start in range(0, n_rows, size):
                    work(slice(start, min(start + size, n_rows)))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                if size == 1:
                    raise InputError(
                        "The device has too little memory for a single observation. Use a smaller model, or "
                        'device = "cpu".'
                    ) from error
            else:
                return
            # Only here has the error let go of the tensors of the frames that it passed.
            self.parts *= 2
            _empty_cache()

    @property
    def note(self) -> str:
        """Say what became of the batches; nothing where they fitted."""
        if self.parts == 1:
            return ""
        return f"memory ran out: every batch was computed in {self.parts} parts"


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Tell an allocation that failed from any other failure (CUDA has a class of its own, MPS and CPU words)."""
    torch = require("torch", "Training")
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "can't allocate memory" in text


def _empty_cache() -> None:
    torch = require("torch", "Training")
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
