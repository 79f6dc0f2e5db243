"""The information that counts hold about what made them, by exact posteriors.

Molecules are Poisson, so a cell's total says nothing about its state when depth does not depend on the state, and given
the total the counts are multinomial: P(state | counts) ∝ share · Π_g profile_g^count_g, exactly and without knowing the
cell's depth. Binomial thinning leaves Poisson counts Poisson. What remains is one average over cells, which converges
as their number grows; its standard error is stated.
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

__all__ = ["averaged", "entropy", "label_bits", "log_posterior", "protein_bits"]

_LN2 = float(np.log(2.0))


def entropy(shares: NDArray[Any]) -> float:
    """Return the entropy of a distribution in bits."""
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def log_posterior(counts: Matrix, profiles: Profiles) -> NDArray[np.float64]:
    """Return ln P(state | counts) of each cell, (n, S), for counts (n, G)."""
    scores = np.asarray(counts @ np.log(profiles.genes).T) + np.log(profiles.shares)
    exact: NDArray[np.float64] = scores - logsumexp(scores, axis=1, keepdims=True)
    return exact


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
