"""Counts of cells: library-size normalisation, log1p, gene selection and ranks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from noiselaw.arrays import as_csr, is_sparse, row_sums
from noiselaw.errors import InputError, UsageError
from noiselaw.prepare.base import FittedPreparation, Preparation
from noiselaw.prepare.ranks import nonzero_medians, ranked
from noiselaw.prepare.variable import Moments, Ranking, moments, rank_genes
from noiselaw.records import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, IntArray, Matrix, View

__all__ = ["FittedGenes", "GeneSelection"]


@dataclass(frozen=True, eq=False)
class FittedGenes(FittedPreparation):
    """Genes chosen by :class:`GeneSelection`: ``columns`` (sorted) of ``n_features``, called ``features``.

    ``medians`` are their non-zero medians over training cells, NaN where no training cell has the gene. None, as in
    what was stored before medians were kept: there is no view of ranks.
    """

    columns: IntArray
    features: NDArray[np.str_]
    n_features: int
    target_sum: float
    medians: FloatArray | None = None
    ties: Literal["ordered", "shuffled"] = "ordered"
    notes: Mapping[str, Any] = field(default_factory=dict)

    def _apply(self, noisy: Matrix, names: NDArray[np.str_], level: float) -> Prepared:
        chosen = as_csr(noisy)[:, self.columns].astype(np.float32)
        chosen.eliminate_zeros()
        library_size = row_sums(noisy).astype(np.float64)
        return Prepared("counts", chosen, np.asarray(names), self.features, library_size, level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the chosen columns, their names and medians, and how many columns there were."""
        found = {"columns": self.columns, "features": self.features, "n_features": np.asarray(self.n_features)}
        return found if self.medians is None else {**found, "medians": self.medians}

    def _as_view(self, prepared: Prepared, view: View) -> Prepared:
        if prepared.view != "counts" or view not in {"lognorm", "ranks"}:
            raise InputError(
                f"Prepared cells come as 'counts', which can be seen as 'lognorm' or 'ranks'; got {prepared.view!r} to "
                f"be seen as {view!r}. Choose a representation that takes counts, lognorm or ranks."
            )
        if view == "ranks":
            if self.medians is None:
                raise InputError(
                    "Ranks need the genes' medians, which this preparation was stored without by an earlier version. "
                    "Run the study in a new folder."
                )
            return ranked(prepared, self.medians, shuffled=self.ties == "shuffled")
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
        How many variable genes are kept; all that pass ``min_counts`` when they are fewer, or when this is ``"all"``.
    flavor
        The ranking: ``seurat_v3``, on counts.
    span
        Share of genes under each loess window, in (0, 1].
    fitted_on
        ``training`` cells; or ``all``, held-out ones too, as the paper was run.
    ties
        Genes of a cell with equal ranks stand in the order of the features (``ordered``), or in an order of the cell's
        own (``shuffled``). In shallow cells, where most counts are 1, the first lets a model guess a hidden gene from
        its neighbours' places in the list of features.
    genes
        What a sweep fits on: see :attr:`Preparation.genes <noiselaw.prepare.base.Preparation.genes>`.
    """

    target_sum: float = 1e4
    min_counts: int = 3
    n_genes: int | Literal["all"] = 750
    flavor: Literal["seurat_v3"] = "seurat_v3"
    span: float = 0.3
    fitted_on: Literal["training", "all"] = "training"
    genes: Literal["largest", "each", "fixed"] = "largest"
    ties: Literal["ordered", "shuffled"] = "ordered"

    def __post_init__(self) -> None:
        if not 0 < self.target_sum < np.inf:
            raise UsageError(f"target_sum must be a positive number of molecules; got {self.target_sum}.")
        if self.min_counts < 0:
            raise UsageError(f"min_counts must be 0 (keep every gene) or more; got {self.min_counts}.")
        if self.n_genes != "all" and self.n_genes < 1:
            raise UsageError(f'n_genes must be at least 1, or "all"; got {self.n_genes}.')
        if not 0 < self.span <= 1:
            raise UsageError(f"span must lie in (0, 1]; got {self.span}.")

    def _fit(self, noisy: Matrix, train: IntArray, features: NDArray[np.str_], level: float) -> FittedGenes:
        counts = as_csr(noisy) if is_sparse(noisy) else noisy
        rows = train if self.fitted_on == "training" else np.arange(counts.shape[0])
        found = moments(counts, rows)
        wanted = len(found.total) if self.n_genes == "all" else self.n_genes
        passing, fallback = self._passing(found, wanted)
        if self.n_genes == "all" or len(passing) <= wanted:
            few = f"{len(passing)} genes pass, fewer than {wanted}: all kept"
            fallback = fallback or (few if self.n_genes != "all" and len(passing) < wanted else "")
            ranking = Ranking(np.zeros(len(passing)), "every gene that passes", fallback)
        else:
            ranking = rank_genes(counts, rows, found, passing, self.span)
            ranking = replace(ranking, fallback="; ".join(part for part in (fallback, ranking.fallback) if part))
        best = np.argsort(-ranking.score, kind="stable")[:wanted]  # of equal genes, the first
        columns = np.sort(passing[best])
        notes = self._notes(found, len(passing), len(columns), ranking, level)
        medians = nonzero_medians(counts, train, columns)
        return FittedGenes(columns, features[columns], len(features), self.target_sum, medians, self.ties, notes)

    def restore(self, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any] | None = None) -> FittedGenes:
        """Return the fitted genes of :meth:`FittedGenes.arrays`."""
        n_features, medians = int(arrays["n_features"]), arrays.get("medians")
        named = arrays["columns"], arrays["features"]
        return FittedGenes(*named, n_features, self.target_sum, medians, self.ties, dict(notes or {}))

    def _passing(self, found: Moments, wanted: int) -> tuple[IntArray, str]:
        """Return the genes with ``min_counts`` molecules; where there is none, the next best, and a sentence."""
        passing = np.flatnonzero(found.total >= self.min_counts)
        if len(passing):
            return passing, ""
        none = f"no gene has {self.min_counts} molecules in the {found.n} cells"
        passing = np.flatnonzero(found.total >= 1)
        if len(passing):
            return passing, f"{none}; genes with at least 1 kept instead"
        return np.arange(min(wanted, len(found.total))), f"{none}, which are all empty; the first genes kept"

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
