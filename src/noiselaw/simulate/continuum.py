"""Cells along one continuous axis, where the noise law's own assumptions nearly hold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import logsumexp, softmax

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.randomness import generator
from noiselaw.records import Dataset, Estimate
from noiselaw.simulate.kin import clones_of
from noiselaw.simulate.truth import averaged, log_posterior

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Continuum", "SimulatedContinuum"]

_BLOCK = 1024
#: Standard deviation of the genes' natural-log mean expression, as in cells of types.
_EXPRESSION_SD = 1.2
#: How far the grid of places on the axis reaches, in standard deviations.
_REACH = 6.0
_LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class Continuum:
    """Cells along one axis (a differentiation, say), z ~ N(0, 1): the log of every gene's rate is linear in z.

    Parameters
    ----------
    n_cells, n_genes
        How many of each.
    depth
        Mean UMI per cell at level 1; molecules are Poisson.
    seed
        Same seed, same cells; fewer cells are the first of more.
    depth_sd
        Standard deviation of the natural log of a cell's depth.
    separation
        How fast genes change along the axis: one molecule tells about ``separation²`` of z (Fisher information).
    marker_share
        Share of the genes that change, in (0, 1].
    noise
        Standard deviation of the error of ``matrices["axis"]``, a measurement of z on the same cells.
    clone_size
        Cells of a clone (``annotations["clone"]``); 0 for none.
    kinship
        Correlation of z within a clone, in [0, 1).
    """

    n_cells: int = 3000
    n_genes: int = 1000
    depth: float = 2000.0
    seed: int = 0
    depth_sd: float = 0.4
    separation: float = 0.15
    marker_share: float = 0.2
    noise: float = 0.3
    clone_size: int = 2
    kinship: float = 0.9

    def __post_init__(self) -> None:
        for name in ("n_cells", "n_genes"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1; got {getattr(self, name)}.")
        for name in ("depth", "noise", "separation"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive; got {getattr(self, name)}.")
        if not self.depth_sd >= 0:
            raise UsageError(f"depth_sd must be at least 0; got {self.depth_sd}.")
        if not 0 < self.marker_share <= 1:
            raise UsageError(f"marker_share must lie in (0, 1]; got {self.marker_share}.")
        if not 0 <= self.kinship < 1:
            raise UsageError(f"kinship must lie in [0, 1); got {self.kinship}.")
        if self.clone_size == 1 or not 0 <= self.clone_size <= _BLOCK:
            raise UsageError(f"clone_size must be 0, or 2 to {_BLOCK}; got {self.clone_size}.")

    def draw(self, seed: int | None = None) -> SimulatedContinuum:
        """Draw the cells, with ``seed`` in place of the description's own if one is given."""
        return SimulatedContinuum(self if seed is None else replace(self, seed=seed))


