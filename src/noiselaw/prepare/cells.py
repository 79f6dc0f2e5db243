"""Counts of cells: library-size normalisation, log1p and gene selection."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from noiselaw.arrays import as_csr, is_sparse, row_sums
from noiselaw.errors import InputError, UsageError
from noiselaw.prepare.base import FittedPreparation, Preparation
from noiselaw.prepare.variable import Moments, Ranking, moments, rank_genes
from noiselaw.records import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noiselaw.records import IntArray, Matrix, View

__all__ = ["FittedGenes", "GeneSelection"]


@dataclass(frozen=True, eq=False)
class FittedGenes(FittedPreparation):
    """Genes chosen by :class:`GeneSelection`: ``columns`` (sorted) of ``n_features``, called ``features``."""

    columns: IntArray
    features: NDArray[np.str_]
    n_features: int
    target_sum: float
    notes: Mapping[str, Any] = field(default_factory=dict)

    def _apply(self, noisy: Matrix, names: NDArray[np.str_], level: float) -> Prepared:
        chosen = as_csr(noisy)[:, self.columns].astype(np.float32)
        chosen.eliminate_zeros()
        library_size = row_sums(noisy).astype(np.float64)
        return Prepared("counts", chosen, np.asarray(names), self.features, library_size, level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the chosen columns, their names, and how many there were."""
        return {"columns": self.columns, "features": self.features, "n_features": np.asarray(self.n_features)}

    def _as_view(self, prepared: Prepared, view: View) -> Prepared:
        if prepared.view != "counts" or view != "lognorm":
            raise InputError(
                f"Prepared cells come as 'counts', which can be seen as 'lognorm'; got {prepared.view!r} to be seen as "
                f"{view!r}. Choose a representation that takes counts or lognorm."
            )
        return replace(prepared, view="lognorm", values=_lognorm(prepared, self.target_sum))


def _lognorm(prepared: Prepared, target_sum: float) -> sparse.csr_matrix:
    """Return log1p of counts scaled to ``target_sum`` molecules per cell; an empty cell has nothing to scale."""
    counts, size = prepared.values, prepared.library_size
    scale = np.divide(target_sum, size, out=np.zeros(len(size)), where=size > 0)
    data = np.log1p(counts.data * np.repeat(scale, np.diff(counts.indptr))).astype(np.float32)
    return sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


@dataclass(frozen=True)
class GeneSelection(Preparation):
    """Normalise each cell to a common total, log1p, and keep the most variable genes.

    The defaults are the paper's printed choices (750 genes by Seurat v3 among those with 3 counts) made on training
    cells only. As the paper was run: ``GeneSelection(min_counts=0, span=1.0, fitted_on="all")``.

    Parameters
    ----------
    target_sum
        Molecules per cell, over all genes, after normalisation.
    min_counts
        A gene with fewer molecules in the cells fitted on is dropped. 0 keeps every gene.
    n_genes
        How many variable genes are kept; all that pass ``min_counts`` when they are fewer.
    flavor
        The ranking: ``seurat_v3``, on counts.
    span
        Share of genes under each loess window, in (0, 1].
    fitted_on
        ``training`` cells; or ``all``, held-out ones too, as the paper was run.
    genes
        What a sweep fits on: see :attr:`Preparation.genes <noiselaw.prepare.base.Preparation.genes>`.
    """

    target_sum: float = 1e4
    min_counts: int = 3
    n_genes: int = 750
    flavor: Literal["seurat_v3"] = "seurat_v3"
    span: float = 0.3
    fitted_on: Literal["training", "all"] = "training"
    genes: Literal["largest", "each", "fixed"] = "largest"

    def __post_init__(self) -> None:
        if not 0 < self.target_sum < np.inf:
            raise UsageError(f"target_sum must be a positive number of molecules; got {self.target_sum}.")
        if self.min_counts < 0:
            raise UsageError(f"min_counts must be 0 (keep every gene) or more; got {self.min_counts}.")
        if self.n_genes < 1:
            raise UsageError(f"n_genes must be at least 1; got {self.n_genes}.")
        if not 0 < self.span <= 1:
            raise UsageError(f"span must lie in (0, 1]; got {self.span}.")

    def _fit(self, noisy: Matrix, train: IntArray, features: NDArray[np.str_], level: float) -> FittedGenes:
        counts = as_csr(noisy) if is_sparse(noisy) else noisy
        rows = train if self.fitted_on == "training" else np.arange(counts.shape[0])
        found = moments(counts, rows)
        passing, fallback = self._passing(found)
        if len(passing) <= self.n_genes:
            few = f"{len(passing)} genes pass, fewer than {self.n_genes}: all kept"
            fallback = fallback or (few if len(passing) < self.n_genes else "")
            ranking = Ranking(np.zeros(len(passing)), "every gene that passes", fallback)
        else:
            ranking = rank_genes(counts, rows, found, passing, self.span)
            ranking = replace(ranking, fallback="; ".join(part for part in (fallback, ranking.fallback) if part))
        best = np.argsort(-ranking.score, kind="stable")[: self.n_genes]  # of equal genes, the first
        columns = np.sort(passing[best])
        notes = self._notes(found, len(passing), len(columns), ranking, level)
        return FittedGenes(columns, features[columns], len(features), self.target_sum, notes)

    def restore(self, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any] | None = None) -> FittedGenes:
        """Return the fitted genes of :meth:`FittedGenes.arrays`."""
        n_features = int(arrays["n_features"])
        return FittedGenes(arrays["columns"], arrays["features"], n_features, self.target_sum, dict(notes or {}))

    def _passing(self, found: Moments) -> tuple[IntArray, str]:
        """Return the genes with ``min_counts`` molecules; where there is none, the next best, and a sentence."""
        passing = np.flatnonzero(found.total >= self.min_counts)
        if len(passing):
            return passing, ""
        none = f"no gene has {self.min_counts} molecules in the {found.n} cells"
        passing = np.flatnonzero(found.total >= 1)
        if len(passing):
            return passing, f"{none}; genes with at least 1 kept instead"
        return np.arange(min(self.n_genes, len(found.total))), f"{none}, which are all empty; the first genes kept"

    def _notes(self, found: Moments, n_passing: int, n_selected: int, ranking: Ranking, level: float) -> dict[str, Any]:
        return {
            "level": level,
            "fitted_on": self.fitted_on,
            "cells": found.n,
            "empty_cells": found.n_empty,
            "genes": len(found.total),
            "genes_passing": n_passing,
            "genes_selected": n_selected,
            "method": ranking.method,
            "fallback": ranking.fallback,
        }
