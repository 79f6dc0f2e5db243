"""scVI: a variational autoencoder of counts (Lopez et al. 2018), through scvi-tools."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from noiselaw.arrays import as_csr
from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.features import check_features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, Matrix, Prepared, View

__all__ = ["VAE", "VAEEncoder", "epochs_by_rule"]

#: Fewest cells: two to train on, one to say when to stop.
_FEWEST = 3
#: Cells embedded at a time.
_ROWS = 2048


@dataclass(frozen=True, eq=False)
class VAEEncoder(Encoder):
    """Embeds cells as the mean of their posterior, in double precision, so that no cell depends on its company."""

    network: Any
    features: NDArray[np.str_]
    history: History

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        torch = require("torch", "The representation 'scvi'")
        with torch.no_grad():
            parts = [
                self.network.mean_encoder(self.network.encoder(torch.from_numpy(np.log1p(part)))).numpy()
                for part in _dense_parts(_counts(prepared.values))
            ]
        return Embedding(np.concatenate(parts))


def _dense_parts(counts: Any) -> Iterator[FloatArray]:
    for start in range(0, counts.shape[0], _ROWS):
        yield counts[start : start + _ROWS].toarray().astype(np.float64)


@dataclass(frozen=True)
class VAE(Representation):
    """scVI, a variational autoencoder of counts; an observation's embedding is the mean of its posterior.

    The network, its loss and its optimiser's settings are those of scvi-tools; the training loop is this package's
    (in-memory batches, best weights that are really restored). As in scvi-tools, and as the paper was run, a cell's
    library size is the sum over the *selected* genes, which is what the decoder distributes over them.

    A tenth of the training cells is set aside to say when to stop: the training ends when their ELBO (with the full
    weight of its KL term) has not improved for ``patience`` epochs.

    Parameters
    ----------
    n_latent, n_hidden, n_layers, dropout
        Of the network; as the paper set them.
    likelihood
        Of counts: ``zinb`` or ``nb``, (zero-inflated) negative binomial.
    max_epochs
        Where training ends at the latest; ``heuristic`` is scvi-tools' rule: 400, or 400 · 20,000 / cells if that is
        fewer.
    batch
        Cells for each step. ``auto``: 512 as the paper set it, or all where there are fewer to train on. With fewer
        than a number that was asked for, the fit fails.
    patience
        Epochs without improvement after which training ends.
    kl_warmup
        Epochs over which the weight of the KL term rises from 0 to 1. If that takes longer than ``patience``, an early
        epoch may count as the best only because the KL term had no weight yet: :meth:`as_published`.
    keep
        The weights of the ``best`` epoch or of the ``last``.
    learning_rate
        Of Adam.
    device
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    """

    takes: ClassVar[View] = "counts"
    accelerated: ClassVar[bool] = True

    n_latent: Annotated[int, Field(ge=1)] = 16
    n_hidden: Annotated[int, Field(ge=1)] = 512
    n_layers: Annotated[int, Field(ge=1)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    likelihood: Literal["zinb", "nb"] = "zinb"
    max_epochs: Annotated[int, Field(ge=1)] | Literal["heuristic"] = "heuristic"
    batch: Annotated[int, Field(ge=2)] | Literal["auto"] = "auto"
    patience: Annotated[int, Field(ge=1)] = 45
    kl_warmup: Annotated[int, Field(ge=0)] = 20
    keep: Literal["best", "last"] = "best"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    device: str = "auto"

    @classmethod
    def as_published(cls, **instead: Any) -> VAE:
        """Return the settings the paper was run with: the KL term rises over 400 epochs, the last weights are kept.

        In a study file: ``kind = "scvi"``, ``kl_warmup = 400``, ``keep = "last"``.
        """
        return replace(cls(kl_warmup=400, keep="last"), **instead)

    def brief(self, size: int, rounds: int) -> tuple[VAE, float, float]:
        """Return itself with so many epochs; costs are cells seen."""
        whole = epochs_by_rule(size) if self.max_epochs == "heuristic" else self.max_epochs
        return replace(self, max_epochs=min(rounds, whole)), min(rounds, whole) * size, whole * size

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> VAEEncoder:
        counts = _counts(prepared.values)
        self._check(counts)
        require("scvi", "The representation 'scvi'")
        from noiselaw.represent.vae_training import train_vae

        module, history = train_vae(counts, self, rng)
        empty = int((np.diff(counts.indptr) == 0).sum())
        history = replace(history, notes={**history.notes, "empty_cells": empty})
        return VAEEncoder(deepcopy(module.z_encoder).cpu().double(), prepared.features, history)

    def _check(self, counts: Any) -> None:
        n_cells, n_genes = counts.shape
        if n_cells < _FEWEST:
            raise InputError(
                f"A VAE needs at least {_FEWEST} training cells (some to train on, one to say when to stop); got "
                f"{n_cells}. Ask for a larger training size."
            )
        if n_genes < self.n_latent:
            raise InputError(
                f"A VAE with {self.n_latent} latent dimensions needs at least as many genes; got {n_genes}. Ask for "
                "fewer dimensions (n_latent), or select more genes."
            )
        if not counts.nnz:
            raise InputError(
                f"All {n_cells} training cells are empty in the selected genes, so a VAE has nothing to learn from. "
                "Ask for deeper levels."
            )
        if counts.data.min() < 0 or (counts.data % 1).any():
            raise InputError("A VAE's likelihood is one of counts: whole numbers, none negative. Choose another model.")


def epochs_by_rule(n_cells: int) -> int:
    """Return scvi-tools' rule for how long to train: 400 epochs, fewer beyond 20,000 cells."""
    return max(1, min(round(20_000 / n_cells * 400), 400))


def _counts(values: Matrix) -> Any:
    """Return counts in memory, as CSR without stored zeros, float32; ``values`` are untouched."""
    counts = as_csr(values).astype(np.float32, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts
