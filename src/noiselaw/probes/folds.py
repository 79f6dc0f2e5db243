"""Which pairs belong together, and how they are dealt into folds.

A held-out bound is one only if what is measured was not seen while fitting. Pairs of one group, and identical
pairs, are therefore one unit, and units are never divided: neither between folds nor inside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_folds", "deal", "holdout", "tied_values", "units_of"]


def check_folds(n_folds: int | None) -> None:
    """Refuse a number of folds that leaves nothing to fit on.

    Raises
    ------
    UsageError
        Naming the number.
    """
    if n_folds is not None and n_folds < 2:
        raise UsageError(f"n_folds must be at least 2; got {n_folds}. Pass 5 or 10, or none for the default.")


def tied_values(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return a code (n,) that is equal exactly for equal rows of ``values`` (n, d).

    Rows are compared through two fixed random projections, so that the work is one sort and not a table of rows.
    """
    weights = np.random.Generator(np.random.PCG64(20)).standard_normal((values.shape[1], 2))
    # einsum adds each row in the same order, so that equal rows give equal bits; a blocked product need not.
    keys = np.einsum("nd,dk->nk", values, weights, optimize=False)
    order = np.lexsort(keys.T)
    steps = np.any(np.diff(keys[order], axis=0) != 0, axis=1)
    codes = np.empty(len(values), dtype=np.intp)
    codes[order] = np.concatenate([[0], np.cumsum(steps)])
    return codes


def _joined(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the finest partition in which rows that share either code stay together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_first = int(first.max()) + 1
    size = n_first + int(second.max()) + 1
    links = coo_array((np.ones(len(first)), (first, n_first + second)), shape=(size, size))
    _, component = connected_components(links, directed=False)
    return np.asarray(np.unique(component[first], return_inverse=True)[1], dtype=np.intp)


def units_of(
    x_codes: NDArray[np.intp], y_codes: NDArray[np.intp], groups: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return the unit (n,) of each pair: its group, joined with the pairs identical to it.

    Pairs are identical when their X and their Y are, except where one value of X comes with several values of Y:
    that is a value many observations share (an empty cell), and each of them is a draw of its own. Holding all
    equal ones out together would teach the fit the opposite of the truth.
    """
    pairs = np.unique(x_codes * (int(y_codes.max()) + 1) + y_codes, return_inverse=True)[1].astype(np.intp)
    kinds = np.unique(np.column_stack([x_codes, y_codes]), axis=0)[:, 0]
    shared = np.bincount(kinds, minlength=int(x_codes.max()) + 1)[x_codes] > 1
    pairs[shared] = int(pairs.max()) + 1 + np.arange(int(shared.sum()))
    if groups is None:
        return np.asarray(np.unique(pairs, return_inverse=True)[1], dtype=np.intp)
    return _joined(np.asarray(np.unique(groups, return_inverse=True)[1], dtype=np.intp), pairs)


def deal(
    units: NDArray[np.intp],
    n_folds: int,
    rng: np.random.Generator,
    strata: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """Deal units into ``n_folds`` folds of nearly equal size; return the fold (n,) of each pair.

    With ``strata`` (n,) (labels), each fold holds nearly its share of every stratum: units are dealt in turn in
    the order of the stratum of their first pair. Units of many pairs go first, to the emptiest fold.
    """
    _, first, sizes = np.unique(units, return_index=True, return_counts=True)
    stratum = np.zeros(len(sizes), dtype=np.intp) if strata is None else strata[first]
    order = np.lexsort((rng.random(len(sizes)), stratum, -sizes))
    fold_of_unit = np.empty(len(sizes), dtype=np.intp)
    large = int(np.sum(sizes > 1))
    load = np.zeros(n_folds)
    for unit in order[:large]:
        lightest = np.flatnonzero(load == load.min())
        fold = int(lightest[rng.integers(len(lightest))])
        fold_of_unit[unit] = fold
        load[fold] += sizes[unit]
    fold_of_unit[order[large:]] = _topped_up(load, len(order) - large, rng)
    return fold_of_unit[np.unique(units, return_inverse=True)[1]]


def _topped_up(load: NDArray[np.float64], n_single: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return folds for ``n_single`` single pairs that even out ``load``, each run of them in random order."""
    n_folds = len(load)
    target = np.full(n_folds, (load.sum() + n_single) / n_folds)
    room = np.maximum(target - load, 0)
    room *= n_single / max(room.sum(), 1e-12)
    # Fold f's places lie evenly along the run: its j-th at (j + 1/2) / room_f.
    counts = np.floor(room).astype(int)
    short = np.argsort(counts - room + 1e-9 * rng.random(n_folds))[: n_single - int(counts.sum())]
    counts[short] += 1
    places = np.concatenate([(np.arange(c) + rng.random()) / c for c in counts if c > 0] or [np.empty(0)])
    folds = np.repeat(np.arange(n_folds), counts)
    return np.asarray(folds[np.argsort(places, kind="stable")], dtype=np.intp)


def holdout(
    units: NDArray[np.intp], share: float, rng: np.random.Generator, strata: NDArray[np.intp] | None = None
) -> NDArray[np.bool_]:
    """Return a mask (n,) of about ``share`` of the pairs, whole units, at least one unit on either side."""
    return np.asarray(deal(units, max(round(1 / share), 2), rng, strata) == 0)
