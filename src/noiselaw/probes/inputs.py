"""What every probe refuses, repairs and counts before it measures: the one place that reads X, Y and groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from noiselaw.arrays import as_dense, is_sparse
from noiselaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "MIN_PAIRS",
    "Kind",
    "Target",
    "Values",
    "check_lengths",
    "group_codes",
    "label_codes",
    "numbers",
    "read_target",
    "read_values",
    "tied",
]

#: Fewer pairs than this carry no estimate worth a number.
MIN_PAIRS = 50
#: Fewer groups cannot be divided into folds, and those again into fit and selection.
MIN_GROUPS = 4
#: Squares of larger numbers overflow.
_LARGEST = 1e150
#: A sparse matrix is made dense up to this many entries (2 GB).
_DENSE_ENTRIES = 2**28

Kind = Literal["labels", "continuous"]


@dataclass(frozen=True, eq=False)
class Values:
    """A matrix that can be measured: ``values`` (n, d) float64 without constant or repeated columns.

    ``facts`` counts the columns left out. ``d`` is 0 when every column was constant.
    """

    values: NDArray[np.float64]
    facts: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Target:
    """Y as probes take it.

    Parameters
    ----------
    kind
        What it is.
    values
        Labels as codes 0 … K-1, (n,) int64, or abundances (n, p) float64.
    entropy_bits
        H(Y) in bits for labels (plug-in); NaN for abundances.
    facts
        What was left out or merged, counted.
    """

    kind: Kind
    values: NDArray[Any]
    entropy_bits: float = float("nan")
    facts: Mapping[str, int] = field(default_factory=dict)


def _plain(values: Any, name: str) -> NDArray[Any]:
    """Return ``values`` as a dense array of one or two dimensions, of any dtype."""
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        values = _from_series(pd.Series(values))
    elif isinstance(values, pd.DataFrame):
        values = _from_frame(values)
    elif not isinstance(values, np.ndarray | list | tuple) and is_sparse(values):
        n_entries = int(np.prod(values.shape))
        if n_entries > _DENSE_ENTRIES:
            raise InputError(
                f"{name} is sparse and too large to be made dense ({values.shape[0]} × {values.shape[1]}). "
                "Reduce its columns first, for instance by PCA."
            )
        values = as_dense(values)
    elif isinstance(values, np.ma.MaskedArray) and np.any(np.ma.getmaskarray(values)):
        raise InputError(f"{name} has {int(np.sum(np.ma.getmaskarray(values)))} masked entries. Drop those pairs.")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} must be a rectangular array; its rows have unequal lengths.") from error
    if array.ndim not in (1, 2):
        raise InputError(
            f"{name} must have one or two dimensions, (n,) or (n, columns); got an array of shape {array.shape}."
        )
    return array


def _from_series(series: pd.Series[Any]) -> NDArray[Any]:
    """Return a column without pandas' own types: numbers as numbers, everything else as objects."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.astype(object).to_numpy()
    if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy() if not series.isna().any() else series.astype(object).to_numpy()
    if pd.api.types.is_float_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy()


def _from_frame(frame: pd.DataFrame) -> NDArray[Any]:
    columns = [_from_series(frame.iloc[:, column]) for column in range(frame.shape[1])]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def numbers(values: Any, name: str) -> NDArray[Any]:
    """Return ``values`` (n, d) or (n,) as a matrix of booleans, integers or floats.

    Raises
    ------
    InputError
        For anything else.
    """
    array = _plain(values, name)
    if array.dtype.kind not in "biuf":
        what = "Python objects" if array.dtype.kind == "O" else f"{array.dtype}"
        raise InputError(f"{name} must hold numbers; got an array of {what}. Convert it to float first.")
    if array.ndim == 2 and array.shape[1] == 0:
        raise InputError(f"{name} has no columns. Pass at least one.")
    return array[:, None] if array.ndim == 1 else array


def read_values(values: Any, name: str) -> Values:
    """Return a matrix of numbers as probes take it.

    ``values`` (n, d) or (n,): dense, scipy sparse or pandas; booleans and integers become float64. Columns that
    do not vary (beyond rounding) and exact repetitions of an earlier column are left out and counted.

    Raises
    ------
    InputError
        For anything but finite numbers in one or two dimensions, or fewer than ``MIN_PAIRS`` rows.
    """
    array = numbers(values, name)
    precision = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
    matrix = np.ascontiguousarray(array, dtype=np.float64)
    _check_rows(len(matrix), name)
    _check_finite(matrix, name)
    return _distinct_columns(matrix, precision)


def _check_rows(n_rows: int, name: str) -> None:
    if n_rows < MIN_PAIRS:
        raise InputError(f"An estimate needs at least {MIN_PAIRS} pairs; {name} has {n_rows}. Measure more pairs.")


def _check_finite(matrix: NDArray[np.float64], name: str) -> None:
    finite = np.isfinite(matrix)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        n_rows = int(np.sum(~finite.all(axis=1)))
        raise InputError(
            f"{name} must be finite; {n_rows} of {len(matrix)} rows have NaN or infinite entries, first row {row}, "
            f"column {column}. Drop those pairs or repair the values."
        )
    if np.abs(matrix).max() > _LARGEST:
        raise InputError(f"{name} has entries beyond ±{_LARGEST:g}, whose squares overflow. Rescale it.")


