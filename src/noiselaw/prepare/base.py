"""The contract of a preparation: what it chooses, it chooses on training observations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noiselaw.records import IntArray, Kind, Matrix, Prepared, View

__all__ = ["FittedPreparation", "Preparation"]


class FittedPreparation(ABC):
    """A preparation whose choices (features, scales) are made; strategies are frozen dataclasses."""

    #: How many features the observations that it takes have.
    n_features: int
    #: What was chosen and why, JSON-ready; ``notes["fallback"]`` is a sentence where the asked-for way failed, else "".
    notes: Mapping[str, Any]

    def apply(self, noisy: Matrix, names: NDArray[np.str_], level: float = float("nan")) -> Prepared:
        """Return observations ``noisy`` (n, n features) with only the chosen features; ``noisy`` is untouched.

        Raises
        ------
        InputError
            If the observations have other features than those it was fitted on, or other names than rows.
        """
        if noisy.shape[1] != self.n_features:
            raise InputError(
                f"The preparation was fitted on {self.n_features} features; got observations with {noisy.shape[1]}. "
                "Pass all features, in the order of the fit."
            )
        if len(names) != noisy.shape[0]:
            raise InputError(f"Expected one name for each of {noisy.shape[0]} observations; got {len(names)} names.")
        return self._apply(noisy, names, level)

    def as_view(self, prepared: Prepared, view: View) -> Prepared:
        """Return what ``apply`` gave as ``view``, the form a representation takes.

        Raises
        ------
        InputError
            If this preparation has no such view.
        """
        return prepared if view == prepared.view else self._as_view(prepared, view)

    @abstractmethod
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Return what was fitted, by name, for a store; :meth:`Preparation.restore` makes it whole again."""

    @abstractmethod
    def _apply(self, noisy: Matrix, names: NDArray[np.str_], level: float) -> Prepared: ...

    @abstractmethod
    def _as_view(self, prepared: Prepared, view: View) -> Prepared: ...


class Preparation(ABC):
    """How noisy observations become what a representation takes.

    Strategies are frozen dataclasses with a field ``genes``; they write ``_fit``.
    """

    #: What it is fitted on.
    prepares: ClassVar[Kind] = "counts"
    #: What it can be seen as, for representations to take.
    views: ClassVar[tuple[View, ...]] = ("counts", "lognorm", "ranks")
    #: Raised when the numbers that it gives change, so that stored results are redone.
    revision: ClassVar[int] = 1
    #: What a sweep fits it on: the largest training set of each level, each training size of each level,
    #: or the largest training set once, at full depth, for every level.
    genes: Literal["largest", "each", "fixed"]

    def fit(
        self, noisy: Matrix, train: IntArray, features: NDArray[np.str_], level: float = float("nan")
    ) -> FittedPreparation:
        """Choose features and scales.

        Parameters
        ----------
        noisy
            Every observation of the condition, held-out ones too, after the channel, (n, n features).
        train
            Rows of ``noisy`` that are training observations; their order does not matter.
        features
            One name per column, (n features,).
        level
            The channel's level, for the notes.

        Raises
        ------
        InputError
            If names and columns differ in number, or ``train`` is empty or outside the rows.
        """
        if len(features) != noisy.shape[1]:
            raise InputError(f"Expected one name for each of {noisy.shape[1]} features; got {len(features)} names.")
        train = np.asarray(train)
        if not len(train) or train.min() < 0 or train.max() >= noisy.shape[0]:
            given = f"rows {train.min()} to {train.max()}" if len(train) else "none"
            raise InputError(f"Training rows must lie between 0 and {noisy.shape[0] - 1}; got {given}.")
        return self._fit(noisy, np.sort(train), np.asarray(features, dtype=np.str_), level)

    @abstractmethod
    def restore(self, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, Any] | None = None) -> FittedPreparation:
        """Return the fitted preparation whose :meth:`~FittedPreparation.arrays` (and notes) these are."""

    @abstractmethod
    def _fit(self, noisy: Matrix, train: IntArray, features: NDArray[np.str_], level: float) -> FittedPreparation: ...
