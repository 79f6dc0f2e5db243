"""The contract of a signal, as a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.arrays import as_dense
from noiselaw.randomness import generator
from noiselaw.signals.base import Signal
from noiselaw.testing.promises import Promises

if TYPE_CHECKING:
    from noiselaw.records import Dataset, IntArray, Pairs

__all__ = ["check_signal"]


def check_signal(signal: Signal, dataset: Dataset, *, study_file: bool = True) -> None:
    """Check that a signal keeps every promise of its contract on ``dataset``, which carries it.

    Parameters
    ----------
    signal
        Such as ``Labels("cell_type")``.
    dataset
        At least some tens of observations; every second one is held out.
    study_file
        Whether a study file must be able to hold it.

    Raises
    ------
    BrokenPromise
        Naming the first promise that it breaks.
    """
    with Promises.of(signal, Signal, study_file=study_file) as promises:
        _check(promises, signal, dataset)


def _check(promises: Promises, signal: Signal, dataset: Dataset) -> None:
    promises.holds(bool(signal.name), "it has a name", "It is empty.")
    test = np.arange(0, len(dataset.names), 2)
    before = dataset.annotations.copy(), {key: matrix.copy() for key, matrix in dataset.matrices.items()}
    with promises.undisturbed(observations=dataset.observations):
        pairs = signal.pair(dataset, test, generator(0, "pairs"))
    untouched = dataset.annotations.equals(before[0]) and all(
        dataset.matrices[key].equals(matrix) for key, matrix in before[1].items()
    )
    promises.holds(untouched, "the data set stays untouched", "It changed annotations or matrices.")
    _check_pairs(promises, pairs, test)
    again = signal.pair(dataset, test, generator(0, "pairs"))
    for what in ("rows", "values", "partners", "groups"):
        same = _same(getattr(pairs, what), getattr(again, what))
        promises.holds(same, "the same seed gives the same pairs", f"{what} differ.")


def _check_pairs(promises: Promises, pairs: Pairs, test: IntArray) -> None:
    promise = "pairs are of held-out observations"
    promises.holds(bool(np.isin(pairs.rows, test).all()), promise, "Some rows are not held out.")
    if pairs.partners is not None:
        promises.holds(bool(np.isin(pairs.partners, test).all()), promise, "Some partners are not held out.")
    promise = "each pair has one value or one partner"
    several = (pairs.values is None) == (pairs.partners is None)
    promises.holds(not several, promise, "It gives both, or neither.")
    for what in ("values", "partners", "groups"):
        given = getattr(pairs, what)
        told = given is None or len(given) == len(pairs.rows)
        promises.holds(told, promise, f"{what} has another length than rows ({len(pairs.rows)}).")
    values = pairs.values
    finite = (
        values is None or values.dtype.kind != "f" or bool(np.isfinite(as_dense(values.reshape(len(values), -1))).all())
    )
    promises.holds(finite, "values are numbers", "Some are NaN or infinite; leave such pairs out and count them.")


def _same(one: Any, two: Any) -> bool:
    return one is two or (one is not None and two is not None and np.array_equal(one, two))
