"""A small network that corrects a classifier's log odds where they are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

__all__ = ["LabelNet"]


@dataclass(frozen=True, eq=False)
class LabelNet:
    """Residual network added to given log odds; its last layer starts at zero, so it starts by changing nothing."""

    weights: tuple[Array, ...]

    @classmethod
    def start(cls, n_in: int, n_labels: int, hidden: int, rng: np.random.Generator) -> LabelNet:
        """Draw the first two layers."""

        def normal(rows: int, columns: int) -> Array:
            return np.asarray(1.4 * rng.standard_normal((rows, columns)) / np.sqrt(rows), dtype=np.float32)

        bias = np.asarray(0.5 * rng.standard_normal(hidden), dtype=np.float32)
        zero = np.zeros(hidden, dtype=np.float32)
        last = np.zeros((hidden, n_labels), dtype=np.float32)
        return cls((normal(n_in, hidden), bias, normal(hidden, hidden), zero, last))

    def __call__(self, x: Array) -> Array:
        """Return the correction (m, labels) for inputs (m, n_in)."""
        return self._layers(x)[-1] @ self.weights[-1]

    def _layers(self, x: Array) -> tuple[Array, Array, Array]:
        first, first_bias, second, second_bias, _ = self.weights
        one = np.maximum(x @ first + first_bias, 0)
        two = np.maximum(one @ second + second_bias, 0)
        return one, two, one + two

    def gradient(self, x: Array, log_odds: Array, labels: NDArray[np.intp]) -> list[Array]:
        """Return the gradient of the mean log probability of ``labels`` (m,)."""
        one, two, deep = self._layers(x)
        logits = log_odds + deep @ self.weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= -len(x) * logits.sum(axis=1, keepdims=True)
        logits[np.arange(len(x)), labels] += 1 / len(x)
        back = logits @ self.weights[-1].T
        back_two = back * (two > 0)
        back_one = (back + back_two @ self.weights[2].T) * (one > 0)
        return [x.T @ back_one, back_one.sum(axis=0), one.T @ back_two, back_two.sum(axis=0), deep.T @ logits]

    def log_probability(self, x: Array, log_odds: Array, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the log probability (nats) of each label (m,)."""
        logits = log_odds + self(x)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(x)), labels]
        return np.asarray(chosen - np.log(np.exp(logits).sum(axis=1)), dtype=np.float64)
