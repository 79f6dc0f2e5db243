"""Families of pairs whose information is known: in closed form, or by averaging exact log density ratios."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import digamma, gammaln, logsumexp

#: Monte-Carlo values, by family: they take minutes, and every run must use the same. Delete to recompute.
STORED = Path(__file__).with_name("truths.json")

Sample = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]
#: Pairs with the exact log density ratio (nats) of each.
Judged = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Family:
    """Pairs (x, y) drawn by ``draw`` and the bits they share: ``bits``, or the mean of the ratios ``draw`` returns."""

    name: str
    draw: Callable[[int, np.random.Generator], tuple[np.ndarray, ...]]
    bits: float | None = None
    grouped: bool = False

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, y = self.draw(n, rng)[:2]
        return x, y

    @cached_property
    def converged(self) -> tuple[float, float]:
        """The true bits and their Monte-Carlo error."""
        if self.bits is not None:
            return self.bits, 0.0
        kept = json.loads(STORED.read_text()) if STORED.exists() else {}
        if self.name not in kept:
            rng = np.random.default_rng(2026)
            ratios = np.concatenate([self.draw(4000, rng)[2] for _ in range(60)]) / np.log(2)
            kept[self.name] = [float(ratios.mean()), float(ratios.std() / np.sqrt(len(ratios)))]
            STORED.write_text(json.dumps(kept, indent=1))
        return kept[self.name][0], kept[self.name][1]

    @property
    def true_bits(self) -> float:
        return self.converged[0]


def correlation(bits: float, k: int) -> float:
    """The correlation at which each of k Gaussian pairs shares bits / k."""
    return float(np.sqrt(1 - 2 ** (-2 * bits / k)))


def gaussian_pairs(n: int, rng: np.random.Generator, d: int, p: int, k: int, bits: float):
    """k of d and p standard Gaussian columns share ``bits`` together."""
    r = correlation(bits, k)
    x, y = rng.standard_normal((n, d)), rng.standard_normal((n, p))
    y[:, :k] = r * x[:, :k] + np.sqrt(1 - r * r) * y[:, :k]
    return x, y


def rotation(d: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def t_excess_bits(dof: float, m: int, n: int) -> float:
    """What a common Student scale adds to the information of m + n Gaussian dimensions."""

    def entropy(d: int) -> float:
        a, b = (dof + d) / 2, dof / 2
        return gammaln(b) - gammaln(a) + d / 2 * np.log(dof * np.pi) + a * (digamma(a) - digamma(b))

    return float((entropy(m) + entropy(n) - entropy(m + n)) / np.log(2))


def ratio_through_state(log_x: np.ndarray, log_y: np.ndarray, share: np.ndarray) -> np.ndarray:
    """log p(x, y) / p(x) p(y) (n,) where x and y depend on one another only through a state with these densities."""
    log_share = np.log(share)
    joint = logsumexp(log_x + log_y + log_share, axis=1)
    return joint - logsumexp(log_x + log_share, axis=1) - logsumexp(log_y + log_share, axis=1)


def ratio_of_labels(log_x: np.ndarray, labels: np.ndarray, share: np.ndarray) -> np.ndarray:
    """log p(label | x) / p(label) (n,) for densities log_x (n, labels)."""
    return log_x[np.arange(len(labels)), labels] - logsumexp(log_x + np.log(share), axis=1)


def log_normal(x: np.ndarray, means: np.ndarray, sd: float | np.ndarray) -> np.ndarray:
    """Log density (n, states) of x (n, d) under each state's mean (states, d), up to a constant per row."""
    scale = np.broadcast_to(np.asarray(sd, float), means.shape)
    inverse = 1 / scale**2
    square = (x**2) @ inverse.T - 2 * x @ (means * inverse).T + np.sum(means**2 * inverse, axis=1)
    return -0.5 * square - np.log(scale).sum(axis=1)


def log_poisson(counts: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Log probability (n, states) of counts (n, genes), up to a constant per row."""
    return counts @ np.log(rates).T - rates.sum(axis=1)


def log_negative_binomial(counts: np.ndarray, rates: np.ndarray, size: float) -> np.ndarray:
    """Log probability (n, states) of counts with dispersion 1 / size, up to a constant per row."""
    return counts @ np.log(rates / (rates + size)).T - size * np.log(rates + size).sum(axis=1)
