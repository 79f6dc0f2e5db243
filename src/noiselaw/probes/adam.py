"""Adam with decoupled decay and a cosine schedule, for lists of float32 arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Adam", "batches"]


@dataclass
class Adam:
    """Moments of the gradients of ``weights``, which :meth:`ascend` changes in place; only matrices decay."""

    weights: list[NDArray[np.float32]]
    rate: float
    steps: int
    decay: float = 1e-3
    step: int = 0
    first: list[NDArray[np.float32]] = field(init=False)
    second: list[NDArray[np.float32]] = field(init=False)

    def __post_init__(self) -> None:
        self.first = [np.zeros_like(w) for w in self.weights]
        self.second = [np.zeros_like(w) for w in self.weights]

    def ascend(self, gradient: list[NDArray[np.float32]]) -> None:
        """Take one step uphill: ten steps to warm up, then down to nothing along a cosine."""
        self.step += 1
        rate = self.rate * min(1.0, self.step / 10) * 0.5 * (1 + np.cos(np.pi * self.step / (self.steps + 1)))
        for w, g, m, s in zip(self.weights, gradient, self.first, self.second, strict=True):
            m += 0.1 * (g - m)
            s += 0.01 * (g * g - s)
            scaled = m / (1 - 0.9**self.step) / (np.sqrt(s / (1 - 0.99**self.step)) + 1e-8)
            decay = self.decay if w.ndim == 2 else 0.0
            w += np.float32(rate) * (scaled - np.float32(decay) * w)


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield row numbers of ``size`` of n rows without end, each row once per round."""
    size = min(size, n)
    while True:
        order = rng.permutation(n)
        for start in range(0, n - size + 1, size):
            yield order[start : start + size]
