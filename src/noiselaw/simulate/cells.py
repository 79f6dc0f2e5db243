"""Cells whose counts hold a known amount of information about their type, their proteins and their relatives."""

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
from noiselaw.simulate.kin import clones_of, followed, patch_share, patches_of
from noiselaw.simulate.profiles import Profiles, grow
from noiselaw.simulate.truth import (
    averaged,
    entropy,
    label_bits,
    log_posterior,
    overdispersed_posterior,
    pair_bits,
    protein_bits,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Cells", "SimulatedCells", "cells"]

#: Cells drawn from one generator. Fixed, so that the first cells are the same however many follow. One section of
#: tissue, where cells have places.
_BLOCK = 1024
#: Among how many nearest cells the truth draws a spatial neighbour: the signal's own default.
_NEAREST = 5


@dataclass(frozen=True)
class Cells:
    """Cells of related types: a tree of gene profiles, log-normal depth, Poisson molecules, proteins, kin.

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
    dispersion
        How much expression varies within a state: counts have variance mean + dispersion · mean² (negative binomial).
    clone_size
        Cells of a clone (``annotations["clone"]``, half of them ``"early"`` and half ``"late"`` in ``"time_point"``);
        0 for none.
    patch_size
        Mean number of cells of a patch of tissue (``matrices["spatial"]``, ``annotations["section"]``); 0 for no
        places. Clones or patches, not both.
    fidelity
        Chance that a cell has the state of its clone or patch, and not one of its own.
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
    dispersion: float = 0.0
    clone_size: int = 0
    patch_size: int = 0
    fidelity: float = 0.9

    def __post_init__(self) -> None:
        _at_least(self, 1, "n_cells", "n_genes", "n_types", "states_per_type")
        _at_least(self, 0, "n_proteins", "depth_sd", "separation", "dispersion", "clone_size", "patch_size")
        for name in ("depth", "protein_noise"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive; got {getattr(self, name)}.")
        for name in ("relatedness", "marker_share", "fidelity"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{name} must lie in (0, 1]; got {getattr(self, name)}.")
        if self.clone_size and self.patch_size:
            raise UsageError("Cells follow their clone or their patch of tissue; got both. Set one of them to 0.")
        if self.clone_size == 1 or self.clone_size > _BLOCK:
            raise UsageError(f"clone_size must be 0, or 2 to {_BLOCK}; got {self.clone_size}.")
        if self.patch_size and 0 < self.n_cells % _BLOCK <= 4 * _NEAREST:
            raise UsageError(
                f"Sections have {_BLOCK} cells and the last one what is left, here {self.n_cells % _BLOCK}, too few "
                f"for neighbours. Pass another n_cells, e.g. {self.n_cells // _BLOCK * _BLOCK or _BLOCK}."
            )

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
        """The cells: counts (CSR, int32), ``annotations["cell_type"]``, and proteins, clones, places if asked for."""
        parts = list(self.stream())
        first = parts[0]
        matrices = {key: pd.concat([part.matrices[key] for part in parts]) for key in first.matrices}
        return replace(
            first,
            observations=sparse.vstack([part.observations for part in parts], format="csr"),
            names=np.concatenate([part.names for part in parts]),
            annotations=pd.concat([part.annotations for part in parts]),
            matrices=matrices,
        )

    def stream(self, level: float = 1.0) -> Iterator[Dataset]:
        """Yield the cells a thousand at a time, for what memory does not hold at once.

        Parameters
        ----------
        level
            Share of the molecules: the same cells measured less deeply (or more).
        """
        c = self.config
        features = np.array([f"gene_{j:05d}" for j in range(c.n_genes)], dtype=np.str_)
        said = {"format": "simulated cells", "options": json.dumps(asdict(c)), "counts": "counts drawn"}
        for number, block in enumerate(self._blocks("cells", c.n_cells, level)):
            start = number * _BLOCK
            names = np.array([f"cell_{start + j:07d}" for j in range(len(block.states))], dtype=np.str_)
            matrices = {}
            if c.n_proteins:
                columns = [f"protein_{j:03d}" for j in range(c.n_proteins)]
                matrices["protein"] = pd.DataFrame(np.exp(block.proteins), index=pd.Index(names), columns=columns)
            if block.places is not None:
                matrices["spatial"] = pd.DataFrame(block.places, index=pd.Index(names), columns=["x", "y"])
            annotations = self._annotations(block, number, names)
            yield Dataset("simulated", block.counts, names, features, annotations, matrices, said)

    def truth(self, level: float, signal: str = "cell_type", n_cells: int = 20_000) -> Estimate:
        """Return the true information, in bits, that counts thinned to ``level`` hold about ``signal``.

        This is what no representation can exceed. The posterior of every cell is exact; the average over ``n_cells``
        fresh cells has the standard error that is returned.

        Parameters
        ----------
        level
            Share of the molecules kept, ≥ 0; more than 1 is a deeper measurement, ``inf`` the state itself.
        signal
            ``"cell_type"``, ``"state"`` (where types have several) or ``"protein"`` (where there are any). Where cells
            have clones, ``"clonal"``: the counts of a relative, thinned alike, or ``"clonal_profile"``: its counts at
            level 1; where they have places, ``"spatial"`` and ``"spatial_profile"`` of one of the 5 nearest cells.
        n_cells
            Cells (or pairs) to average over.

        Raises
        ------
        InputError
            If there is no such signal, or the level is negative.
        """
        signals = [*self._labels, *(["protein"] if self.config.n_proteins else []), *self._partners]
        if signal not in signals:
            raise InputError(f"The simulated cells have no known truth for {signal!r}. {nearest(signal, signals)}")
        if not level >= 0:
            raise InputError(
                f"The level must be at least 0; got {level}. Pass the share of molecules to keep, e.g. 0.1."
            )
        if signal in self._partners:
            parts = self._pair_parts(float(level), n_cells, 1.0 if signal.endswith("_profile") else float(level))
        else:
            parts = self._parts(float(level), n_cells, self._labels.get(signal))
        return averaged(parts, self.ceiling(signal), {"u": self.config.depth * level})

    def ceiling(self, signal: str = "cell_type") -> float:
        """Return what nothing exceeds, in bits; NaN for proteins (see their truth at inf).

        The entropy of a label; for a partner the information that its state and the cell's share.
        """
        if signal in self._partners:
            shares, same = self.profiles.shares, self.same_state
            joint = (1 - same) * np.outer(shares, shares) + same * np.diag(shares)
            return 2 * entropy(shares) - entropy(joint.ravel())
        if signal not in self._labels:
            return float("nan")
        return entropy(np.bincount(self._labels[signal], self.profiles.shares))

    @cached_property
    def same_state(self) -> float:
        """The chance, beyond that of any two cells, that a cell and its relative or neighbour have one state."""
        c = self.config
        if c.clone_size:
            return c.fidelity**2
        rng = generator(c.seed, "patches")
        return c.fidelity**2 * patch_share(_BLOCK, c.patch_size, _NEAREST, rng) if c.patch_size else 0.0

    @property
    def _labels(self) -> dict[str, NDArray[np.int64]]:
        """By signal, the label of each state."""
        several = self.config.states_per_type > 1
        states = {"state": np.arange(len(self.profiles.shares))} if several else {}
        return {"cell_type": self.profiles.types, **states}

    @property
    def _partners(self) -> list[str]:
        kind = "clonal" if self.config.clone_size else "spatial" if self.config.patch_size else ""
        return [kind, f"{kind}_profile"] if kind else []

    def _parts(self, level: float, n_cells: int, labels: NDArray[np.int64] | None) -> Iterator[NDArray[np.float64]]:
        """Yield what each cell's counts tell about its label, or about its proteins where there are no ``labels``."""
        for block in self._blocks("truth", n_cells, level):
            posterior = self._posterior(block.states, block.counts, level)
            if labels is not None:
                yield label_bits(posterior, labels, self.profiles)
            else:
                yield protein_bits(posterior, block.proteins, self.profiles, self.config.protein_noise)

    def _pair_parts(self, level: float, n_pairs: int, partner_level: float) -> Iterator[NDArray[np.float64]]:
        """Yield what the counts of each of fresh pairs of cells share."""
        shares, same = self.profiles.shares, self.same_state
        partners = self._blocks("partner", n_pairs, partner_level, first=self._blocks("truth", n_pairs, 0.0))
        for block, partner in zip(self._blocks("truth", n_pairs, level), partners, strict=True):
            first = self._posterior(block.states, block.counts, level)
            second = self._posterior(partner.states, partner.counts, partner_level)
            yield pair_bits(first, second, shares, same)

    def _posterior(
        self, states: NDArray[np.int64], counts: sparse.csr_matrix | None, level: float
    ) -> NDArray[np.float64]:
        c, p = self.config, self.profiles
        if counts is None:
            certain = np.full((len(states), len(p.shares)), -np.inf)
            certain[np.arange(len(states)), states] = 0.0
            return certain
        if c.dispersion and level:
            return overdispersed_posterior(counts, p.genes, p.shares, c.dispersion, c.depth * level, c.depth_sd)
        return log_posterior(counts, p.genes, p.shares)

    def _blocks(self, use: str, n_cells: int, level: float, first: Iterator[_Block] | None = None) -> Iterator[_Block]:
        """Draw cells, a block at a time; with ``first``, a partner of each of those cells.

        The cells of one use are the same at every level, only their molecules are drawn anew.
        """
        c, shares = self.config, self.profiles.shares
        for block, start in enumerate(range(0, n_cells, _BLOCK)):
            size = min(_BLOCK, n_cells - start)
            rng = generator(c.seed, use, block)
            states = rng.choice(len(shares), _BLOCK, p=shares)
            depths = c.depth * np.exp(c.depth_sd * rng.standard_normal(_BLOCK)[:size] - c.depth_sd**2 / 2)
            spread = c.protein_noise * rng.standard_normal((_BLOCK, c.n_proteins))[:size]
            kin, places = self._kin(use, block) if use == "cells" else (None, None)
            if first is not None:
                follows = generator(c.seed, use, block, "kin").random(size) < self.same_state
                states = np.where(follows, next(first).states, states[:size])
            elif kin is not None:
                states = followed(kin, states, shares, c.fidelity, generator(c.seed, use, block, "kin"))
            states = states[:size]
            counts = self._molecules(use, block, level, states, depths) if np.isfinite(level) else None
            proteins = self.profiles.proteins[states] + spread
            yield _Block(states, counts, proteins, kin, None if places is None else places[:size])

    def _kin(self, use: str, block: int) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
        """Return the clone or the patch of the cells of a block, and their places."""
        c = self.config
        if c.clone_size:
            return clones_of(_BLOCK, c.clone_size), None
        return (
            patches_of(_BLOCK, c.patch_size, generator(c.seed, use, block, "places")) if c.patch_size else (None, None)
        )

    def _molecules(
        self, use: str, block: int, level: float, states: NDArray[np.int64], depths: NDArray[np.float64]
    ) -> sparse.csr_matrix:
        c = self.config
        rates = (level * depths)[:, None] * self.profiles.genes[states]
        if c.dispersion:
            # Expression is the cell's own: the same at every level.
            varying = generator(c.seed, use, block, "expression").gamma(
                1 / c.dispersion, c.dispersion, (_BLOCK, c.n_genes)
            )
            rates *= varying[: len(states)]
        return sparse.csr_matrix(generator(c.seed, use, block, level).poisson(rates).astype(np.int32))

    def _annotations(self, block: _Block, number: int, names: NDArray[np.str_]) -> pd.DataFrame:
        c, n = self.config, len(names)
        labels = [f"type_{j + 1}" for j in range(c.n_types)]
        table = pd.DataFrame(index=pd.Index(names))
        table["cell_type"] = pd.Categorical(np.array(labels)[self.profiles.types[block.states]], categories=labels)
        if c.states_per_type > 1:
            every = [f"state_{j + 1}" for j in range(len(self.profiles.shares))]
            table["state"] = pd.Categorical(np.array(every)[block.states], categories=every)
        if c.clone_size and block.kin is not None:
            clones = number * (int(block.kin.max()) + 1) + block.kin[:n]
            table["clone"] = [f"clone_{clone:06d}" for clone in clones]
            table["time_point"] = np.where(np.arange(n) % c.clone_size % 2, "late", "early")
        if c.patch_size:
            table["section"] = f"section_{number:04d}"
        return table


@dataclass(frozen=True, eq=False)
class _Block:
    """Cells drawn together: their states, counts (None at an infinite level), natural-log proteins, kin and places."""

    states: NDArray[np.int64]
    counts: sparse.csr_matrix | None
    proteins: NDArray[np.float64]
    kin: NDArray[np.int64] | None
    places: NDArray[np.float64] | None


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
