"""Annotation columns as text: labels, clones, time points, sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Dataset

__all__ = ["as_texts", "codes_of", "column_of", "listed", "text_of"]

_SHOWN = 12
#: What stands in columns of text for a value that is not there.
_ABSENT = ("", "nan", "NaN", "None", "<NA>")


def column_of(dataset: Dataset, column: str, what: str, *, fractions: bool = False) -> pd.Series[Any]:
    """Return an annotation column; whole numbers that were stored as floats are whole numbers again.

    Fractions are refused unless ``fractions`` are meant (times such as 8.5), where each number is text as short as it
    can be: 8.5, but 9.

    Raises
    ------
    InputError
        If there is no such column (naming the nearest), or it holds fractions.
    """
    table = dataset.annotations
    if column not in table.columns:
        bare = " A 10x file carries none: put them into .obs of an AnnData, and pass that." if table.empty else ""
        raise InputError(
            f"The dataset {dataset.name!r} has no column {column!r} to take {what} from. "
            f"{nearest(column, table.columns)}{bare}"
        )
    values = table[column]
    categories = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else None
    if fractions and categories is not None and pd.api.types.is_float_dtype(categories.dtype):
        values = values.astype(np.float64)
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.dropna()
        fractional = numbers[numbers % 1 != 0]
        if len(fractional) and fractions:
            return values.map(lambda number: None if np.isnan(number) else as_texts(float(number))[0])
        if len(fractional):
            raise InputError(
                f"{what.capitalize()} must be categories, text or whole numbers; column {column!r} holds "
                f"{fractional.iloc[0]}. Cut it into categories, or pass it as an abundance."
            )
        return values.astype("Int64")
    return values


def text_of(values: pd.Series[Any], missing: tuple[str, ...] = ()) -> NDArray[np.object_]:
    """Return each value as text, (n,), and None where it is absent, empty or listed as missing.

    Absent is also what pandas makes of an absent value that is turned into text: ``nan``, ``None``, ``<NA>``.
    """
    text = values.astype(str).to_numpy(dtype=object)
    absent = values.isna().to_numpy(dtype=bool) | np.isin(text.astype(str), [*_ABSENT, *missing])
    text[absent] = None
    return np.asarray(text, dtype=np.object_)


def codes_of(text: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return a number for each text, -1 for None, and the texts that they stand for, sorted."""
    codes, names = pd.factorize(text, sort=True, use_na_sentinel=True)
    return codes.astype(np.int64), np.asarray(names, dtype=np.object_)


def as_texts(given: Any) -> tuple[str, ...]:
    """Return one value, or several, as a tuple of text: ``2``, ``[2, 4]`` and ``"2"`` name time points alike."""
    several = [given] if isinstance(given, str | int | float | np.generic) else given
    plain = [one.item() if isinstance(one, np.generic) else one for one in several]
    return tuple(str(int(one)) if isinstance(one, float) and one.is_integer() else str(one) for one in plain)


def listed(names: Any) -> str:
    """Return names as a list in a sentence, the first dozen of many."""
    names = [repr(str(name)) for name in names]
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + rest
