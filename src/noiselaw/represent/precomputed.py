"""An embedding that was computed elsewhere, looked up by the names of observations."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from noiselaw.errors import InputError, UsageError
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.digest import digest_of
from noiselaw.represent.embedding_files import read_embedding

if TYPE_CHECKING:
    from noiselaw.records import FloatArray, Prepared
    from noiselaw.represent.embedding_files import EmbeddingTable

__all__ = ["LookUp", "Precomputed", "check_constant"]

#: What a path may name.
_PLACES = ("level", "size", "seed")


@dataclass(frozen=True, eq=False)
class LookUp(Encoder):
    """Finds each observation's row in ``table``."""

    table: EmbeddingTable
    history: History
    constant: Literal["refuse", "keep"] = "refuse"

    def _embed(self, prepared: Prepared) -> Embedding:
        values = self.table.rows_of(prepared.names)
        notes = {
            "file": self.table.source,
            "rows_in_file": len(self.table.names),
            "rows_not_asked_for": len(self.table.names) - len(prepared),
            **check_constant(values, self.table.source, self.constant),
        }
        return Embedding(values, notes)


def check_constant(values: FloatArray, source: str, constant: Literal["refuse", "keep"]) -> dict[str, int]:
    """Return, for the notes, how many dimensions never vary, where there are any and they are kept.

    Raises
    ------
    InputError
        If there are and they are refused. (Of a single observation nothing can vary.)
    """
    never = np.flatnonzero(np.ptp(values, axis=0) == 0) if len(values) > 1 else np.empty(0, dtype=int)
    if not len(never):
        return {}
    if constant == "refuse":
        raise InputError(
            f"{source}: {len(never)} of {values.shape[1]} dimensions never vary over the {len(values):,} observations "
            f"to embed, first column {never[0] + 1}, which is {values[0, never[0]]:g} throughout. Leave them out, or "
            'let them through: constant = "keep".'
        )
    return {"constant_dimensions": len(never)}


@dataclass(frozen=True)
class Precomputed(Representation):
    """Look an embedding up in a file: one for every level, or one for each level, training size and seed.

    Rows are found by the observations' names, so their order does not matter; rows that are not asked for are counted.

    Parameters
    ----------
    path
        ``.npz`` (arrays ``names`` and ``values``), ``.parquet``, ``.csv`` or ``.tsv`` (names first), or ``.h5ad``; a
        relative path is taken from the study file's folder. ``{level}``, ``{size}`` and ``{seed}`` in it stand for the
        noise level, the training size and the seed, with a format where needed: ``pca_{level:.4f}_{size}.npz``.
    key
        Of an ``.h5ad``'s ``obsm``; of an ``.npz`` the array, where it is not called ``values``.
    constant
        A dimension that never varies is more often a mistake (a unit that died, a column that is no dimension) than a
        fact: ``refuse`` fails the row and says which it is; ``keep`` counts such dimensions in the notes.
    takes
        What was embedded: ``counts`` of cells, or an ``image``.
    folder
        What a relative path is taken from; a study file sets it.
    """

    path: str
    key: str = ""
    constant: Literal["refuse", "keep"] = "refuse"
    takes: Literal["counts", "image"] = "counts"  # type: ignore[misc]  # a class says it; here each file does
    folder: str = field(default="", metadata={"shown": False})

    def __post_init__(self) -> None:
        named = _named(self.path)
        for place in named:
            if place not in _PLACES:
                raise UsageError(f"A path can name {{level}}, {{size}} and {{seed}}; got {{{place}}}.")
        try:
            self.path.format(level=0.5, size=1, seed=0)
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise UsageError(f"The path {self.path!r} has a format that cannot be filled in: {error}.") from error

    @property
    def revision(self) -> str:  # type: ignore[override]  # the files' content is part of what the numbers depend on
        """The hash of every file that the path can mean, so that a changed file is measured again.

        Raises
        ------
        InputError
            If there is none.
        """
        return digest_of(self._files())

    def _files(self) -> list[Path]:
        where = Path(self.folder)
        pattern = Path("".join(escape(text) + ("" if place is None else "*") for text, place in _pieces(self.path)))
        root = Path(pattern.anchor) if pattern.is_absolute() else where
        found = sorted(root.glob(str(pattern.relative_to(pattern.anchor))))
        if not found:
            raise InputError(
                f"There is no file {where / self.path}. Write the embedding there, or correct the path (relative paths "
                "are taken from the study file's folder)."
            )
        return found

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> LookUp:
        if prepared.seed is None and "seed" in _named(self.path):
            raise InputError("The path names {seed}, but these observations come from no study and have no seed.")
        path = self.path.format(level=prepared.level, size=len(prepared), seed=prepared.seed)
        table = read_embedding(Path(self.folder) / path, self.key)
        return LookUp(table, History(stop_reason="computed elsewhere"), self.constant)


def _pieces(path: str) -> list[tuple[str, str | None]]:
    try:
        return [(text, place) for text, place, _, _ in string.Formatter().parse(path)]
    except ValueError as error:
        raise UsageError(f"The path {path!r} has a format that cannot be filled in: {error}.") from error


def _named(path: str) -> list[str]:
    return [place for _, place in _pieces(path) if place is not None]
