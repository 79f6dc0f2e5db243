"""How many cells a training step sees."""

from __future__ import annotations

from typing import Literal

from noiselaw.errors import InputError

__all__ = ["batch_note", "settled_batch"]


def settled_batch(asked: int | Literal["auto"], usual: int, n_cells: int, what: str) -> int:
    """Return the cells of a batch: as many as were asked for, or (``auto``) the ``usual`` number, or all if fewer.

    Raises
    ------
    InputError
        If there are fewer cells to train on than a batch that was asked for by number.
    """
    if asked == "auto":
        return min(usual, n_cells)
    if n_cells < asked:
        raise InputError(
            f"{what} with batch = {asked} needs as many cells to train on; got {n_cells:,} (without those that say "
            'when to stop). Ask for a larger training size, a smaller batch, or batch = "auto".'
        )
    return asked


def batch_note(asked: int | Literal["auto"], usual: int, n_cells: int) -> dict[str, str]:
    """Return, for the notes, that all cells made one batch, where nobody asked for it and they are fewer than usual."""
    if asked == "auto" and n_cells < usual:
        return {"batch": f"one batch of all {n_cells:,} cells trained on, fewer than the usual {usual}"}
    return {}
