"""Two small networks, one for X and one for Y, whose outputs meet in a product: the curved part of a critic.

Written out in NumPy: the networks are tiny, and a step costs less than calling a framework would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.adam import Adam, batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

__all__ = ["Committee", "PairNet", "Schedule", "contrast", "train"]


@dataclass(frozen=True)
class Schedule:
    """How a pair of networks is trained."""

    hidden: int = 48
    outputs: int = 24
    batch: int = 256
    steps: int = 1500
    rate: float = 8e-3
    decay: float = 1.0
    check: int = 20
    patience: int = 5
    #: How much of the running average of the weights stays at each step; the average is what is kept.
    memory: float = 0.97


@dataclass(frozen=True, eq=False)
class PairNet:
    """Weights of both networks and of the quadratic base.

    score = Σ strength·u·v + offset terms + φ(x)·ψ(y) + a(x) + b(y), where u, v are the first columns of x and y.
    """

    x_net: tuple[Array, ...]
    y_net: tuple[Array, ...]
    strength: Array
    square: Array

    @classmethod
    def start(
        cls,
        n_x: int,
        n_y: int,
        strength: NDArray[np.floating],
        square: NDArray[np.floating],
        schedule: Schedule,
        rng: np.random.Generator,
    ) -> PairNet:
        """Start at the base: ψ, a and b are zero, so that the networks add nothing yet."""
        x_net = _fresh(n_x, schedule.hidden, schedule.outputs, rng, 1.0)
        y_net = _fresh(n_y, schedule.hidden, schedule.outputs, rng, 0.0)
        return cls(x_net, y_net, strength.astype(np.float32), square.astype(np.float32))

    def features_x(self, x: Array) -> Array:
        """Return the features (n, k) of rows of X for :mod:`noiselaw.probes.bounds`."""
        out = _forward(self.x_net, x)[0]
        k = len(self.strength)
        own = out[:, -1] - 0.5 * (x[:, :k] ** 2) @ self.square
        return np.column_stack([out[:, :-1], x[:, :k] * self.strength, own, np.ones(len(x), np.float32)])

    def features_y(self, y: Array) -> Array:
        """Return the features (n, k) of rows of Y."""
        out = _forward(self.y_net, y)[0]
        k = len(self.strength)
        own = out[:, -1] - 0.5 * (y[:, :k] ** 2) @ self.square
        return np.column_stack([out[:, :-1], y[:, :k], np.ones(len(y), np.float32), own])

    @property
    def weights(self) -> list[Array]:
        """Every array that training changes."""
        return [*self.x_net, *self.y_net, self.strength, self.square]

    @classmethod
    def of(cls, weights: list[Array]) -> PairNet:
        """Put ``weights`` back in their places."""
        half = (len(weights) - 2) // 2
        return cls(tuple(weights[:half]), tuple(weights[half:-2]), weights[-2], weights[-1])


@dataclass(frozen=True, eq=False)
class Committee:
    """Critics of equal say: their scores are averaged, which costs nothing since the bound is concave in the score."""

    members: tuple[PairNet, ...]

    def features_x(self, x: Array) -> Array:
        """Return the features (n, k) of rows of X, those of all members side by side."""
        share = np.float32(1 / len(self.members))
        return np.hstack([share * member.features_x(x) for member in self.members])

    def features_y(self, y: Array) -> Array:
        """Return the features (n, k) of rows of Y."""
        return np.hstack([member.features_y(y) for member in self.members])


def _fresh(n_in: int, hidden: int, outputs: int, rng: np.random.Generator, last: float) -> tuple[Array, ...]:
    def normal(rows: int, columns: int, scale: float) -> Array:
        return np.asarray(scale * rng.standard_normal((rows, columns)) / np.sqrt(rows), dtype=np.float32)

    final = normal(hidden, outputs + 1, last)
    final[:, -1] = 0
    return (
        normal(n_in, hidden, 1.4),
        np.asarray(0.5 * rng.standard_normal(hidden), dtype=np.float32),
        normal(hidden, hidden, 1.4),
        np.zeros(hidden, dtype=np.float32),
        final,
    )


def _forward(net: tuple[Array, ...], x: Array) -> tuple[Array, tuple[Array, ...]]:
    first, first_bias, second, second_bias, last = net
    one = np.maximum(x @ first + first_bias, 0)
    two = np.maximum(one @ second + second_bias, 0)
    deep = one + two
    return deep @ last, (x, one, two, deep)


def _backward(net: tuple[Array, ...], kept: tuple[Array, ...], grad: Array) -> list[Array]:
    _, _, second, _, last = net
    x, one, two, deep = kept
    grad_deep = grad @ last.T
    grad_two = grad_deep * (two > 0)
    grad_one = (grad_deep + grad_two @ second.T) * (one > 0)
    return [x.T @ grad_one, grad_one.sum(axis=0), one.T @ grad_two, grad_two.sum(axis=0), deep.T @ grad]


def contrast(scores: Array) -> tuple[float, Array]:
    """Return the symmetric InfoNCE value (nats) of scores (m, m) and its gradient."""
    m = len(scores)
    diagonal = np.arange(m)
    rows = np.exp(scores - scores.max(axis=1, keepdims=True))
    rows /= rows.sum(axis=1, keepdims=True)
    columns = np.exp(scores - scores.max(axis=0))
    columns /= columns.sum(axis=0)
    least = np.float32(1e-30)
    logs = np.log(np.maximum(rows[diagonal, diagonal], least)) + np.log(np.maximum(columns[diagonal, diagonal], least))
    rows += columns
    rows *= np.float32(-0.5 / m)
    rows[diagonal, diagonal] += np.float32(1 / m)
    return float(np.log(m) + 0.5 * logs.mean()), rows


def _gradient(net: PairNet, x: Array, y: Array) -> list[Array]:
    k = len(net.strength)
    out_x, kept_x = _forward(net.x_net, x)
    out_y, kept_y = _forward(net.y_net, y)
    u, v = x[:, :k], y[:, :k]
    scores = out_x[:, :-1] @ out_y[:, :-1].T + (u * net.strength) @ v.T
    scores += (out_x[:, -1] - 0.5 * (u**2) @ net.square)[:, None]
    scores += out_y[:, -1] - 0.5 * (v**2) @ net.square
    grad = contrast(np.asarray(scores, np.float32))[1]
    row, column = grad.sum(axis=1), grad.sum(axis=0)
    back_x = _backward(net.x_net, kept_x, np.column_stack([grad @ out_y[:, :-1], row]))
    back_y = _backward(net.y_net, kept_y, np.column_stack([grad.T @ out_x[:, :-1], column]))
    strength = np.sum(u * (grad @ v), axis=0)
    square = -0.5 * (row @ u**2 + column @ v**2)
    return [*back_x, *back_y, strength, square]


def train(
    net: PairNet, x: Array, y: Array, held: NDArray[np.bool_], schedule: Schedule, rng: np.random.Generator
) -> tuple[PairNet, int]:
    """Train on the pairs (n, ·) that are not ``held`` (n,); return the best on those that are, and its step.

    Where there are 2 n rows, the second half are the pairs turned round: a batch takes each pair one way or the other.
    What is judged and kept is a running average of the weights, which wanders less than they do. Training stops early
    once ``patience`` checks bring nothing; step 0 is the start.
    """
    fit, n = np.flatnonzero(~held), len(held)
    held_x, held_y = x[:n][held], y[:n][held]
    adam = Adam([weights.copy() for weights in net.weights], schedule.rate, schedule.steps, schedule.decay)
    current = PairNet.of(adam.weights)
    average = [weights.copy() for weights in net.weights]
    smooth = PairNet.of(average)
    best, best_step = net, 0
    best_value = contrast(net.features_x(held_x) @ net.features_y(held_y).T)[0]
    for step, rows in zip(range(1, schedule.steps + 1), batches(len(fit), schedule.batch, rng), strict=False):
        taken = fit[rows] if len(x) == n else fit[rows] + n * rng.integers(0, 2, len(rows))
        adam.ascend(_gradient(current, x[taken], y[taken]))
        fresh = np.float32(1 - min(schedule.memory, step / (step + 10)))
        for kept, weights in zip(average, adam.weights, strict=True):
            kept += fresh * (weights - kept)
        if step % schedule.check == 0:
            value = contrast(smooth.features_x(held_x) @ smooth.features_y(held_y).T)[0]
            if value > best_value:
                best, best_value, best_step = PairNet.of([w.copy() for w in average]), value, step
            elif step - best_step >= schedule.patience * schedule.check:
                break
    return best, best_step
