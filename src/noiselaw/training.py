"""The one training loop, with early stopping that really restores the best weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from noiselaw.optional import require
from noiselaw.records import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Stopping", "batches", "train"]


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