@dataclass(frozen=True, eq=False)
class SimulatedContinuum:
    """Drawn cells, which know the true information in their counts at every depth."""

    config: Continuum

    @cached_property
    def genes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Natural-log rate of each gene at z = 0, and its slope along the axis, (G,) each."""
        c = self.config
        rng = generator(c.seed, "profiles", "axis")
        log_mean = rng.normal(0.0, _EXPRESSION_SD, c.n_genes)
        slope = rng.normal(0.0, 1.0, c.n_genes) * (rng.random(c.n_genes) < c.marker_share)
        share = softmax(log_mean)
        slope = slope - share @ slope
        return log_mean, slope * c.separation / max(float(np.sqrt(share @ slope**2)), 1e-12)

    def profiles(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of each gene in a cell's molecules at places ``z`` (n,) of the axis, (n, G)."""
        log_mean, slope = self.genes
        shares: NDArray[np.float64] = softmax(log_mean + z[:, None] * slope, axis=1)
        return shares

    @cached_property
    def half_depth(self) -> float:
        """The UMI per cell at which molecules leave half of the variance of z unknown.

        One molecule carries the Fisher information F about z, here averaged over cells; u molecules know z with an
        error of variance 1/(F·u), which equals the variance of z (1) at u = 1/F.
        """
        z, weights = _grid(401)
        shares = self.profiles(z)
        slope = self.genes[1]
        spread = shares @ slope**2 - (shares @ slope) ** 2
        return float(1 / (np.exp(weights) @ spread))

    def noise_sensitivity(self, signal: str = "axis") -> float:
        """Return the ū that Theorem 4.1 gives Eq. 2 for a clean Y: 4^I_max times the half depth, in UMI per cell."""
        return float(4 ** self.ceiling(signal) * self.half_depth)

    @cached_property
    def dataset(self) -> Dataset:
        """The cells: counts (CSR, int32), ``matrices["axis"]`` and, if asked for, clones."""
        parts = list(self.stream())
        return replace(
            parts[0],
            observations=sparse.vstack([part.observations for part in parts], format="csr"),
            names=np.concatenate([part.names for part in parts]),
            annotations=pd.concat([part.annotations for part in parts]),
            matrices={"axis": pd.concat([part.matrices["axis"] for part in parts])},
        )

    def stream(self, level: float = 1.0) -> Iterator[Dataset]:
        """Yield the cells a thousand at a time, with a share ``level`` of their molecules."""
        c = self.config
        features = np.array([f"gene_{j:05d}" for j in range(c.n_genes)], dtype=np.str_)
        said = {"format": "simulated cells", "options": json.dumps(asdict(c)), "counts": "counts drawn"}
        for number, (z, axis, counts) in enumerate(self._blocks("cells", c.n_cells, level)):
            n, start = len(z), number * _BLOCK
            names = np.array([f"cell_{start + j:07d}" for j in range(n)], dtype=np.str_)
            index = pd.Index(names)
            annotations = pd.DataFrame({"place": pd.cut(z, [-np.inf, -0.6, 0.6, np.inf], labels=list("abc"))}, index)
            if c.clone_size:
                clones = clones_of(_BLOCK, c.clone_size)
                first = number * (int(clones.max()) + 1)
                annotations["clone"] = [f"clone_{first + clone:06d}" for clone in clones[:n]]
                annotations["time_point"] = np.where(np.arange(n) % c.clone_size % 2, "late", "early")
            measured = pd.DataFrame({"axis": axis}, index)
            yield Dataset("simulated", counts, names, features, annotations, {"axis": measured}, said)

    def truth(self, level: float, signal: str = "axis", n_cells: int = 20_000, grid: int | None = None) -> Estimate:
        """Return the true information, in bits, that counts thinned to ``level`` hold about ``signal``.

        The posterior of z is summed on a ``grid`` of that many places, by default a quarter of the molecules' error
        apart, whose doubling moves no value by 1e-6 bit; the average over ``n_cells`` fresh cells (or pairs) has the
        standard error that is returned.

        Parameters
        ----------
        level
            Share of the molecules kept, ≥ 0; ``inf`` is z itself.
        signal
            ``"axis"``, the measurement of z; where there are clones also ``"clonal"``, the counts of a relative,
            thinned alike, and ``"clonal_profile"``, its counts at level 1.
        n_cells, grid
            See above.

        Raises
        ------
        InputError
            If there is no such signal, or the level is negative.
        """
        signals = ["axis", *(["clonal", "clonal_profile"] if self.config.clone_size else [])]
        if signal not in signals:
            raise InputError(f"The simulated cells have no known truth for {signal!r}. {nearest(signal, signals)}")
        if not level >= 0:
            raise InputError(
                f"The level must be at least 0; got {level}. Pass the share of molecules to keep, e.g. 0.1."
            )
        if np.isinf(level):
            return Estimate(self.ceiling(signal), 0.0, ceiling_bits=self.ceiling(signal), n_pairs=n_cells)
        parts = self._axis_parts if signal == "axis" else self._pair_parts
        partner_level = 1.0 if signal == "clonal_profile" else level
        error = np.sqrt(self.half_depth / (self.config.depth * max(level, partner_level, 1e-9)))
        grid = grid or int(np.ceil(2 * _REACH / min(0.06, error / 4))) + 1
        return averaged(
            parts(level, partner_level, n_cells, grid), self.ceiling(signal), {"u": self.config.depth * level}
        )

    def ceiling(self, signal: str = "axis") -> float:
        """Return what z itself holds about the signal, in bits: about Y = axis, or about a relative's z."""
        c = self.config
        if signal == "axis":
            return float(0.5 * np.log2(1 + 1 / c.noise**2))
        return float(-0.5 * np.log2(1 - c.kinship**2))

    def _axis_parts(self, level: float, _: float, n_cells: int, grid: int) -> Iterator[NDArray[np.float64]]:
        places, weights = _grid(grid)
        noise = self.config.noise
        for _z, axis, counts in self._blocks("truth", n_cells, level):
            posterior = log_posterior(counts, self.profiles(places), np.exp(weights))
            given_z = -0.5 * ((axis[:, None] - places) / noise) ** 2
            yield (logsumexp(posterior + given_z, axis=1) - logsumexp(weights + given_z, axis=1)) / _LN2

    def _pair_parts(self, level: float, partner_level: float, n_pairs: int, grid: int) -> Iterator[NDArray[np.float64]]:
        """Yield log2 P(counts, counts') / P(counts) P(counts') of fresh pairs of relatives."""
        places, weights = _grid(grid)
        profiles, shares = self.profiles(places), np.exp(weights)
        r = self.config.kinship
        # Density of two relatives' places over that of two strangers'.
        product = places[:, None] * places
        squares = places[:, None] ** 2 + places**2
        ratio = np.exp((2 * r * product - r**2 * squares) / (2 * (1 - r**2))) / np.sqrt(1 - r**2)
        seeds = zip(self._blocks("truth", n_pairs, level), self._blocks("partner", n_pairs, partner_level), strict=True)
        for (_, _, counts), (_, _, others) in seeds:
            first, second = (np.exp(log_posterior(part, profiles, shares)) for part in (counts, others))
            yield np.log2(((first @ ratio) * second).sum(axis=1))

    def _blocks(
        self, use: str, n_cells: int, level: float
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], sparse.csr_matrix]]:
        """Draw places on the axis, measurements of them, and counts, a block of cells at a time.

        The partners of the cells that truths are averaged over share z with them as clones do.
        """
        c = self.config
        for block, start in enumerate(range(0, n_cells, _BLOCK)):
            size = min(_BLOCK, n_cells - start)
            rng = generator(c.seed, use, block)
            z = rng.standard_normal(_BLOCK)
            depths = c.depth * np.exp(c.depth_sd * rng.standard_normal(_BLOCK) - c.depth_sd**2 / 2)
            error = c.noise * rng.standard_normal(_BLOCK)
            if use == "partner":
                z = (
                    c.kinship * generator(c.seed, "truth", block).standard_normal(_BLOCK)
                    + np.sqrt(1 - c.kinship**2) * z
                )
            elif use == "cells" and c.clone_size:
                common = generator(c.seed, use, block, "kin").standard_normal(_BLOCK)[clones_of(_BLOCK, c.clone_size)]
                z = np.sqrt(c.kinship) * common + np.sqrt(1 - c.kinship) * z
            z, depths, error = z[:size], depths[:size], error[:size]
            rates = (level * depths)[:, None] * self.profiles(z)
            molecules = generator(c.seed, use, block, float(level)).poisson(rates)
            yield z, z + error, sparse.csr_matrix(molecules.astype(np.int32))


def _grid(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``n`` places on the axis and the log of how likely each is."""
    places = np.linspace(-_REACH, _REACH, n)
    weights = -0.5 * places**2
    return places, weights - logsumexp(weights)
