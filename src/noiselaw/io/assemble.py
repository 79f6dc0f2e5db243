"""From an opened source to a checked dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.arrays import check_counts, is_backed, is_sparse
from noiselaw.errors import InputError, nearest
from noiselaw.io.source import as_text
from noiselaw.io.tables import as_table, check_sound
from noiselaw.records import Dataset

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from noiselaw.io.source import Place, Source
    from noiselaw.records import Matrix

__all__ = ["assemble"]

#: Where counts are looked for, in this order.
_SEARCHED = ("layers/counts", "X", "raw")
_SHOWN = {"layers/counts": "layers['counts']", "X": "X", "raw": "raw.X"}
#: Wider matrices are taken only when they are named: they are other assays, not panels.
_WIDEST = 5000


def assemble(source: Source, name: str, counts: str, matrices: Sequence[str] | None) -> Dataset:
    """Choose the counts of ``source``, check everything, and return the dataset.

    Raises
    ------
    InputError
        Naming what is wrong, where, and what to do.
    """
    names = _unique_names(source.annotations.index)
    location, observations = _choose(source, names, counts)
    features, notes = _unique_features(source.places[location].features)
    kept, left_out = _matrices(source, names, matrices)
    if left_out:
        notes["matrices left out"] = f"{', '.join(left_out)} (more than {_WIDEST} columns; name them to take them)"
    annotations = source.annotations.copy()
    annotations.index = pd.Index(names)
    provenance = {**source.provenance, "counts": f"counts found in {_shown(location)}", **notes}
    return Dataset(name, observations, names, features, annotations, kept, provenance)


def _shown(location: str) -> str:
    return _SHOWN.get(location, f"layers['{location.removeprefix('layers/')}']")


def _unique_names(index: pd.Index) -> NDArray[np.str_]:
    names = as_text(index)
    if len(names) == 0:
        raise InputError("Expected counts of at least one cell; got an empty matrix (0 cells). Pass measured cells.")
    _, first, times = np.unique(names, return_index=True, return_counts=True)
    if times.max() > 1:
        example = names[first[times > 1].min()]
        raise InputError(
            f"Every cell needs a name of its own; {int((times > 1).sum())} names occur more than once, first "
            f"{str(example)!r}. Rename the cells, e.g. with adata.obs_names_make_unique()."
        )
    return names


def _unique_features(features: NDArray[np.str_]) -> tuple[NDArray[np.str_], dict[str, str]]:
    """Append ``-1``, ``-2``, … to names that occurred before, as AnnData does, and say how many."""
    repeated = pd.Series(features).duplicated().to_numpy()
    if not repeated.any():
        return features, {}
    taken = set(features.tolist())
    given = features.tolist()
    seen: dict[str, int] = {}
    for row in np.flatnonzero(repeated):
        stem = given[row]
        number = seen.get(stem, 0) + 1
        while f"{stem}-{number}" in taken:
            number += 1
        seen[stem] = number
        given[row] = f"{stem}-{number}"
        taken.add(given[row])
    first = str(features[np.flatnonzero(repeated)[0]])
    said = f"{int(repeated.sum())} repeated feature names were given a number, first {first!r}"
    return np.array(given, dtype=np.str_), {"features": said}


def _choose(source: Source, names: NDArray[np.str_], counts: str) -> tuple[str, Matrix]:
    if counts != "auto":
        location = counts.replace("raw.X", "raw").replace("raw/X", "raw")
        if location not in source.places:
            raise InputError(
                f"There are no counts at {counts!r}. Pass counts='auto', 'X', 'raw' or 'layers/NAME'. "
                f"{nearest(location, source.places)}"
            )
        found = _matrix_at(source.places[location], names)
        check_counts(found, names, source.places[location].features)
        return location, found
    refused: dict[str, InputError] = {}
    for location in [place for place in _SEARCHED if place in source.places]:
        found = _matrix_at(source.places[location], names)
        try:
            check_counts(found, names, source.places[location].features)
        except InputError as error:
            if location == "layers/counts":  # a layer of this name is meant to be counted; nothing else may stand in
                raise InputError(f"layers['counts']: {error}") from error
            refused[location] = error
        else:
            return location, found
    raise InputError(_nowhere(source, refused)) from next(iter(refused.values()), None)


def _nowhere(source: Source, refused: dict[str, InputError]) -> str:
    """Say in a sentence or two what was found instead of counts, and where they are looked for."""
    absent = [_SHOWN[place] for place in _SEARCHED if place not in refused]
    layers = sorted(place for place in source.places if place.startswith("layers/"))
    other = f", or name one of {', '.join(layers)} with counts=" if layers else ""
    remedy = f"Put the raw counts into layers['counts']{other}"
    for place, error in refused.items():
        rule, _, advice = str(error).partition(". ")
        rule = rule.removesuffix(".")
        suspicion = f" {advice.partition(';')[0]}." if ";" in advice else ""
        others = [_SHOWN[other] for other in refused if other != place]
        looked = [f"{' and '.join(absent)} absent", *[f"{other} holds no counts either" for other in others]]
        return f"{_SHOWN[place]}: {rule} ({'; '.join(looked)}).{suspicion} {remedy}."
    return f"There are no counts: {', '.join(absent)} are absent. {remedy}."


def _matrix_at(place: Place, names: NDArray[np.str_]) -> Matrix:
    found: Any = place.load()
    expected = (len(names), len(place.features))
    if tuple(found.shape) != expected:
        raise InputError(
            f"Expected counts of {expected[0]} cells × {expected[1]} features, as many as are named; got a matrix "
            f"of shape {tuple(found.shape)}. The file is inconsistent: write it again."
        )
    if 0 in expected:
        raise InputError(
            f"Expected counts of at least one cell and one gene; got an empty matrix {expected}. Pass measured cells."
        )
    if is_sparse(found) and not is_backed(found) and found.format not in ("csr", "csc"):
        return found.tocsr()
    check_sound(found)
    if is_sparse(found) and not is_backed(found) and found.indices.dtype != found.indptr.dtype:
        # Some writers mix 32 and 64 bits, which compiled code refuses.
        widest = np.promote_types(found.indices.dtype, found.indptr.dtype)
        parts = (found.data, found.indices.astype(widest), found.indptr.astype(widest))
        return type(found)(parts, shape=found.shape)
    return found


def _matrices(
    source: Source, names: NDArray[np.str_], wanted: Sequence[str] | None
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    chosen: Collection[str] = source.matrices.keys() if wanted is None else wanted
    for matrix in chosen:
        if matrix not in source.matrices:
            raise InputError(f"There is no matrix called {matrix!r}. {nearest(matrix, source.matrices)}")
    left_out = [matrix for matrix in chosen if wanted is None and source.matrices[matrix][1] > _WIDEST]
    kept = {
        matrix: as_table(source.matrices[matrix][0](), names, matrix) for matrix in chosen if matrix not in left_out
    }
    return kept, left_out
