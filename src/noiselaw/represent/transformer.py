"""A transformer encoder over cells of any length, without computing on tokens that are not there.

The tokens of all cells of a batch follow one another in one matrix, so that linear layers, norms and dropout see real
tokens only; attention runs cell by cell (cells of one length together), which is block-diagonal attention without a
mask. On a GPU, where many small calls cost more than idle arithmetic, cells are padded to the longest of their batch
and the padding is masked. Both give the same numbers up to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Batch", "Network", "Shape"]


@dataclass(frozen=True)
class Shape:
    """The sizes of a network: ``n_genes`` genes, at most ``window`` tokens a cell, and the usual ones."""

    n_genes: int
    window: int
    layers: int = 2
    dims: int = 128
    heads: int = 4
    feed_forward: int = 512
    dropout: float = 0.1
    attention_dropout: float = 0.0

    @property
    def mask(self) -> int:
        """The token that hides a gene; genes are 0 … n_genes-1."""
        return self.n_genes

    @property
    def pad(self) -> int:
        """The token that fills what a cell does not have."""
        return self.n_genes + 1


@dataclass(frozen=True, eq=False)
class Batch:
    """Cells one after another.

    Parameters
    ----------
    tokens, positions
        Of every token, (n tokens,).
    groups
        ``(cells, tokens of each)`` for consecutive cells of one length.
    real
        Which tokens are not padding, (n tokens,), or None where all are (or count as) real.
    hidden
        Where tokens were replaced by the mask, (n hidden,); ``targets`` are the tokens that stood there.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    groups: tuple[tuple[int, int], ...]
    real: torch.Tensor | None = None
    hidden: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    targets: torch.Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


class _Dropout(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Sets a share ``p`` of the entries to 0 while training, with a generator of its own."""

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__()
        self.p, self.generator = p, generator
        self.kept_below = round((1 - p) * 2**16) - 2**15

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.p:
            return x
        return x * (self._kept(x).to(x.dtype) * (1 / (1 - self.p)))

    def _kept(self, x: torch.Tensor) -> torch.Tensor:
        if x.device.type != "cpu":
            return torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        # Four 16-bit numbers from each 64-bit draw: several times faster than a draw for each entry.
        bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
        bits.random_(-(2**63), None, generator=self.generator)
        return bits.view(torch.int16)[: x.numel()].view(x.shape) < self.kept_below


class _Layer(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Self-attention and a feed-forward network, each followed by its residual and a norm (torch's default order)."""

    def __init__(self, shape: Shape, noise: torch.Generator) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.dims, 3 * shape.dims)
        self.out = nn.Linear(shape.dims, shape.dims)
        self.up = nn.Linear(shape.dims, shape.feed_forward)
        self.down = nn.Linear(shape.feed_forward, shape.dims)
        self.norm_attention, self.norm_feed_forward = nn.LayerNorm(shape.dims), nn.LayerNorm(shape.dims)
        self.drop = _Dropout(shape.dropout, noise)
        self.drop_weights = _Dropout(shape.attention_dropout, noise)

    def forward(self, x: torch.Tensor, batch: Batch) -> torch.Tensor:
        x = self.norm_attention(x + self.drop(self.out(self._attention(self.qkv(x), batch))))
        grown = self.drop(functional.relu(self.up(x)))
        normed: torch.Tensor = self.norm_feed_forward(x + self.drop(self.down(grown)))
        return normed

    def _attention(self, qkv: torch.Tensor, batch: Batch) -> torch.Tensor:
        # One split, not one slice per cell: the gradient of a split is one concatenation.
        parts = qkv.split([cells * length for cells, length in batch.groups])
        return torch.cat([self._attend(part, group, batch) for part, group in zip(parts, batch.groups, strict=True)])

    def _attend(self, qkv: torch.Tensor, group: tuple[int, int], batch: Batch) -> torch.Tensor:
        cells, length = group
        q, k, v = qkv.view(cells, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mask = None if batch.real is None else batch.real.view(cells, 1, 1, length)
        if self.training and self.drop_weights.p:
            scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
            if mask is not None:
                scores = scores.masked_fill(~mask, -math.inf)
            mixed = self.drop_weights(scores.softmax(-1)) @ v
        else:
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(cells * length, -1)


class Network(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Embeds tokens and places, passes them through the layers, and guesses hidden tokens."""

    def __init__(self, shape: Shape, generator: torch.Generator, noise: torch.Generator) -> None:
        """Draw the weights from ``generator`` (on the CPU); dropout draws from ``noise``, on the network's device."""
        super().__init__()
        with torch.device("meta"):  # where torch's own initialisation draws nothing from the global generator
            self.tokens = nn.Embedding(shape.n_genes + 2, shape.dims)
            self.positions = nn.Embedding(shape.window, shape.dims)
            self.drop = _Dropout(shape.dropout, noise)
            self.layers: Sequence[Any] = nn.ModuleList(_Layer(shape, noise) for _ in range(shape.layers))
            self.head = nn.Linear(shape.dims, shape.n_genes + 2)
        self.to_empty(device="cpu")
        self._initialise(generator)

    def _initialise(self, generator: torch.Generator) -> None:
        """Draw weights as torch's own classes do (biases start at 0), but from ``generator``."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("qkv.weight"):
                    nn.init.xavier_uniform_(parameter, generator=generator)
                elif name in {"tokens.weight", "positions.weight"}:
                    parameter.normal_(generator=generator)
                elif parameter.ndim == 2:
                    bound = 1 / math.sqrt(parameter.shape[1])
                    parameter.uniform_(-bound, bound, generator=generator)
                else:
                    parameter.fill_(0.0 if name.endswith("bias") else 1.0)

    def forward(self, batch: Batch, layer: int = 0) -> torch.Tensor:
        """Return a layer at every token, (n tokens, dims): 0 is the last one, -1 the second to last."""
        x: torch.Tensor = self.drop(self.tokens(batch.tokens) + self.positions(batch.positions))
        for one in self.layers[: len(self.layers) + layer]:
            x = one(x, batch)
        return x

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy of the hidden tokens, summed over them, in nats."""
        guesses = self.head(self(batch)[batch.hidden])
        return functional.cross_entropy(guesses.float(), batch.targets, reduction="sum")

    def pooled(self, batch: Batch, layer: int = 0) -> torch.Tensor:
        """Return each cell's mean over its tokens in a layer, (n cells, dims): 0 is the last, -1 the second to last."""
        read = self(batch, layer).float()
        if batch.real is not None:
            (cells, length) = batch.groups[0]
            real = batch.real.view(cells, length, 1)
            return (read.view(cells, length, -1) * real).sum(1) / real.sum(1)
        parts = read.split([cells * length for cells, length in batch.groups])
        means = [part.view(*group, -1).mean(1) for part, group in zip(parts, batch.groups, strict=True)]
        return torch.cat(means)
