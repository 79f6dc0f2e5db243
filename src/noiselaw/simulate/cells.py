"""Cells whose counts hold a known amount of information about their type and their proteins."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.randomness import generator
from noiselaw.records import Dataset, Estimate
from noiselaw.simulate.profiles import Profiles, grow
from noiselaw.simulate.truth import averaged, entropy, label_bits, log_posterior, protein_bits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Cells", "SimulatedCells", "cells"]

#: Cells drawn from one generator. Fixed, so that the first cells are the same however many follow.
_BLOCK = 1024


@dataclass(frozen=True)
class Cells:
    """Cells of related types: a tree of gene profiles, log-normal depth, Poisson molecules, proteins by type.

    Parameters
    ----------
    n_cells, n_genes, n_types
        How many of each.
    depth
        Mean UMI per cell at level 1.
    n_proteins
        Surface proteins measured on the same cells (``matrices["protein"]``, log-normal abundances); 0 for none.
    seed
        Same seed, same cells; fewer cells are the first of more.
    depth_sd
        Standard deviation of the natural log of a cell's depth.
    states_per_type
        Kinds of cells within a type, whose differences only disturb the question for the type.
    separation
        How different the main branches of the tree are: they are told apart by about ``1/separation²`` molecules.
    relatedness
        How much less each later generation of branches differs than the one before, in (0, 1].
    marker_share
        Share of the genes that change at a branch.
    protein_noise
        Standard deviation of a protein's natural-log abundance within a state.
    """

    n_cells: int = 3000
    n_genes: int = 1000
    n_types: int = 8
    depth: float = 2000.0
    n_proteins: int = 0
    seed: int = 0
    depth_sd: float = 0.4
    states_per_type: int = 1
    separation: float = 0.5
    relatedness: float = 0.6
    marker_share: float = 0.2
    protein_noise: float = 0.5

    def __post_init__(self) -> None:
        _at_least(self, 1, "n_cells", "n_genes", "n_types", "states_per_type")
        _at_least(self, 0, "n_proteins", "depth_sd", "separation")
        for name in ("depth", "protein_noise"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive; got {getattr(self, name)}.")
        for name in ("relatedness", "marker_share"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{name} must lie in (0, 1]; got {getattr(self, name)}.")

    def draw(self, seed: int | None = None) -> SimulatedCells:
        """Draw the cells, with ``seed`` in place of the description's own if one is given."""
        return SimulatedCells(self if seed is None else replace(self, seed=seed))


def _at_least(config: Cells, least: int, *names: str) -> None:
    for name in names:
        if not getattr(config, name) >= least:
            raise UsageError(f"{name} must be at least {least}; got {getattr(config, name)}.")


