"""The field's usual questions to an embedding, as plain scores: held-out accuracy and variance explained.

They are no information and are measured in no bits, so they live in a registry of their own and never enter the
``bits`` of a measurements table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.probes.folds import deal, tied_values, units_of
from noiselaw.probes.inputs import check_lengths, group_codes, read_target, read_values
from noiselaw.randomness import generator
from noiselaw.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["SCORES", "Logistic", "NearestNeighbours", "Ridge", "Score", "Scorer", "score"]


@dataclass(frozen=True)
class Score:
    """How well Y is predicted from X on pairs that were held out.

    Parameters
    ----------
    value
        The score; NaN when it could not be had.
    measure
        ``accuracy`` (share of labels predicted) or ``r2`` (share of variance explained, mean over columns of Y).
    standard_error
        Over pairs (or groups).
    chance
        What one gets without X: the share of the most frequent label, or 0.
    n_pairs
        How many pairs were predicted.
    diagnostics
        Named facts, JSON-ready.
    """

    value: float
    measure: Literal["accuracy", "r2"]
    standard_error: float = float("nan")
    chance: float = float("nan")
    n_pairs: int = 0
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


class Scorer(ABC):
    """Predicts Y from X, cross-fitted. Strategies are frozen dataclasses; they write ``_predict``."""

    #: The kind of Y it predicts, and what it measures.
    predicts: ClassVar[Literal["labels", "continuous"]]
    measure: ClassVar[Literal["accuracy", "r2"]]
    #: Raised when the numbers that it gives for the same seed change.
    revision: ClassVar[int] = 1

    n_folds: int

    def score(self, x: Any, y: Any, groups: Any | None = None, rng: np.random.Generator | None = None) -> Score:
        """Score predictions of Y; input is read as every probe reads it. Each pair is predicted once, held out.

        Raises
        ------
        InputError
            Saying what is wrong with X, Y or groups.
        """
        source, target = read_values(x, "X"), read_target(y)
        check_lengths(len(source.values), len(target.values), "X")
        if target.kind != self.predicts:
            able = [name for name, scorer in SCORES.builtin.items() if scorer.predicts == target.kind]
            raise InputError(
                f"The score {SCORES.name_of(self)!r} predicts {self.predicts}; this Y is {target.kind}. "
                f"Scores that can: {', '.join(able)}."
            )
        codes = group_codes(groups, len(target.values))
        if source.values.shape[1] == 0 or (target.values.ndim == 2 and target.values.shape[1] == 0):
            raise InputError("A score needs X and Y that vary; one of them is constant.")
        return self._score(source.values, target.values, codes, rng if rng is not None else generator(0, "score"))

    def _score(
        self, x: NDArray[np.float64], y: NDArray[Any], groups: NDArray[np.int64] | None, rng: np.random.Generator
    ) -> Score:
        y_codes = y if y.ndim == 1 else tied_values(y)
        units = units_of(tied_values(x), y_codes.astype(np.intp), groups)
        n_folds = min(self.n_folds, int(units.max()) + 1)
        gains, losses = np.empty(len(y)), np.empty(len(y))
        for train, test in _folds(deal(units, n_folds, rng, y if y.ndim == 1 else None), n_folds):
            mean, scale = x[train].mean(axis=0), x[train].std(axis=0)
            scale[scale == 0] = 1
            predicted = self._predict((x[train] - mean) / scale, y[train], (x[test] - mean) / scale)
            gains[test], losses[test] = _compared(predicted, y[test], y[train])
        chance = float(np.bincount(y).max() / len(y)) if y.ndim == 1 else 0.0
        value, error = _ratio(gains, losses, units)
        return Score(value, self.measure, error, chance, len(y), {"n_folds": n_folds})

    @abstractmethod
    def _predict(self, x: NDArray[np.float64], y: NDArray[Any], x_new: NDArray[np.float64]) -> NDArray[Any]:
        """Predict Y for ``x_new`` after learning from (x, y); columns of x have mean 0 and standard deviation 1."""


def _folds(fold_of: NDArray[np.intp], n_folds: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    for fold in range(n_folds):
        yield fold_of != fold, fold_of == fold


def _compared(
    predicted: NDArray[Any], truth: NDArray[Any], seen: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return per pair what the score adds up and what it divides by."""
    if truth.ndim == 1:
        return (predicted == truth).astype(np.float64), np.ones(len(truth))
    mean, variance = seen.mean(axis=0), seen.var(axis=0)
    variance[variance == 0] = 1
    around_mean = ((truth - mean) ** 2 / variance).mean(axis=1)
    return around_mean - ((truth - predicted) ** 2 / variance).mean(axis=1), around_mean


