"""The measurements table: the waist of the hourglass.

One row per measurement. The upper half of the package only writes it, the lower half only reads it, and somebody who
measured information with other tools can write it by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "Column",
    "empty",
    "numbers_of",
    "read_provenance",
    "read_table",
    "repeated",
    "to_table",
    "write_table",
]


@dataclass(frozen=True)
class Column:
    """A column of the table: its pandas dtype, unit (empty where it has none) and meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("dataset", "string", "", "name of the dataset"),
    Column("signal", "string", "", "what the representation is asked about"),
    Column("channel", "string", "", "noise process"),
    Column("level", "float64", "", "its level, exactly as applied"),
    Column("u", "float64", "u_unit", "realised signal-to-noise measure of the held-out observations"),
    Column("u_unit", "string", "", "unit of u"),
    Column("n_train", "Int64", "observations", "training observations"),
    Column("n_test", "Int64", "observations", "held-out observations"),
    Column("representation", "string", "", "the model, with options that differ from its defaults"),
    Column("probe", "string", "", "the estimator, with options that differ from its defaults"),
    Column("seed", "Int64", "", "the replicate: redraws split, noise, subsets, models and folds"),
    Column("bits", "float64", "bits", "estimated mutual information, never clipped; NaN when it failed"),
    Column("standard_error", "float64", "bits", "its standard error; NaN when unknown"),
    Column(
        "extrapolated_bits",
        "float64",
        "bits",
        "a guess for infinitely many pairs, not a bound; NaN when not made",
    ),
    Column(
        "ceiling_bits",
        "float64",
        "bits",
        "what no representation can exceed (H(Y) for labels); NaN when unknown",
    ),
    Column("n_pairs", "Int64", "pairs", "pairs measured"),
    Column("status", "string", "", "ok, warned or failed"),
    Column("reason", "string", "", "one sentence for a status that is not ok"),
    Column("diagnostics", "string", "", "named facts about training and estimate, as JSON"),
)

_NAMES = [column.name for column in COLUMNS]
#: Rows that agree in these are the same measurement.
KEY = ["dataset", "signal", "channel", "level", "n_train", "representation", "probe", "seed"]
_PROVENANCE = b"noiselaw"
#: A number whose decimal point is a comma.
_DECIMAL_COMMA = r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?"


def to_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return ``rows`` as a measurements table: typed, in canonical order, sorted by what identifies a row.

    Raises
    ------
    InputError
        If a row has a column that the table does not, or two rows are the same measurement.
    """
    table = pd.DataFrame(list(rows))
    for name in table.columns:
        if name not in _NAMES:
            raise InputError(f"The measurements table has no column {name!r}. {nearest(name, _NAMES)}")
    table = table.reindex(columns=_NAMES)
    table = table.astype({column.name: column.dtype for column in COLUMNS})
    twice = table.duplicated(KEY)
    if twice.any():
        row = table.loc[twice, KEY].iloc[0].to_dict()
        raise InputError(f"{int(twice.sum())} measurements appear twice, first {row}. Keep one row for each.")
    return table.sort_values(KEY, kind="stable", ignore_index=True)


def empty() -> pd.DataFrame:
    """Return a measurements table without rows."""
    return to_table([])


def write_table(table: pd.DataFrame, path: str | Path, provenance: Mapping[str, Any] | None = None) -> Path:
    """Write ``table`` as Parquet or CSV by the ending of ``path``, in one step: never half a file.

    ``provenance`` goes into the Parquet metadata, beside the unit and meaning of every column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    # A name of its own for each writer: two may write the same table at once.
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    if path.suffix == ".csv":
        table.to_csv(part, index=False)
    elif path.suffix == ".parquet":
        arrow = pa.Table.from_pandas(table, preserve_index=False)
        described = {column.name: column for column in COLUMNS}
        schema = pa.schema(
            [
                item.with_metadata({"unit": described[item.name].unit, "meaning": described[item.name].meaning})
                if item.name in described
                else item
                for item in arrow.schema
            ],
            metadata={
                **(arrow.schema.metadata or {}),
                _PROVENANCE: json.dumps(dict(provenance or {})).encode(),
            },
        )
        pq.write_table(arrow.cast(schema), part)
    else:
        raise InputError(f"A table is written as .parquet or .csv; got {path.name!r}.")
    part.replace(path)
    return path


def read_table(path: str | Path) -> pd.DataFrame:
    """Read any table, .parquet or .csv, as it is; types of known columns are restored.

    Raises
    ------
    InputError
        If there is no such file or it is neither.
    """
    import pyarrow.parquet as pq

    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}. Pass a table written as .csv or .parquet.")
    try:
        if path.suffix == ".parquet":
            # Without pyarrow's threads: one that is still ending can abort the interpreter at its exit (seen here).
            with pq.ParquetFile(path) as file:
                table: pd.DataFrame = file.read(use_threads=False).to_pandas(use_threads=False)
        elif path.suffix in {".csv", ".tsv", ".txt"}:
            table = _read_text(path)
        else:
            raise InputError(f"A table is read from .csv, .tsv or .parquet; got {path.name!r}.")
    except (ValueError, OSError, pd.errors.ParserError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path.name} could not be read as a table ({error}). A table is text in UTF-8 with a header, or Parquet."
        ) from error
    table = table.drop(columns=[name for name in table.columns if str(name).startswith("Unnamed:")])
    dtypes = {column.name: column.dtype for column in COLUMNS if column.name in table.columns}
    try:
        return table.astype(dtypes)
    except (TypeError, ValueError):
        return table  # somebody's own table that uses one of our names in its own way


def _read_text(path: Path) -> pd.DataFrame:
    """Read a table written as text; a label may be called NA or None, so only an empty one is missing.

    Columns are divided by what divides the header: a comma, a semicolon (as spreadsheets write it where a comma is the
    decimal point, which it then may be) or a tab.
    """
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    separator = max(",;\t", key=header.count)
    table: pd.DataFrame = pd.read_csv(path, sep=separator)
    if separator == ";":
        for name in table.columns:
            if not _is_numeric(table[name]) and table[name].dropna().astype(str).str.fullmatch(_DECIMAL_COMMA).all():
                table[name] = table[name].astype(str).str.replace(",", ".", regex=False).astype("float64")
    labels = {column.name for column in COLUMNS if column.dtype == "string"}
    named = [name for name in table.columns if name in labels or not _is_numeric(table[name])]
    if named:
        words = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=[""])
        for name in named:
            table[name] = words[name]
    return table


def _is_numeric(values: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values))


def numbers_of(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, (n,); what is missing is NaN.

    Raises
    ------
    InputError
        If there is no such column, or it holds something else (naming the first row that does).
    """
    if name not in table.columns:
        raise InputError(f"The table has no column {name!r}. {nearest(name, table.columns)}")
    values = table[name]
    try:
        return np.asarray(values.astype("float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError) as error:
        bad = values.notna() & pd.to_numeric(values, errors="coerce").isna()
        row, value = int(bad.to_numpy().argmax()), values[bad].iloc[0] if bad.any() else error
        raise InputError(
            f"The column {name!r} must hold numbers; row {row + 1} has {value!r}. Leave that cell empty where nothing "
            "was measured, write numbers without thousands separators, or name another column."
        ) from error


def repeated(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the rows that repeat an earlier one in every column, (n,): a copy is no second measurement."""
    return np.asarray(table.astype(str).duplicated(), dtype=bool)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return what was written as provenance into a Parquet table; empty where there is none."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(Path(path)).metadata or {}
    found: dict[str, Any] = json.loads(metadata.get(_PROVENANCE, b"{}"))
    return found
