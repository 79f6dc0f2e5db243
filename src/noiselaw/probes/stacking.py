"""Opinions of several classifiers, weighted by how well they predict pairs that none of them saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["log_mix", "stacking_weights"]


def log_mix(
    log_prior: NDArray[np.float64], opinions: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return log q(label | x) (m, labels) ∝ prior × Π opinion^weight; weights of 0 give the prior."""
    logits = np.broadcast_to(log_prior, opinions[0].shape).copy()
    for weight, opinion in zip(weights, opinions, strict=True):
        logits += weight * opinion
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def stacking_weights(
    log_prior: NDArray[np.float64],
    opinions: Sequence[NDArray[np.float64]],
    labels: NDArray[np.intp],
    rounds: int = 12,
) -> NDArray[np.float64]:
    """Return the non-negative weights of :func:`log_mix` with the least cross-entropy, by projected Newton steps.

    The problem is convex. A small penalty keeps weights that the pairs do not determine near an even share.
    """
    start = np.full(len(opinions), 1 / len(opinions))
    weights = start.copy()
    rows = np.arange(len(labels))
    best, best_loss = weights, np.inf
    for _ in range(rounds):
        log_q = log_mix(log_prior, opinions, weights)
        loss = -log_q[rows, labels].mean() + 1 / len(labels) * np.sum((weights - start) ** 2)
        if loss < best_loss - 1e-9:
            best, best_loss = weights, loss
        q = np.exp(log_q)
        expected = [np.sum(q * opinion, axis=1) for opinion in opinions]
        gradient = np.array([np.mean(e - o[rows, labels]) for e, o in zip(expected, opinions, strict=True)])
        hessian = np.array(
            [
                [np.mean(np.sum(q * a * b, axis=1) - ea * eb) for b, eb in zip(opinions, expected, strict=True)]
                for a, ea in zip(opinions, expected, strict=True)
            ]
        )
        gradient = gradient + 2 / len(labels) * (weights - start)
        hessian = hessian + (2 / len(labels) + 1e-12) * np.eye(len(opinions))
        free = (weights > 0) | (gradient < 0)
        if not free.any():
            break
        step = np.zeros(len(opinions))
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        size = 1.0 if loss <= best_loss + 1e-9 else 0.5
        weights = np.maximum((weights if size == 1.0 else 0.5 * (weights + best)) - size * step, 0.0)
    return best
