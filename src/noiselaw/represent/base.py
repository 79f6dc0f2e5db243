"""The contract of a representation: fitted on training observations, it embeds held-out ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.errors import InputError
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Embedding, History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import Prepared, View

__all__ = ["Encoder", "Representation"]


class Encoder(ABC):
    """A fitted representation."""

    #: How the training went.
    history: History

    def embed(self, prepared: Prepared) -> Embedding:
        """Embed observations prepared like the training ones; one finite row (d,) for each.

        Raises
        ------
        InputError
            If the embedding has NaN or infinite entries, or another number of rows.
        """
        embedding = self._embed(prepared)
        values = np.asarray(embedding.values)
        if values.ndim != 2 or len(values) != len(prepared):
            raise InputError(
                f"An embedding must have one row for each of the {len(prepared)} observations; got an array of shape "
                f"{values.shape}. Return (n observations, d)."
            )
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise InputError(
                f"An embedding must be finite; {len(bad)} of {len(values)} rows have NaN or infinite entries, first "
                f"that of {prepared.names[bad[0]]}. Check the model's training."
            )
        return Embedding(values, embedding.notes)

    @abstractmethod
    def _embed(self, prepared: Prepared) -> Embedding: ...


class Representation(ABC):
    """Learns from training observations how to embed any.

    Strategies are frozen dataclasses; they write ``_fit`` and, where sizes can share work, ``_fit_sizes``.
    """

    #: Which preparation it takes.
    takes: ClassVar[View]
    #: Whether ``fit_sizes`` shares work between sizes, so that a sweep hands it all of them at once.
    shares_sizes: ClassVar[bool] = False
    #: Whether a GPU makes its fits faster: a sweep then gives them the slots of GPUs, where it has any.
    accelerated: ClassVar[bool] = False
    #: Raised when the numbers that it gives for the same seed change.
    revision: ClassVar[int] = 1

    @property
    def learns_from(self) -> str:
        """Annotation column whose labels of training observations it learns from; empty for none."""
        return ""

    def brief(self, size: int, rounds: int) -> tuple[Representation, float, float]:
        """Return itself with a training of so many ``rounds``, what those cost, and what its whole training may.

        Costs are in a unit of its own choice (batches, cells seen), for ``size`` training observations; a forecast
        times brief fits and multiplies. What trains for long writes this; anything else is fitted in full.
        """
        return self, 1.0, 1.0

    def fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder:
        """Fit on training observations."""
        return self.fit_sizes(prepared, [len(prepared)], rng)[0]

    def fit_sizes(self, prepared: Prepared, sizes: Sequence[int], rng: np.random.Generator) -> list[Encoder]:
        """Fit once on the first N training observations for each N of ``sizes``.

        Each result equals that of ``fit`` on those N alone with a generator in the same state.
        """
        if prepared.view != self.takes:
            raise InputError(f"{type(self).__name__} takes {self.takes!r}; got {prepared.view!r}.")
        for size in sizes:
            if not 2 <= size <= len(prepared):
                raise InputError(
                    f"A training size must lie between 2 and the {len(prepared)} training observations; got {size}."
                )
        return self._fit_sizes(prepared, sizes, draw_seed(rng))

    def _fit_sizes(self, prepared: Prepared, sizes: Sequence[int], seed: int) -> list[Encoder]:
        return [self._fit(prepared.take(slice(size)), generator(seed, "fit")) for size in sizes]

    @abstractmethod
    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder: ...
