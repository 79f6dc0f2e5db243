"""Embeddings corrected for batches by Harmony (Korsunsky et al. 2019), through harmonypy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.embedding_files import read_column
from noiselaw.represent.pca import PCA
from noiselaw.represent.vae import VAE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, Prepared, View

__all__ = ["Harmony", "HarmonyEncoder"]

#: What can be corrected.
_BASES: dict[str, type[PCA] | type[VAE]] = {"pca": PCA, "scvi": VAE}


@dataclass(frozen=True, eq=False)
class HarmonyEncoder(Encoder):
    """Corrects the base's embedding of the training and the held-out observations together."""

    options: Harmony
    base: Encoder
    train: Prepared
    train_embedding: FloatArray
    seed: int
    history: History

    def _embed(self, prepared: Prepared) -> Embedding:
        harmonypy = require("harmonypy", "The representation 'harmony'")
        embedded = self.base.embed(prepared)
        batches = self.options._batches(np.concatenate([self.train.names, prepared.names]))
        found = np.unique(batches)
        if len(found) < 2:
            raise InputError(
                f"Harmony corrects between batches; all {len(batches):,} observations are of {str(found[0])!r} in "
                f"{self.options.batch!r}. Name another column, or use {self.options.base!r} as it is."
            )
        import pandas as pd

        corrected = harmonypy.run_harmony(
            np.concatenate([self.train_embedding, embedded.values]),
            pd.DataFrame({"batch": batches}),
            ["batch"],
            theta=self.options.theta,
            max_iter_harmony=self.options.max_iterations,
            verbose=False,
            random_state=self.seed % 2**31,
            ncores=1,
        ).Z_corr
        values = np.asarray(corrected, dtype=np.float64)
        # harmonypy has given observations as rows and as columns in different versions.
        values = values if len(values) == len(batches) else values.T
        notes = {**embedded.notes, "batches": len(found), "corrected_with_training_cells": len(self.train)}
        return Embedding(values[len(self.train) :], notes)


@dataclass(frozen=True)
class Harmony(Representation):
    """Correct an embedding for batches (donors, plates) by Harmony.

    Harmony has no way to embed a new observation: it corrects all it is given together. So the base is fitted on
    training observations alone, and Harmony corrects its embedding of the training and the held-out observations in one
    go. It sees which batch each is of and nothing of any signal; but a held-out observation's embedding depends on the
    other held-out ones (it is *transductive*), as in published uses of Harmony.

    Parameters
    ----------
    batch
        The column that says which batch an observation is of.
    annotations
        The file it is in: an ``.h5ad`` (a column of ``obs``; the study's own data, for instance), or a ``.csv``,
        ``.tsv`` or ``.parquet`` with names first. A relative path is taken from the study file's folder.
    base
        What is corrected: ``pca`` or ``scvi`` with their defaults and ``dims`` dimensions.
    dims
        Of the base.
    theta
        Harmony's penalty against clusters of few batches; 0 for none.
    max_iterations
        Of Harmony.
    folder
        What a relative path is taken from; a study file sets it.
    """

    batch: str
    annotations: str
    base: Literal["pca", "scvi"] = "pca"
    dims: Annotated[int, Field(ge=1)] = 16
    theta: Annotated[float, Field(ge=0)] = 2.0
    max_iterations: Annotated[int, Field(ge=1)] = 10
    folder: str = field(default="", metadata={"shown": False})

    @property
    def takes(self) -> View:  # type: ignore[override]  # what the base takes
        """The view that the base takes."""
        return _BASES[self.base].takes

    @property
    def accelerated(self) -> bool:  # type: ignore[override]  # as the base is
        """Whether the base trains on a GPU."""
        return _BASES[self.base].accelerated

    @property
    def revision(self) -> str:  # type: ignore[override]  # the batches are part of what the numbers depend on
        """The hash of every observation's batch, so that changed annotations are measured again."""
        return f"1, {_base(self).revision}, {self._table().digest}"

    def _table(self) -> Any:
        path = Path(self.folder) / self.annotations
        if not path.exists():
            raise InputError(
                f"There is no file {path} to read the batches from. Correct annotations = ... (relative paths are "
                "taken from the study file's folder)."
            )
        return _column(path, self.batch, path.stat().st_mtime_ns)

    def _batches(self, names: NDArray[np.str_]) -> NDArray[np.str_]:
        batches: NDArray[np.str_] = self._table().of(names)
        return batches

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> HarmonyEncoder:
        seed = draw_seed(rng)
        encoder = _base(self).fit(prepared, generator(seed, "base"))
        history = replace(encoder.history, notes={**encoder.history.notes, "base": self.base, "transductive": True})
        embedded = encoder.embed(prepared).values
        return HarmonyEncoder(self, encoder, prepared, embedded, seed, history)


def _base(options: Harmony) -> Representation:
    return PCA(dims=options.dims) if options.base == "pca" else VAE(n_latent=options.dims)


@cache
def _column(path: Path, name: str, changed: int) -> Any:
    """Read a column once; ``changed`` tells when what was read is out of date."""
    return read_column(path, name)
