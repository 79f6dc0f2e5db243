"""Cells in batches for a pretrained network: by length, padded, halved where memory runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.optional import require
from noiselaw.training import Fitting, with_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from noiselaw.records import FloatArray, IntArray

__all__ = ["in_batches", "padded"]


def in_batches(
    lengths: IntArray,
    dims: int,
    batch: int,
    threads: int,
    embed: Callable[[IntArray], Any],
) -> tuple[FloatArray, dict[str, Any]]:
    """Return what ``embed`` gives for each cell, (n cells, dims); cells of length 0 become 0 and are counted.

    ``embed`` takes rows, longest last, and returns a tensor (n rows, dims).
    """
    torch = require("torch", "A pretrained model")
    values = np.zeros((len(lengths), dims))
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    fitting = Fitting()
    with torch.no_grad(), with_threads(threads):
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]

            def part(cells: slice, rows: IntArray = rows) -> None:
                values[rows[cells]] = embed(rows[cells]).float().cpu().numpy()

            fitting.run(len(rows), part, lambda: None)
    empty = int((lengths == 0).sum())
    notes = {**({"cells_without_a_known_gene": empty} if empty else {})}
    return values, {**notes, **({"memory": fitting.note} if fitting.note else {})}


def padded(sequences: list[Any], fill: float, dtype: Any) -> Any:
    """Return sequences as the rows of one tensor, ``fill`` behind their ends."""
    torch = require("torch", "A pretrained model")
    width = max(len(one) for one in sequences)
    rows = np.full((len(sequences), width), fill)
    for row, one in zip(rows, sequences, strict=True):
        row[: len(one)] = one
    return torch.as_tensor(rows, dtype=dtype)
