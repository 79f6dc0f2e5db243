"""Cells as sequences of genes, from the highest rank down, and batches of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import IntArray, Matrix
    from noiselaw.represent.transformer import Batch, Shape

__all__ = ["Cells", "Hiding", "Layout", "tokenised"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The genes of every cell by rank: those of cell i are ``tokens[starts[i] : starts[i + 1]]``."""

    tokens: IntArray
    starts: IntArray

    @property
    def lengths(self) -> IntArray:
        """How many tokens each cell has, (n cells,)."""
        return np.diff(self.starts)


def tokenised(ranks: Matrix, window: int) -> Cells:
    """Return the first ``window`` genes of every cell from its ranks (n cells, n genes), as in the view ``ranks``."""
    x = sparse.csr_matrix(ranks)
    row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    order = np.lexsort((x.data, row))
    place = np.arange(len(row)) - x.indptr[row]
    kept = place < window
    counts = np.bincount(row[kept], minlength=x.shape[0])
    return Cells(x.indices[order][kept].astype(np.int64), np.concatenate([[0], np.cumsum(counts)]))


@dataclass(frozen=True, eq=False)
class Hiding:
    """Which tokens of cells are hidden: of their ``counts`` tokens, one after another, those numbered ``chosen``.

    ``hidden`` says how many of each cell's.
    """

    chosen: IntArray
    counts: IntArray
    hidden: IntArray

    def take(self, cells: slice) -> Hiding:
        """Return what is hidden of some of the cells."""
        before, first = (int(values[: cells.start].sum()) for values in (self.counts, self.hidden))
        counts, hidden = self.counts[cells], self.hidden[cells]
        return Hiding(self.chosen[first : first + int(hidden.sum())] - before, counts, hidden)


@dataclass(frozen=True)
class Layout:
    """How cells become a batch for a network of ``shape`` on ``device``.

    ``packed``: no padding. ``masked``: padded to the longest of the batch, the padding masked. ``tokens``: padded to
    the window with pads that count as tokens, as the paper was run.
    """

    shape: Shape
    kind: str
    device: str

    def batch(self, cells: Cells, rows: IntArray, hide: Hiding | None = None) -> Batch:
        """Lay out the cells ``rows``, with some of their tokens hidden."""
        import torch

        from noiselaw.represent.transformer import Batch

        lengths = cells.lengths[rows]
        widths = self._widths(lengths)
        place = _within(widths)
        owner = np.repeat(np.arange(len(rows)), widths)
        real = place < lengths[owner]
        tokens = np.full(len(place), self.shape.pad)
        tokens[real] = cells.tokens[(cells.starts[rows][owner] + place)[real]]
        hidden: IntArray = np.zeros(0, dtype=np.int64)
        if hide is not None:
            hidden = np.flatnonzero(real)[hide.chosen] if self.kind == "masked" else hide.chosen
        targets = tokens[hidden]
        tokens[hidden] = self.shape.mask

        def there(values: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(values).to(self.device)

        groups = tuple((len(list(same)), int(width)) for width, same in groupby(widths))
        mask = there(real) if self.kind == "masked" else None
        return Batch(there(tokens), there(place), groups, mask, there(hidden), there(targets))

    def hide(self, cells: Cells, rows: IntArray, share: float, rng: np.random.Generator) -> Hiding:
        """Choose a share of each cell's tokens, at least one: of its genes, or of the window where pads are tokens."""
        lengths = cells.lengths[rows]
        counts = np.full(len(rows), self.shape.window) if self.kind == "tokens" else lengths
        owner = np.repeat(np.arange(len(rows)), counts)
        order = np.lexsort((rng.random(len(owner)), owner))
        wanted = np.where(counts > 0, np.maximum(1, np.rint(share * counts)), 0).astype(np.int64)
        chosen = np.sort(order[_within(counts) < wanted[owner]])
        return Hiding(chosen, counts, wanted)

    def _widths(self, lengths: IntArray) -> IntArray:
        if self.kind == "packed":
            return lengths
        return np.full(len(lengths), self.shape.window if self.kind == "tokens" else lengths.max(initial=1))


def _within(widths: IntArray) -> IntArray:
    """Return the place of every token within its cell, for cells of ``widths``."""
    ends = np.cumsum(widths)
    return np.arange(int(widths.sum())) - np.repeat(ends - widths, widths)
