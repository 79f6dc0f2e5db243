"""Embeddings in files: a row of numbers for each observation's name, in any order."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import InputError, nearest
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from noiselaw.records import FloatArray

__all__ = ["SUFFIXES", "EmbeddingTable", "NamedColumn", "read_column", "read_embedding"]


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """What a file holds: ``names`` (n,), each once, and their ``values`` (n, d); ``source`` says which file."""

    names: NDArray[np.str_]
    values: FloatArray
    source: str

    def rows_of(self, wanted: NDArray[np.str_]) -> FloatArray:
        """Return the rows of ``wanted`` names, in that order.

        Raises
        ------
        InputError
            If some are not there, saying how many and which first.
        """
        order = np.argsort(self.names, kind="stable")
        places = order[np.minimum(np.searchsorted(self.names, wanted, sorter=order), len(order) - 1)]
        missing = np.flatnonzero(self.names[places] != wanted)
        if len(missing):
            raise InputError(
                f"{self.source} has no row for {len(missing):,} of the {len(wanted):,} observations to embed, first "
                f"{wanted[missing[0]]} (its own first is {self.names[0]}). Write a row for every observation, under "
                "the names that the data set gives them."
            )
        return self.values[places]


def read_embedding(path: Path, key: str = "") -> EmbeddingTable:
    """Read an embedding; :data:`SUFFIXES` says which kinds of files.

    Parameters
    ----------
    path
        ``.npz``: arrays ``names`` (text) and ``values``. ``.parquet``, ``.csv``, ``.tsv``: names in the index or the
        first column, numbers in all others. ``.h5ad``: a matrix of ``obsm``, named by ``key``.
    key
        Of ``obsm``, or the name of the array of values.

    Raises
    ------
    InputError
        If the file is absent, of another kind, or holds no such embedding.
    """
    if not path.exists():
        raise InputError(f"There is no file {path}. Write the embedding there, or correct the path.")
    readers = {suffix: reader for suffix, reader in SUFFIXES.items() if path.name.endswith(suffix)}
    if not readers:
        raise InputError(f"An embedding is read from {', '.join(SUFFIXES)}; got {path.name}. Write one of these.")
    try:
        names, values = next(iter(readers.values()))(path, key)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name} could not be read as an embedding ({error}). Write it again.") from error
    return _checked(names, values, path.name)


def _checked(names: Any, values: Any, source: str) -> EmbeddingTable:
    names, values = np.asarray(names), np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise InputError(f"{source} must hold numbers; got {values.dtype}. Leave only the names as text.")
    if values.ndim != 2 or not values.shape[1] or names.shape != values.shape[:1]:
        raise InputError(
            f"{source} must hold one row of values for each name; got values of shape {values.shape} and names of "
            f"shape {names.shape}. Write values as (n observations, d) and names as (n observations,)."
        )
    if not len(names):
        raise InputError(f"{source} holds no observation. Write a row for each.")
    names = names.astype(np.str_)
    unique, counts = np.unique(names, return_counts=True)
    if len(unique) < len(names):
        raise InputError(
            f"{source} names {int((counts > 1).sum()):,} observations more than once, first "
            f"{unique[counts.argmax()]}. Write each once."
        )
    return EmbeddingTable(names, values.astype(np.float64), source)


def _npz(path: Path, key: str) -> tuple[Any, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        for wanted in ("names", key or "values"):
            if wanted not in arrays:
                raise InputError(
                    f"{path.name} has no array {wanted!r}. {nearest(wanted, arrays.files)} Write it with "
                    "np.savez(path, names=..., values=...): the observations' names and a row of numbers for each."
                )
        return arrays["names"], arrays[key or "values"]


def _h5ad(path: Path, key: str) -> tuple[Any, Any]:
    annotated = require("anndata", "Reading .h5ad").read_h5ad(path, backed="r")
    try:
        if key not in annotated.obsm:
            raise InputError(
                f"{path.name} has no obsm matrix {key!r}. {nearest(key, annotated.obsm.keys())} Name it: key = ..."
            )
        values = annotated.obsm[key]
        dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
        return annotated.obs_names.to_numpy().astype(np.str_), dense
    finally:
        annotated.file.close()


def _parquet(path: Path, key: str) -> tuple[Any, Any]:
    import pandas as pd

    return _table(pd.read_parquet(path), path.name)


def _csv(path: Path, key: str) -> tuple[Any, Any]:
    import pandas as pd

    first = pd.read_csv(path, nrows=0, sep=_separator(path)).columns[0]
    return _table(pd.read_csv(path, sep=_separator(path), dtype={first: str}), path.name)


def _separator(path: Path) -> str:
    return "\t" if ".tsv" in path.suffixes else ","


def _table(frame: pd.DataFrame, source: str) -> tuple[Any, Any]:
    """Return names from the index, where it has any, else from the first column."""
    import pandas as pd

    if isinstance(frame.index, pd.RangeIndex) and len(frame.columns):
        frame = frame.set_index(frame.columns[0])
    if frame.index.dtype.kind == "f":
        raise InputError(
            f"{source} must name its observations in the index or the first column; that holds fractions, first "
            f"{frame.index[0]:g}. Write the names there, as text."
        )
    return frame.index.to_numpy().astype(np.str_), frame.to_numpy()


#: How files of each kind are read.
SUFFIXES: dict[str, Callable[[Path, str], tuple[Any, Any]]] = {
    ".npz": _npz,
    ".parquet": _parquet,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".tsv": _csv,
    ".h5ad": _h5ad,
}


@dataclass(frozen=True, eq=False)
class NamedColumn:
    """A text for each observation's name, from a file."""

    by_name: Mapping[str, str]
    source: str

    @property
    def digest(self) -> str:
        """The hash of all names and texts."""
        lines = "\n".join(f"{name}\t{text}" for name, text in sorted(self.by_name.items()))
        return blake2b(lines.encode(), digest_size=16).hexdigest()

    def of(self, names: NDArray[np.str_]) -> NDArray[np.str_]:
        """Return the texts of ``names``, in that order.

        Raises
        ------
        InputError
            If some have none, saying how many and which first.
        """
        missing = [name for name in names.tolist() if name not in self.by_name]
        if missing:
            raise InputError(
                f"{self.source} says nothing of {len(missing):,} of {len(names):,} observations, first {missing[0]}. "
                "Write a value for each, under the names that the data set gives them."
            )
        return np.array([self.by_name[name] for name in names.tolist()])


def read_column(path: Path, column: str) -> NamedColumn:
    """Read a column of annotations, of an ``.h5ad``'s ``obs`` or of a table with names first, without empty entries.

    Raises
    ------
    InputError
        If the file is of another kind or has no such column.
    """
    import pandas as pd

    if path.suffix == ".h5ad":
        annotated = require("anndata", "Reading .h5ad").read_h5ad(path, backed="r")
        frame = annotated.obs.copy()
        annotated.file.close()
    elif path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        frame = frame.set_index(frame.columns[0]) if isinstance(frame.index, pd.RangeIndex) else frame
    elif {".csv", ".tsv"} & set(path.suffixes):
        frame = _text(path)
    else:
        raise InputError(f"Annotations are read from .h5ad, .parquet, .csv and .tsv; got {path.name}.")
    if column not in frame.columns:
        raise InputError(f"{path.name} has no column {column!r}. {nearest(column, frame.columns)}")
    kept = frame[column].dropna()
    return NamedColumn(dict(zip(kept.index.astype(str), kept.astype(str), strict=True)), path.name)


def _text(path: Path) -> pd.DataFrame:
    import pandas as pd

    frame = pd.read_csv(path, sep=_separator(path), dtype=str)
    return frame.set_index(frame.columns[0])
