"""The information that counts hold about what made them, by exact posteriors.

Molecules are Poisson, so a cell's total says nothing about its state when depth does not depend on the state, and given
the total the counts are multinomial: P(state | counts) ∝ share · Π_g profile_g^count_g, exactly and without knowing the
cell's depth. Where expression also varies within a state (negative-binomial counts) the unknown depth is summed over.
Binomial thinning leaves Poisson counts Poisson, and negative-binomial ones negative-binomial. What remains is one
average over cells, which converges as their number grows; its standard error is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from noiselaw.records import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from noiselaw.records import Matrix
    from noiselaw.simulate.profiles import Profiles

__all__ = [
    "averaged",
    "entropy",
    "label_bits",
    "log_posterior",
    "overdispersed_posterior",
    "pair_bits",
    "protein_bits",
]

_LN2 = float(np.log(2.0))


def entropy(shares: NDArray[Any]) -> float:
    """Return the entropy of a distribution in bits."""
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def log_posterior(counts: Matrix, genes: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln P(state | counts) of each cell, (n, S), for Poisson counts (n, G).

    ``genes`` is the share of each gene in a state's molecules, (S, G), ``shares`` how likely each state is, (S,).
    """
    return _normalised(np.asarray(counts @ np.log(genes).T) + np.log(shares))


def overdispersed_posterior(
    counts: Matrix,
    genes: NDArray[np.float64],
    shares: NDArray[np.float64],
    dispersion: float,
    depth: float,
    depth_sd: float,
) -> NDArray[np.float64]:
    """Return ln P(state | counts) of each cell, (n, S), for counts of variance mean + ``dispersion`` · mean².

    A cell's depth is log-normal with mean ``depth`` and standard deviation ``depth_sd`` of its natural log; the sum
    over it takes steps as wide as the best-known cell's counts fix its log, which leaves a relative error below 1e-7.
    """
    nodes, log_weights = _depths(genes, dispersion, depth, depth_sd)
    scores = np.full((counts.shape[0], len(shares)), -np.inf)
    size = 1 / dispersion
    for node, log_weight in zip(nodes, log_weights, strict=True):
        means = node * genes
        absent = -size * np.log1p(means / size).sum(axis=1)
        given_depth = np.asarray(counts @ (np.log(means) - np.log(size + means)).T) + absent + log_weight
        np.logaddexp(scores, given_depth, out=scores)
    return _normalised(scores + np.log(shares))


def _depths(
    genes: NDArray[np.float64], dispersion: float, depth: float, depth_sd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return depths and the log of their weights, of an even grid of log-depth over ± 5 standard deviations."""
    if not depth_sd:
        return np.array([depth]), np.zeros(1)
    # The least spread of a cell's total, relative to its mean: at the largest depths, in the most even state.
    width = np.sqrt(np.exp(-5 * depth_sd) / depth + dispersion * (genes**2).sum(axis=1).min())
    steps = np.linspace(-5, 5, max(31, int(np.ceil(10 * depth_sd / width)) + 1))
    return depth * np.exp(depth_sd * steps - depth_sd**2 / 2), -0.5 * steps**2


def _normalised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    posterior: NDArray[np.float64] = scores - logsumexp(scores, axis=1, keepdims=True)
    return posterior


def pair_bits(
    first: NDArray[np.float64], second: NDArray[np.float64], shares: NDArray[np.float64], same: float
) -> NDArray[np.float64]:
    """Return log2 P(counts, counts') / P(counts) P(counts') of each pair of cells, (n,), from their log-posteriors.

    With chance ``same`` both have one state, else two independent ones; then the ratio is (1 - same) + same ·
    Σ_state P(state | counts) P(state | counts') / share, exactly. Its mean is I(counts; counts') in bits.
    """
    shared = logsumexp(first + second - np.log(shares), axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(np.log(1 - same), np.log(same) + shared) / _LN2)


def label_bits(posterior: NDArray[np.float64], labels: NDArray[np.int64], profiles: Profiles) -> NDArray[np.float64]:
    """Return what each cell's counts tell about its label, H(label) − H(label | these counts), in bits, (n,).

    ``labels`` is the label of each state, (S,). The mean is I(label; counts); the entropy of the exact posterior varies
    less than the posterior of the true label does.
    """
    shares = np.zeros((len(posterior), labels.max() + 1))
    np.add.at(shares.T, labels, np.exp(posterior).T)
    prior = np.bincount(labels, profiles.shares)
    rest = -(shares * np.log2(shares, where=shares > 0, out=np.zeros_like(shares))).sum(axis=1)
    known: NDArray[np.float64] = entropy(prior) - rest
    return known


def protein_bits(
    posterior: NDArray[np.float64], proteins: NDArray[np.float64], profiles: Profiles, noise: float
) -> NDArray[np.float64]:
    """Return log2 P(proteins | counts) / P(proteins) of each cell, (n,); its mean is I(proteins; counts) in bits.

    ``proteins`` are natural-log abundances (n, P). Given the state they are independent of the counts, so that
    P(proteins | counts) = Σ_state P(state | counts)·P(proteins | state), exactly.
    """
    given_state = -0.5 * (((proteins[:, None, :] - profiles.proteins) / noise) ** 2).sum(axis=2)
    with_counts = logsumexp(given_state + posterior, axis=1)
    without = logsumexp(given_state + np.log(profiles.shares), axis=1)
    return np.asarray((with_counts - without) / _LN2)


def averaged(parts: Iterable[NDArray[np.float64]], ceiling: float, diagnostics: dict[str, Any]) -> Estimate:
    """Return the mean over all cells as an estimate, with its Monte-Carlo standard error."""
    values = np.concatenate(list(parts))
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate(float(values.mean()), error, ceiling_bits=ceiling, n_pairs=len(values), diagnostics=diagnostics)
