"""The paper's rank transformer (A.4.4), as its authors ran it and corrected."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from noiselaw.errors import UsageError
from noiselaw.optional import require
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.features import check_features
from noiselaw.training import choose_device, use_bfloat16, with_threads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from noiselaw.records import Prepared, View
    from noiselaw.represent.txformer_training import Recipe, Trained

__all__ = ["FittedTxformer", "Txformer"]

#: Cells of a batch where nothing else is asked for, as the paper set it.
USUAL_BATCH = 32

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]

#: What each preset sets; an option that is given stands against it.
_PRESETS: dict[str, dict[str, Any]] = {
    "corrected": {
        "pads": "ignored",
        "dropout_lasts": True,
        "attention_dropout": 0.0,
        "epochs": 20,
        "least_steps": 1000,
        "validate_every": "epoch",
        "patience": 5,
        "keep": "best",
    },
    "as_published": {
        "pads": "tokens",
        "dropout_lasts": False,
        "attention_dropout": 0.1,
        "epochs": 10_000,
        "least_steps": 1,
        "validate_every": 1000,
        "patience": 1,
        "keep": "last",
    },
}


@dataclass(frozen=True)
class Txformer(Representation):
    """A small Geneformer: genes in the order of their ranks, some hidden and guessed; a cell is its tokens' mean.

    Two layers of 128 dimensions, 4 heads and a feed-forward network of 512, learned positions, Adam, a learning rate
    that rises over the first tenth of the schedule and falls to 0 at its end, and 80 % of the training cells to train
    on while the others say when to stop.

    Parameters
    ----------
    preset
        ``corrected``, or ``as_published``: what the paper's authors ran. It sets the options that are left None:

        =====================  ===================  ==================
        option                 ``corrected``        ``as_published``
        =====================  ===================  ==================
        ``pads``               ``ignored``          ``tokens``
        ``dropout_lasts``      true                 false
        ``attention_dropout``  0                    0.1
        ``epochs``             20                   10,000
        ``least_steps``        1000                 1
        ``validate_every``     ``epoch``            1000
        ``patience``           5                    1
        ``keep``               ``best``             ``last``
        =====================  ===================  ==================
    max_tokens
        Of a cell with more detected genes, those ranked highest are read.
    layers, dims, heads, feed_forward, dropout
        Of the network.
    layer
        Which one the embedding is the mean of: 0 the last, -1 the second to last. It changes nothing of the training.
    masked
        Share of a cell's tokens that are hidden, at least one.
    learning_rate, warm_up, batch, validation_share
        The highest rate, the share of the schedule over which it rises, cells of a batch (``auto``: 32, or all where
        there are fewer to train on; with fewer than a number that was asked for, the fit fails), the share of cells
        that only validate.
    pads
        ``ignored``: attention, loss and the mean see genes only (and nothing else is computed). ``tokens``: what a
        cell has not is filled up to ``max_tokens`` with a token like any other: attended to, guessed and averaged.
    dropout_lasts
        Whether dropout goes on after the first validation.
    attention_dropout
        Of attention weights. Anything but 0 rules out fused attention.
    epochs, least_steps
        The schedule spans so many epochs, and at least so many batches.
    most_steps
        The training ends after so many batches, if not before; None trains until the schedule's end.
    validate_every
        ``epoch`` (or 64 batches, where they are more), or a number of batches.
    patience
        The training ends after so many validations without improvement.
    keep
        The weights of the ``best`` validation, or the ``last``.
    checkpoints
        Whether the encoder keeps the network of every validation, as :attr:`FittedTxformer.checkpoints`.
    device
        ``auto`` takes a GPU where there is one.
    precision
        ``auto`` multiplies in bfloat16 on CUDA (weights stay float32), in float32 elsewhere.
    threads
        Of torch on the CPU; another number may change the last digits.
    """

    takes: ClassVar[View] = "ranks"
    accelerated: ClassVar[bool] = True
    preset: Literal["corrected", "as_published"] = "corrected"
    max_tokens: Positive = 750
    layers: Positive = 2
    dims: Positive = 128
    heads: Positive = 4
    feed_forward: Positive = 512
    dropout: Share = 0.1
    layer: Annotated[int, Field(le=0)] = 0
    masked: Annotated[float, Field(gt=0, lt=1)] = 0.15
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    warm_up: Share = 0.1
    batch: Positive | Literal["auto"] = "auto"
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    pads: Literal["ignored", "tokens"] | None = None
    dropout_lasts: bool | None = None
    attention_dropout: Share | None = None
    epochs: Positive | None = None
    least_steps: Positive | None = None
    most_steps: Positive | None = None
    validate_every: Literal["epoch"] | Positive | None = None
    patience: Positive | None = None
    keep: Literal["best", "last"] | None = None
    checkpoints: bool = False
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Positive = 1

    def __post_init__(self) -> None:
        if self.dims % self.heads:
            raise UsageError(f"dims must be a multiple of heads; got {self.dims} and {self.heads}.")
        _check_layer(self.layer, self.layers)

    @property
    def settled(self) -> Txformer:
        """The same with every option that was left to the preset."""
        chosen = {name: value for name, value in _PRESETS[self.preset].items() if getattr(self, name) is None}
        return replace(self, **chosen)

    def brief(self, size: int, rounds: int) -> tuple[Txformer, float, float]:
        """Return itself with so many times four batches; costs are batches."""
        settled = self.settled
        trained = max(1, round(size * (1 - self.validation_share)))
        per_epoch = ceil(trained / (min(USUAL_BATCH, trained) if self.batch == "auto" else self.batch))
        whole = max((settled.epochs or 1) * per_epoch, settled.least_steps or 1)
        whole = min(whole, self.most_steps or whole)
        steps = min(4 * rounds, whole)
        return replace(self, most_steps=steps), steps, whole

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> FittedTxformer:
        require("torch", "The representation 'txformer'")
        from noiselaw.represent.txformer_training import fit_network

        settled = self.settled
        recipe = settled._recipe()
        shape = settled._shape(len(prepared.features))
        from noiselaw.represent.txformer_tokens import tokenised

        with with_threads(self.threads):
            trained, history, kept = fit_network(tokenised(prepared.values, shape.window), shape, recipe, rng)
        history = replace(history, notes={**history.notes, "preset": self.preset})
        encoders = tuple(
            FittedTxformer(
                one.network,
                prepared.features,
                self.threads,
                replace(history, notes={**history.notes, "steps": one.steps, "validation_loss": one.validation_loss}),
            )
            for one in kept
        )
        return FittedTxformer(trained, prepared.features, self.threads, history, encoders).at_layer(self.layer)

    def _shape(self, n_genes: int) -> Any:
        from noiselaw.represent.transformer import Shape

        network = {f.name: getattr(self, f.name) for f in fields(Shape) if f.name not in {"n_genes", "window"}}
        return Shape(n_genes, min(self.max_tokens, n_genes), **network)

    def _recipe(self) -> Recipe:
        from noiselaw.represent.txformer_training import Recipe

        device = choose_device(self.device)
        bfloat16 = use_bfloat16(self.precision, device)
        known = {f.name: getattr(self, f.name) for f in fields(Recipe) if f.name not in {"device", "bfloat16"}}
        return Recipe(**known, device=device, bfloat16=bfloat16)


class FittedTxformer(Encoder):
    """A trained Txformer; ``checkpoints`` are earlier ones, in order, where they were asked for.

    The notes of a checkpoint say after how many ``steps`` it was kept, and its ``validation_loss`` in bits.
    """

    def __init__(
        self,
        trained: Trained,
        features: NDArray[np.str_],
        threads: int,
        history: History,
        checkpoints: tuple[FittedTxformer, ...] = (),
    ) -> None:
        self.trained, self.features, self.threads = trained, features, threads
        self.history, self.checkpoints = history, checkpoints

    def at_layer(self, layer: int) -> FittedTxformer:
        """Return the same training, checkpoints included, read at another layer: 0 the last, -1 the second to last.

        Raises
        ------
        UsageError
            If the network has no such layer.
        """
        _check_layer(layer, self.trained.layout.shape.layers)
        return FittedTxformer(
            replace(self.trained, layer=layer),
            self.features,
            self.threads,
            self.history,
            tuple(one.at_layer(layer) for one in self.checkpoints),
        )

    def _embed(self, prepared: Prepared) -> Embedding:
        from noiselaw.represent.txformer_tokens import tokenised

        check_features(prepared, self.features)
        cells = tokenised(prepared.values, self.trained.layout.shape.window)
        with with_threads(self.threads):
            values, memory = self.trained.embed(cells)
        empty = int((cells.lengths == 0).sum())
        notes = {**({"empty_cells": empty} if empty else {}), **({"memory": memory} if memory else {})}
        return Embedding(values, notes)


def _check_layer(layer: int, layers: int) -> None:
    if not -layers < layer <= 0:
        raise UsageError(
            f"layer must be 0 (the last) to {1 - layers} (the first) for a network of {layers}; got {layer}."
        )