def _distinct_columns(matrix: NDArray[np.float64], precision: float) -> Values:
    range_ = np.ptp(matrix, axis=0)
    varies = range_ > 4 * max(precision, float(np.finfo(np.float64).eps)) * np.abs(matrix).max(axis=0)
    seen: dict[bytes, int] = {}
    for column in np.flatnonzero(varies):
        # adding 0 makes -0.0 and 0.0 the same bytes
        seen.setdefault((matrix[:, column] + 0.0).tobytes(), int(column))
    kept = sorted(seen.values())
    facts = {"constant_columns": int(np.sum(~varies)), "repeated_columns": int(varies.sum()) - len(kept)}
    return Values(matrix if len(kept) == matrix.shape[1] else np.ascontiguousarray(matrix[:, kept]), facts)


def kind_of(array: NDArray[Any]) -> Kind:
    """Return what a Y is: 1-D integers, booleans and strings are labels; floats and 2-D numbers are continuous."""
    if array.dtype.kind in "OUST":
        return "labels"
    return "labels" if array.ndim == 1 and array.dtype.kind in "biu" else "continuous"


def read_target(y: Any) -> Target:
    """Return Y as probes take it.

    Integers, booleans, text and categoricals in one dimension are labels; floats and numbers in two dimensions are
    continuous.

    Raises
    ------
    InputError
        If Y cannot be measured: missing values, too few rows, a single label.
    """
    array = _plain(y, "Y")
    if kind_of(array) == "labels":
        return _read_labels(array)
    read = read_values(y, "Y")
    return Target("continuous", read.values, facts={f"{key}_y": count for key, count in read.facts.items()})


def _read_labels(array: NDArray[Any]) -> Target:
    codes = label_codes(array, "Y")
    _check_rows(len(codes), "Y")
    counts = np.bincount(codes)
    if len(counts) < 2:
        raise InputError("Y has a single label, so there is nothing to know about it. Pass at least two labels.")
    single = np.flatnonzero(counts == 1)
    if len(single):
        codes = _merge(codes, counts, single)
        counts = np.bincount(codes)
    if len(counts) < 2:
        raise InputError(
            f"Y has {len(single)} labels of one member each and no two that repeat. Labels must repeat; pass "
            "kind='continuous' (or floats) if these are numbers."
        )
    share = counts / counts.sum()
    return Target("labels", codes, float(-np.sum(share * np.log2(share))), {"single_member_labels": len(single)})


def _merge(codes: NDArray[np.int64], counts: NDArray[np.int64], single: NDArray[np.intp]) -> NDArray[np.int64]:
    """Merge the labels ``single`` into one; a lone one joins the rarest other label."""
    home = int(single[0])
    if len(single) == 1:
        others = np.where(counts == 1, np.iinfo(np.int64).max, counts)
        home = int(others.argmin())
    merged = np.where(np.isin(codes, single), home, codes)
    return np.unique(merged, return_inverse=True)[1].astype(np.int64)


def label_codes(labels: Any, name: str) -> NDArray[np.int64]:
    """Return labels (n,) or (n, 1) as codes 0 … K-1, in sorted order of the labels.

    Raises
    ------
    InputError
        If there are several columns, missing labels, or things that are no labels.
    """
    array = _plain(labels, name)
    if array.ndim == 2 and array.shape[1] != 1:
        raise InputError(
            f"{name} must be one label per pair, (n,); got an array of shape {array.shape}. Pass one column; for a "
            "one-hot matrix, its argmax."
        )
    array = array.ravel()
    missing = np.asarray(pd.isna(array))
    if missing.any():
        raise InputError(
            f"{name} has {int(missing.sum())} missing labels, first row {int(missing.argmax())}. Drop those pairs or "
            "give them a label of their own."
        )
    if array.dtype.kind == "O":
        kinds = {type(label) for label in array}
        if not all(issubclass(one, str) for one in kinds) and not all(
            issubclass(one, int | np.integer | np.bool_) for one in kinds
        ):
            named = ", ".join(sorted(one.__name__ for one in kinds))
            raise InputError(f"{name} must be labels (text, whole numbers or booleans); got objects of type {named}.")
    elif array.dtype.kind == "f":
        if not np.all(np.isfinite(array)) or not np.all(array == np.rint(array)):
            raise InputError(f"{name} must be labels; got fractional numbers. Pass text or whole numbers.")
    elif array.dtype.kind not in "biuUST":
        raise InputError(f"{name} must be labels (text, whole numbers or booleans); got {array.dtype}.")
    return np.unique(array, return_inverse=True)[1].astype(np.int64)


def group_codes(groups: Any, n_pairs: int) -> NDArray[np.int64] | None:
    """Return groups (n,) as codes 0 … G-1, or None.

    Raises
    ------
    InputError
        If their number is not that of the pairs, or some are missing.
    """
    if groups is None:
        return None
    codes = label_codes(groups, "groups")
    if len(codes) != n_pairs:
        raise InputError(f"groups must have one entry per pair; got {len(codes)} for {n_pairs} pairs.")
    return codes


def check_lengths(n_rows: int, n_pairs: int, name: str) -> None:
    """Refuse an X (``name``) that has another number of rows than Y."""
    if n_rows != n_pairs:
        raise InputError(f"X and Y must have one row per pair; {name} has {n_rows} and Y has {n_pairs}. Align them.")


def tied(*columns: NDArray[Any]) -> int:
    """Return how many rows of the columns laid side by side repeat an earlier row exactly."""
    table = np.ascontiguousarray(np.column_stack([np.asarray(part, np.float64) for part in columns]) + 0.0)
    rows = table.view(np.dtype((np.void, table.dtype.itemsize * table.shape[1]))).ravel()
    return len(rows) - len(np.unique(rows))
