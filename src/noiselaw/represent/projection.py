"""Representations that learn nothing: the baselines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from noiselaw.arrays import as_dense
from noiselaw.errors import UsageError
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.features import check_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, Matrix, Prepared, View

__all__ = ["PreparedFeatures", "Projection", "RandomProjection", "RankProjection"]

_NOTHING_TO_LEARN = History(stop_reason="nothing to learn")


@dataclass(frozen=True, eq=False)
class Projection(Encoder):
    """Multiplies observations by ``matrix`` (n features, d); None leaves them as they are."""

    matrix: FloatArray | None
    features: NDArray[np.str_]
    history: History = field(default=_NOTHING_TO_LEARN)

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        values = prepared.values if self.matrix is None else prepared.values @ self.matrix
        return Embedding(as_dense(values).astype(np.float64, copy=False))


@dataclass(frozen=True)
class RandomProjection(Representation):
    """Project log-normalised features on ``dims`` random directions with N(0, 1) entries, a new matrix for each fit."""

    takes: ClassVar[View] = "lognorm"
    dims: int = 16

    def __post_init__(self) -> None:
        if self.dims < 1:
            raise UsageError(f"dims must be at least 1; got {self.dims}.")

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Projection:
        return Projection(rng.standard_normal((len(prepared.features), self.dims)), prepared.features)


@dataclass(frozen=True, eq=False)
class ProjectionOfRanks(Encoder):
    """Multiplies each cell's genes, counted from its lowest, by ``matrix`` (n genes, d)."""

    matrix: FloatArray
    features: NDArray[np.str_]
    history: History = field(default=_NOTHING_TO_LEARN)

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        return Embedding(np.asarray(_from_lowest(prepared.values) @ self.matrix))


def _from_lowest(ranks: Matrix) -> sparse.csr_matrix:
    """Return ranks counted from a cell's lowest gene, which is 1; absent genes stay 0, right below it."""
    x = sparse.csr_matrix(ranks, dtype=np.float64)
    detected = np.diff(x.indptr)
    return sparse.csr_matrix((np.repeat(detected + 1, detected) - x.data, x.indices, x.indptr), shape=x.shape)


@dataclass(frozen=True)
class RankProjection(Representation):
    """Project genes by rank on ``dims`` random directions with N(0, 1) entries: what ranks alone lose (Fig. 12).

    A gene's value is its rank from below: the cell's lowest detected gene is 1, its highest as much as it has detected
    genes, an absent gene 0. Genes are ordered by count over the gene's non-zero median, as Geneformer orders them.
    """

    takes: ClassVar[View] = "ranks"
    dims: int = 16

    def __post_init__(self) -> None:
        if self.dims < 1:
            raise UsageError(f"dims must be at least 1; got {self.dims}.")

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> ProjectionOfRanks:
        return ProjectionOfRanks(rng.standard_normal((len(prepared.features), self.dims)), prepared.features)


@dataclass(frozen=True)
class PreparedFeatures(Representation):
    """The log-normalised features themselves: what a probe finds without any representation."""

    takes: ClassVar[View] = "lognorm"

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Projection:
        return Projection(None, prepared.features)