def _ratio(gains: NDArray[np.float64], losses: NDArray[np.float64], units: NDArray[np.intp]) -> tuple[float, float]:
    """Return the ratio of the sums and its standard error over units (delta method)."""
    value = float(gains.sum() / losses.sum())
    influence = np.bincount(units, weights=gains - value * losses)
    return value, float(np.sqrt(np.sum(influence**2)) / losses.sum())


@dataclass(frozen=True)
class NearestNeighbours(Scorer):
    """Accuracy of the majority label among the ``k`` nearest neighbours (Euclidean, z-scored columns)."""

    k: Annotated[int, Field(ge=1)] = 15
    n_folds: Annotated[int, Field(ge=2)] = 5

    predicts: ClassVar[Literal["labels", "continuous"]] = "labels"
    measure: ClassVar[Literal["accuracy", "r2"]] = "accuracy"

    def _predict(self, x: NDArray[np.float64], y: NDArray[Any], x_new: NDArray[np.float64]) -> NDArray[Any]:
        neighbours = require("sklearn.neighbors", "The score 'knn'")
        model = neighbours.KNeighborsClassifier(min(self.k, len(x)), n_jobs=1)
        return np.asarray(model.fit(x, y).predict(x_new))


@dataclass(frozen=True)
class Logistic(Scorer):
    """Accuracy of multinomial logistic regression with an L2 penalty of 1 / (2 ``c``)."""

    c: Annotated[float, Field(gt=0)] = 1.0
    n_folds: Annotated[int, Field(ge=2)] = 5

    predicts: ClassVar[Literal["labels", "continuous"]] = "labels"
    measure: ClassVar[Literal["accuracy", "r2"]] = "accuracy"

    def _predict(self, x: NDArray[np.float64], y: NDArray[Any], x_new: NDArray[np.float64]) -> NDArray[Any]:
        linear = require("sklearn.linear_model", "The score 'logistic'")
        return np.asarray(linear.LogisticRegression(C=self.c, max_iter=5000).fit(x, y).predict(x_new))


@dataclass(frozen=True)
class Ridge(Scorer):
    """Variance of Y explained by ridge regression, its penalty chosen inside the training part.

    Below 0 when the prediction is worse than the mean; never clipped.
    """

    n_folds: Annotated[int, Field(ge=2)] = 5

    predicts: ClassVar[Literal["labels", "continuous"]] = "continuous"
    measure: ClassVar[Literal["accuracy", "r2"]] = "r2"

    def _predict(self, x: NDArray[np.float64], y: NDArray[Any], x_new: NDArray[np.float64]) -> NDArray[Any]:
        linear = require("sklearn.linear_model", "The score 'ridge'")
        model = linear.RidgeCV(alphas=np.logspace(-2, 4, 13)).fit(x, y)
        return np.asarray(model.predict(x_new)).reshape(len(x_new), -1)


#: Every score by name; installed packages add theirs through the entry-point group ``noiselaw.scores``.
SCORES: Registry[Scorer] = Registry(
    "score", "noiselaw.scores", {"knn": NearestNeighbours, "logistic": Logistic, "ridge": Ridge}
)


def score(x: Any, y: Any, scorer: str | Scorer = "logistic", seed: int = 0, groups: Any | None = None) -> Score:
    """Score how well Y is predicted from X: ``knn`` and ``logistic`` for labels, ``ridge`` for continuous Y.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 400)
    >>> round(score(labels[:, None] + 0.1 * rng.normal(size=(400, 1)), labels).value, 2)
    1.0
    """
    strategy = SCORES.build(scorer) if isinstance(scorer, str) else scorer
    return strategy.score(x, y, groups, generator(seed, "score"))