@dataclass(frozen=True, eq=False)
class SimulatedCells:
    """Drawn cells, which know the true information in their counts at every depth."""

    config: Cells

    @cached_property
    def profiles(self) -> Profiles:
        """The population that the cells come from: shares, types, gene profiles and protein levels of its states."""
        c = self.config
        return grow(
            c.n_types,
            c.states_per_type,
            c.n_genes,
            c.n_proteins,
            c.separation,
            c.relatedness,
            c.marker_share,
            c.seed,
        )

    @cached_property
    def dataset(self) -> Dataset:
        """The cells: counts (CSR, int32), ``annotations["cell_type"]``, and ``matrices["protein"]`` if asked for."""
        c = self.config
        states, counts, logs = zip(*self._blocks("cells", c.n_cells, 1.0), strict=True)
        names = np.array([f"cell_{j:07d}" for j in range(c.n_cells)], dtype=np.str_)
        features = np.array([f"gene_{j:05d}" for j in range(c.n_genes)], dtype=np.str_)
        proteins = pd.DataFrame(
            np.exp(np.concatenate(logs)),
            index=pd.Index(names),
            columns=[f"protein_{j:03d}" for j in range(c.n_proteins)],
        )
        return Dataset(
            "simulated",
            sparse.vstack(counts, format="csr"),
            names,
            features,
            self._annotations(np.concatenate(states), names),
            {"protein": proteins} if c.n_proteins else {},
            {"format": "simulated cells", "options": json.dumps(asdict(c)), "counts": "counts drawn"},
        )

    def truth(self, level: float, signal: str = "cell_type", n_cells: int = 20_000) -> Estimate:
        """Return the true information, in bits, that counts thinned to ``level`` hold about ``signal``.

        This is what no representation can exceed. The posterior of every cell is exact; the average over ``n_cells``
        fresh cells has the standard error that is returned.

        Parameters
        ----------
        level
            Share of the molecules kept, ≥ 0; more than 1 is a deeper measurement, ``inf`` the state itself.
        signal
            ``"cell_type"``, ``"state"`` (where types have several) or ``"protein"`` (where there are any).
        n_cells
            Cells to average over.

        Raises
        ------
        InputError
            If there is no such signal, or the level is negative.
        """
        signals = [*self._labels, *(["protein"] if self.config.n_proteins else [])]
        if signal not in signals:
            raise InputError(f"The simulated cells have no known truth for {signal!r}. {nearest(signal, signals)}")
        if not level >= 0:
            raise InputError(
                f"The level must be at least 0; got {level}. Pass the share of molecules to keep, e.g. 0.1."
            )
        parts = self._parts(float(level), n_cells, self._labels.get(signal))
        return averaged(parts, self.ceiling(signal), {"u": self.config.depth * level})

    def ceiling(self, signal: str = "cell_type") -> float:
        """Return the entropy of a label in bits, which nothing exceeds; NaN for proteins (see their truth at inf)."""
        if signal not in self._labels:
            return float("nan")
        return entropy(np.bincount(self._labels[signal], self.profiles.shares))

    @property
    def _labels(self) -> dict[str, NDArray[np.int64]]:
        """By signal, the label of each state."""
        several = self.config.states_per_type > 1
        states = {"state": np.arange(len(self.profiles.shares))} if several else {}
        return {"cell_type": self.profiles.types, **states}

    def _parts(self, level: float, n_cells: int, labels: NDArray[np.int64] | None) -> Iterator[NDArray[np.float64]]:
        """Yield what each cell's counts tell about its label, or about its proteins where there are no ``labels``."""
        for states, counts, proteins in self._blocks("truth", n_cells, level):
            posterior = self._posterior(states, counts)
            if labels is not None:
                yield label_bits(posterior, labels, self.profiles)
            else:
                yield protein_bits(posterior, proteins, self.profiles, self.config.protein_noise)

    def _posterior(self, states: NDArray[np.int64], counts: sparse.csr_matrix | None) -> NDArray[np.float64]:
        if counts is not None:
            return log_posterior(counts, self.profiles)
        certain = np.full((len(states), len(self.profiles.shares)), -np.inf)
        certain[np.arange(len(states)), states] = 0.0
        return certain

    def _blocks(
        self, use: str, n_cells: int, level: float
    ) -> Iterator[tuple[NDArray[np.int64], sparse.csr_matrix | None, NDArray[np.float64]]]:
        """Draw states, counts (None at an infinite level) and natural-log proteins, a block of cells at a time.

        The cells of one use are the same at every level, only their molecules are drawn anew.
        """
        c = self.config
        for block, start in enumerate(range(0, n_cells, _BLOCK)):
            size = min(_BLOCK, n_cells - start)
            rng = generator(c.seed, use, block)
            states = rng.choice(len(self.profiles.shares), _BLOCK, p=self.profiles.shares)[:size]
            depths = c.depth * np.exp(c.depth_sd * rng.standard_normal(_BLOCK)[:size] - c.depth_sd**2 / 2)
            spread = c.protein_noise * rng.standard_normal((_BLOCK, c.n_proteins))[:size]
            molecules = generator(c.seed, use, block, float(level))
            counts = None
            if np.isfinite(level):
                rates = (level * depths)[:, None] * self.profiles.genes[states]
                counts = sparse.csr_matrix(molecules.poisson(rates).astype(np.int32))
            yield states, counts, self.profiles.proteins[states] + spread

    def _annotations(self, states: NDArray[np.int64], names: NDArray[np.str_]) -> pd.DataFrame:
        labels = [f"type_{j + 1}" for j in range(self.config.n_types)]
        table = pd.DataFrame(index=pd.Index(names))
        table["cell_type"] = pd.Categorical(np.array(labels)[self.profiles.types[states]], categories=labels)
        if self.config.states_per_type > 1:
            table["state"] = pd.Categorical([f"state_{j + 1}" for j in states])
        return table


def cells(
    n_cells: int = 3000,
    n_genes: int = 1000,
    n_types: int = 8,
    depth: float = 2000.0,
    n_proteins: int = 0,
    seed: int = 0,
    **options: float,
) -> SimulatedCells:
    """Draw cells whose true information is known; ``options`` are the other fields of :class:`Cells`.

    Examples
    --------
    >>> drawn = cells(n_cells=200, n_genes=100, seed=1)
    >>> drawn.dataset.observations.shape
    (200, 100)
    >>> bool(drawn.truth(1.0).bits > drawn.truth(0.01).bits)
    True
    """
    return Cells(n_cells, n_genes, n_types, depth, n_proteins, seed, **options).draw()  # type: ignore[arg-type]
