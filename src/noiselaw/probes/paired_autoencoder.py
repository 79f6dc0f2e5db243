"""The networks of latent MI, with their gradients written out. Imports torch.

Each side is compressed to a few dimensions from which both sides are read back. Training them is nearly all that
latent MI costs, and on a CPU most of the time of an ordinary implementation goes to what surrounds the matrix
products: new memory for every activation, casts, random numbers for dropout, the optimiser's many small tensors. Here
activations and gradients live in buffers made once, all weights in one vector, and products run in bfloat16 where the
processor has it (with float32 weights behind them).

Dropout of one half is where products can be saved too: one half of a batch keeps a random half of every hidden layer,
the other half of the batch its complement. To a single pair that is dropout as ever, every unit is trained on half of
the pairs as ever, and the products of the cross-decoders shrink to a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PairedAutoencoder"]

T = TypeVar("T")

_SLOPE = 0.2
_leaky_backward = torch.ops.aten.leaky_relu_backward.grad_input


@dataclass(frozen=True, eq=False)
class _Stack:
    """Linear layers with leaky rectifiers between them (and after the last, where ``rectify_last``).

    ``weights``, ``biases`` and their gradients are views of the model's vectors; ``outputs`` and ``deltas`` are buffers
    (batch, width).
    """

    weights: Sequence[torch.Tensor]
    biases: Sequence[torch.Tensor]
    weight_gradients: Sequence[torch.Tensor]
    bias_gradients: Sequence[torch.Tensor]
    outputs: Sequence[torch.Tensor]
    deltas: Sequence[torch.Tensor]
    ones: torch.Tensor
    rectify_last: bool

    def forward(self, values: torch.Tensor, masks: Sequence[torch.Tensor] | None = None) -> torch.Tensor:
        """Return the last layer's output, (n, width): a view of a buffer that the next call overwrites.

        ``masks`` are the dropout of each layer's input; that of the first is already applied.
        """
        n = len(values)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = self.outputs[layer][:n]
            torch.addmm(bias, values, weight.t(), out=out)
            if self.rectify_last or layer < len(self.weights) - 1:
                functional.leaky_relu_(out, _SLOPE)
                if masks is not None:
                    out.mul_(masks[layer + 1])
            values = out
        return values

    def backward(self, values: torch.Tensor, delta: torch.Tensor, *, to_input: bool = True) -> torch.Tensor:
        """Write the gradients for ``delta`` (n, width) at the output; return that at the input ``values``."""
        n = len(values)
        last = len(self.weights) - 1
        for layer in range(last, -1, -1):
            if self.rectify_last or layer < last:
                # the sign of a rectified output is that of its input
                _leaky_backward(delta, self.outputs[layer][:n], _SLOPE, True, grad_input=delta)
            inner = values if layer == 0 else self.outputs[layer - 1][:n]
            torch.mm(delta.t(), inner, out=self.weight_gradients[layer])
            torch.mm(self.ones[:, :n], delta, out=self.bias_gradients[layer])
            if layer > 0 or to_input:
                delta = torch.mm(delta, self.weights[layer], out=self.deltas[layer][:n])
        return delta


class _Halves:
    """A decoder of which half of each hidden layer is kept, gathered into a smaller one.

    Parameters
    ----------
    whole
        The decoder.
    batch
        Largest number of pairs of a half.
    """

    def __init__(self, whole: _Stack, batch: int) -> None:
        self._hidden = [len(weight) for weight in whole.weights[:-1]]
        kept = [whole.weights[0].shape[1], *(width // 2 for width in self._hidden), len(whole.weights[-1])]
        dtype = whole.ones.dtype
        shapes = _steps(kept)
        self.half = _Stack(
            [torch.empty(n_out, n_in, dtype=dtype) for n_in, n_out in shapes],
            [torch.empty(n_out, dtype=dtype) for _, n_out in shapes],
            [torch.empty(n_out, n_in, dtype=dtype) for n_in, n_out in shapes],
            [torch.empty(1, n_out, dtype=dtype) for _, n_out in shapes],
            [torch.empty(batch, n_out, dtype=dtype) for _, n_out in shapes],
            [torch.empty(batch, n_in, dtype=dtype) for n_in, _ in shapes],
            whole.ones,
            rectify_last=False,
        )
        # numpy gathers and scatters four times as fast as torch
        self._whole = [_bits(whole.weights), _bits(whole.biases)]
        self._whole_gradients = [_bits(whole.weight_gradients), _bits(whole.bias_gradients)]
        self._half = [_bits(self.half.weights), _bits(self.half.biases)]
        self._half_gradients = [_bits(self.half.weight_gradients), _bits(self.half.bias_gradients)]
        self._all = [np.arange(kept[0]), np.arange(kept[-1])]

    def draw(self, rng: np.random.Generator) -> list[list[np.ndarray]]:
        """Return, for both halves of a batch, which units of each layer are kept: one the other's complement."""
        orders = [rng.permutation(width) for width in self._hidden]
        first, last = self._all
        return [
            [first, *(order[: len(order) // 2] for order in orders), last],
            [first, *(order[len(order) // 2 :] for order in orders), last],
        ]

    def gather(self, kept: Sequence[np.ndarray]) -> None:
        """Take up the weights of the units ``kept``, doubled where their input is halved."""
        for layer, (columns, rows) in enumerate(_steps(kept)):
            weights, biases = (whole[layer] for whole in self._whole)
            chosen = weights if rows is self._all[1] else weights.take(rows, axis=0)
            if columns is self._all[0]:
                self._half[0][layer][...] = chosen
            else:
                chosen.take(columns, axis=1, out=self._half[0][layer], mode="clip")
                self.half.weights[layer].mul_(2)
            biases.take(rows, out=self._half[1][layer], mode="clip")

    def scatter(self, kept: Sequence[np.ndarray]) -> None:
        """Write the gradients into those of the whole decoder, all but that of the last bias, which is shared."""
        for layer, (columns, rows) in enumerate(_steps(kept)):
            weights, biases = (whole[layer] for whole in self._whole_gradients)
            half_weights, half_biases = (half[layer] for half in self._half_gradients)
            if columns is not self._all[0]:
                self.half.weight_gradients[layer].mul_(2)
            weights.reshape(-1)[(rows[:, None] * weights.shape[1] + columns).ravel()] = half_weights.reshape(-1)
            if rows is not self._all[1]:
                biases[0, rows] = half_biases[0]


class PairedAutoencoder(nn.Module):  # type: ignore[misc]
    """Two encoders, two decoders and two cross-decoders with dropout (Gowri et al. 2024, ``AECross``).

    Parameters
    ----------
    x_columns, y_columns
        Width of the two sides.
    dims
        Latent dimensions of each.
    batch
        Largest number of pairs that :meth:`loss` is given at once.
    seed
        Initialises the weights (Glorot uniform, biases 0) and draws the dropout.
    dtype
        In which the products run.
    """

    def __init__(
        self, x_columns: int, y_columns: int, dims: int, batch: int, seed: int, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        up_x, up_y = [dims, *_widths(x_columns)], [dims, *_widths(y_columns)]
        shapes = [[x_columns, *up_x[:0:-1], dims], [y_columns, *up_y[:0:-1], dims]]
        shapes += [[*up_x, x_columns], [*up_y, y_columns], [*up_x, x_columns], [*up_y, y_columns]]
        n_weights = sum((n_in + 1) * n_out for shape in shapes for n_in, n_out in _steps(shape))
        self.weights = nn.Parameter(torch.zeros(n_weights))
        self.weights.grad = torch.zeros(n_weights)
        self._work = self.weights.data if dtype == torch.float32 else torch.zeros(n_weights, dtype=dtype)
        self._gradient = self.weights.grad if dtype == torch.float32 else torch.zeros(n_weights, dtype=dtype)
        self._shapes = shapes
        self._rng = np.random.Generator(np.random.SFC64(seed))
        self._initialise(torch.Generator().manual_seed(seed))
        self._stacks = self._stacked(batch, dtype)
        self._mask_words = _mask_words(dtype)
        self._masked = [torch.empty(batch, dims, dtype=dtype) for _ in range(2)]
        self._across = [torch.empty(batch, dims, dtype=dtype) for _ in range(2)]
        self._halves = [_Halves(stack, -(-batch // 2)) for stack in self._stacks[4:]]
        self.refresh()

    def refresh(self) -> None:
        """Take up weights that the optimiser has changed."""
        if self._work is not self.weights.data:
            self._work.copy_(self.weights.data)

    def loss(self, x: torch.Tensor, y: torch.Tensor, *, gradients: bool) -> float:
        """Return the sum of the mean squared errors of both sides, read back from their own and the other's latent.

        Dropout is on in training mode. With ``gradients``, those of the weights are written.
        """
        side_x, side_y, own_x, own_y, *_ = self._stacks
        x16, y16 = x.to(self._work.dtype), y.to(self._work.dtype)
        z_x, z_y = side_x.forward(x16), side_y.forward(y16)
        total, into_x = _read_back(own_x, z_x, x, x.numel(), gradients)
        part, into_y = _read_back(own_y, z_y, y, y.numel(), gradients)
        total += part
        part, across_y = self._read_across(0, z_y, x, gradients)
        total += part
        part, across_x = self._read_across(1, z_x, y, gradients)
        if gradients:
            side_x.backward(x16, into_x.add_(across_x), to_input=False)
            side_y.backward(y16, into_y.add_(across_y), to_input=False)
            if self._gradient is not self.weights.grad:
                self.weights.grad.copy_(self._gradient)
        return total + part

    def _read_across(
        self, which: int, latent: torch.Tensor, target: torch.Tensor, gradients: bool
    ) -> tuple[float, torch.Tensor]:
        """Return the mean squared error of a cross-decoder, with dropout in training mode, and its gradient."""
        stack, n, size = self._stacks[4 + which], len(latent), target.numel()
        if not self.training:
            return _read_back(stack, latent, target, size, gradients)
        if not gradients:
            masks = self._masks(n, [weight.shape[1] for weight in stack.weights])
            return _read_back(stack, latent * masks[0], target, size, False, masks)
        mask = self._masks(n, [latent.shape[1]])[0]
        masked = torch.mul(latent, mask, out=self._masked[which][:n])
        into, halves, loss = self._across[which][:n], self._halves[which], 0.0
        for gradient in (*stack.weight_gradients, *stack.bias_gradients):
            gradient.zero_()
        middle = n // 2
        for rows, kept in zip((slice(middle), slice(middle, n)), halves.draw(self._rng), strict=True):
            halves.gather(kept)
            part, into[rows] = _read_back(halves.half, masked[rows], target[rows], size, True)
            halves.scatter(kept)
            stack.bias_gradients[-1].add_(halves.half.bias_gradients[-1])
            loss += part
        return loss, into.mul_(mask)

    def encode(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the latents of both sides, (n, dims) float32, from the weights in full precision."""
        side_x, side_y, *_ = self._layers(self.weights.data)
        return _encoded(side_x, x), _encoded(side_y, y)

    def _layers(self, vector: torch.Tensor) -> list[list[tuple[torch.Tensor, torch.Tensor]]]:
        """Return ``vector`` as weights (out, in) and biases (out,), stack by stack."""
        stacks, start = [], 0
        for shape in self._shapes:
            stack = []
            for n_in, n_out in _steps(shape):
                middle = start + n_in * n_out
                stack.append((vector[start:middle].view(n_out, n_in), vector[middle : middle + n_out]))
                start = middle + n_out
            stacks.append(stack)
        return stacks

    def _initialise(self, rng: torch.Generator) -> None:
        for stack in self._layers(self.weights.data):
            for weight, _ in stack:
                nn.init.xavier_uniform_(weight, generator=rng)

    def _stacked(self, batch: int, dtype: torch.dtype) -> list[_Stack]:
        ones = torch.ones(1, batch, dtype=dtype)
        stacks = []
        for which, (layers, gradients) in enumerate(
            zip(self._layers(self._work), self._layers(self._gradient), strict=True)
        ):
            stacks.append(
                _Stack(
                    [weight for weight, _ in layers],
                    [bias for _, bias in layers],
                    [weight for weight, _ in gradients],
                    [bias[None] for _, bias in gradients],
                    [torch.empty(batch, len(weight), dtype=dtype) for weight, _ in layers],
                    [torch.empty(batch, weight.shape[1], dtype=dtype) for weight, _ in layers],
                    ones,
                    rectify_last=which < 2,
                )
            )
        return stacks

    def _masks(self, n_rows: int, widths: Sequence[int]) -> list[torch.Tensor]:
        """Return 0 or 2 with equal probability, (n_rows, width) for each layer: dropout of one half."""
        n_bytes = -(-n_rows * sum(widths) // 8)
        drawn = np.frombuffer(self._rng.bytes(n_bytes), np.uint8)
        kept = torch.from_numpy(self._mask_words[drawn].view(np.uint8)).view(self._work.dtype)
        return [part.view(n_rows, -1) for part in kept[: n_rows * sum(widths)].split([n_rows * w for w in widths])]


def _read_back(
    stack: _Stack,
    latent: torch.Tensor,
    target: torch.Tensor,
    size: int,
    gradients: bool,
    masks: Sequence[torch.Tensor] | None = None,
) -> tuple[float, torch.Tensor]:
    """Return a decoder's sum of squared errors over ``size`` and, with ``gradients``, its gradient at the latent."""
    error = stack.forward(latent, masks).float() - target
    loss = float(torch.dot(error.ravel(), error.ravel())) / size
    if not gradients:
        return loss, latent
    return loss, stack.backward(latent, error.mul_(2 / size).to(latent.dtype))


def _encoded(layers: Sequence[tuple[torch.Tensor, torch.Tensor]], values: torch.Tensor) -> torch.Tensor:
    for weight, bias in layers:
        values = functional.leaky_relu(functional.linear(values, weight, bias), _SLOPE)
    return values


def _widths(columns: int) -> list[int]:
    """Return the hidden widths between latent and columns, the narrowest first."""
    first = 1024 if columns <= 2048 else 2 ** int(np.floor(np.log2(columns)))
    return [first // 4, first // 2, first]


def _steps(layers: Sequence[T]) -> list[tuple[T, T]]:
    """Return what lies before and after each weight matrix."""
    return list(zip(layers[:-1], layers[1:], strict=True))


def _bits(tensors: Sequence[torch.Tensor]) -> list[np.ndarray]:
    """Return numpy views that share memory with ``tensors``, their numbers as integers (numpy has no bfloat16)."""
    return [tensor.view(torch.int16 if tensor.dtype == torch.bfloat16 else torch.int32).numpy() for tensor in tensors]


def _mask_words(dtype: torch.dtype) -> np.ndarray:
    """Return for every byte its eight bits as numbers 0 and 2 of ``dtype``, packed into one item, (256,)."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)).reshape(256, 8)
    rows = (2 * torch.from_numpy(bits)).to(dtype).contiguous().view(torch.uint8).numpy()
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel()
