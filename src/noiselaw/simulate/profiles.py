"""Cell types related by a tree: their shares, gene profiles and protein levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.randomness import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Profiles", "grow"]

#: Standard deviation of the genes' natural-log mean expression: a few genes hold most molecules, as in real cells.
_EXPRESSION_SD = 1.2


@dataclass(frozen=True, eq=False)
class Profiles:
    """What the counts and proteins of each of S states are drawn from.

    Parameters
    ----------
    shares
        Probability of each state, (S,).
    types
        The cell type that each state belongs to, (S,).
    genes
        Share of each gene in a state's molecules, (S, G); rows sum to 1.
    proteins
        Mean natural-log abundance of each protein, (S, P).
    """

    shares: NDArray[np.float64]
    types: NDArray[np.int64]
    genes: NDArray[np.float64]
    proteins: NDArray[np.float64]


def grow(
    n_types: int,
    states_per_type: int,
    n_genes: int,
    n_proteins: int,
    separation: float,
    relatedness: float,
    marker_share: float,
    seed: int,
) -> Profiles:
    """Grow a binary tree with one leaf per state; every branch changes some genes, later branches less.

    What is drawn for shares, genes and proteins is independent, so that asking for proteins changes no count.
    Siblings at generation k of the tree are told apart by about ``1/(separation·relatedness^(k-1))²`` molecules.
    """
    n_states = n_types * states_per_type
    rng, protein_rng, share_rng = (generator(seed, "profiles", part) for part in ("genes", "proteins", "shares"))
    log_mean = rng.normal(0.0, _EXPRESSION_SD, n_genes)
    weight = np.exp(log_mean) / np.exp(log_mean).sum()
    genes = np.tile(log_mean, (n_states, 1))
    proteins = np.tile(protein_rng.normal(4.0, 1.0, n_proteins), (n_states, 1))
    for generation, (first, last) in _branches(n_states):
        size = separation * relatedness ** (generation - 1)
        change = rng.normal(0.0, 1.0, n_genes) * (rng.random(n_genes) < marker_share)
        # Scaled so that the tree's difficulty depends on neither the number of genes nor the luck of the draw.
        genes[first:last] += change * size / max(np.sqrt(2 * (weight * change**2).sum()), 1e-12)
        proteins[first:last] += protein_rng.normal(0.0, 1.2 * relatedness ** (generation - 1), n_proteins)
    genes = np.exp(genes - genes.max(axis=1, keepdims=True))
    type_shares = share_rng.dirichlet(np.full(n_types, 5.0))
    state_shares = share_rng.dirichlet(np.full(states_per_type, 5.0), n_types)
    return Profiles(
        (type_shares[:, None] * state_shares).ravel(),
        np.repeat(np.arange(n_types), states_per_type),
        genes / genes.sum(axis=1, keepdims=True),
        proteins,
    )


def _branches(n_leaves: int) -> list[tuple[int, tuple[int, int]]]:
    """Return every branch of a balanced binary tree: its generation (from 1) and the range of leaves below it."""
    found: list[tuple[int, tuple[int, int]]] = []
    waiting = [(0, 0, n_leaves)]
    while waiting:
        generation, first, last = waiting.pop(0)
        if generation:
            found.append((generation, (first, last)))
        if last - first > 1:
            middle = (first + last + 1) // 2
            waiting += [(generation + 1, first, middle), (generation + 1, middle, last)]
    return found
