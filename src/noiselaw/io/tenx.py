"""What 10x Genomics' Cell Ranger writes: HDF5 (versions 2 and 3) and folders of ``matrix.mtx``."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import io as matrix_market
from scipy import sparse

from noiselaw.errors import InputError, nearest
from noiselaw.io.source import Place, Source, as_text
from noiselaw.io.tables import as_frame, check_sound

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["of_folder", "of_tenx", "tenx_genome"]

_GENES = "Gene Expression"


def tenx_genome(group: Any) -> str | None:
    """Return the name of the group that holds a 10x matrix in an open HDF5 file, or None where there is none.

    Raises
    ------
    InputError
        If an old file holds several genomes.
    """
    held = [key for key in group if {"barcodes", "indptr", "data", "shape"} <= set(_keys(group[key]))]
    if len(held) > 1:
        raise InputError(f"Expected a 10x file of one genome; got {', '.join(held)}. Export one to a file of its own.")
    return held[0] if held else None


def of_tenx(group: Any) -> Source:
    """Return an open group of a 10x HDF5 file as a source; kinds other than genes become matrices."""
    n_features, n_cells = (int(length) for length in group["shape"][:2])
    indptr = group["indptr"][:]
    # features × barcodes by columns is barcodes × features by rows
    counts = sparse.csr_matrix((group["data"][:], group["indices"][:], indptr), shape=(n_cells, n_features))
    if "features" in group:
        names, kinds = group["features/name"][:], as_text(group["features/feature_type"][:])
    else:
        names, kinds = group["gene_names"][:], np.full(n_features, _GENES)
    return _by_kind(counts, as_text(group["barcodes"][:]), as_text(names), kinds, "10x HDF5")


def of_folder(folder: Path) -> Source:
    """Return a folder of ``matrix.mtx``, ``barcodes.tsv`` and ``features.tsv`` (or ``genes.tsv``), zipped or not."""
    matrix = _only(folder, "matrix.mtx")
    prefix = matrix.name.partition("matrix.mtx")[0]
    barcodes = _table(folder, f"{prefix}barcodes.tsv")
    features = _table(folder, f"{prefix}features.tsv", f"{prefix}genes.tsv")
    opened: Any = gzip.open(matrix) if matrix.suffix == ".gz" else matrix.open("rb")
    with opened as stream:
        counts = sparse.csr_matrix(matrix_market.mmread(stream).T)
    for what, table, length in (("barcodes", barcodes, counts.shape[0]), ("features", features, counts.shape[1])):
        if len(table) != length:
            raise InputError(
                f"Expected {length} {what}, as many as {matrix.name} has; got {len(table)}. Copy the folder again."
            )
    kinds = as_text(features[2]) if 2 in features else np.full(len(features), _GENES)
    return _by_kind(counts, as_text(barcodes[0]), as_text(features[min(1, features.shape[1] - 1)]), kinds, "10x mtx")


def _by_kind(
    counts: sparse.csr_matrix,
    barcodes: NDArray[np.str_],
    names: NDArray[np.str_],
    kinds: NDArray[np.str_],
    written_as: str,
) -> Source:
    check_sound(counts)
    if counts.shape != (len(barcodes), len(names)):
        raise InputError(
            f"Expected counts of {len(barcodes)} barcodes × {len(names)} features; got {counts.shape}. "
            "The file is inconsistent: copy it again."
        )
    if _GENES not in kinds:
        raise InputError(f"Expected features of kind {_GENES!r}. {nearest(_GENES, dict.fromkeys(kinds.tolist()))}")
    genes = kinds == _GENES
    observed = counts if genes.all() else counts[:, np.flatnonzero(genes)]
    panels = {
        kind: as_frame(counts[:, np.flatnonzero(kinds == kind)], barcodes, names[kinds == kind].tolist())
        for kind in dict.fromkeys(kinds[~genes].tolist())
    }
    return Source(
        pd.DataFrame(index=pd.Index(barcodes)),
        {"X": Place(lambda: observed, names[genes])},
        {kind: (lambda panel=panel: panel, panel.shape[1]) for kind, panel in panels.items()},  # type: ignore[misc]
        {"format": written_as},
    )


def _keys(item: Any) -> list[str]:
    return list(item) if hasattr(item, "keys") else []


def _only(folder: Path, ending: str) -> Path:
    found = sorted(path for path in folder.iterdir() if path.name.endswith((ending, f"{ending}.gz")))
    if len(found) != 1:
        listed = ", ".join(path.name for path in found) or "none"
        raise InputError(f"Expected one {ending}(.gz) in {folder.name}; got {listed}. Keep one sample per folder.")
    return found[0]


def _table(folder: Path, *choices: str) -> pd.DataFrame:
    for choice in choices:
        for path in (folder / choice, folder / f"{choice}.gz"):
            if path.is_file():
                return pd.read_csv(path, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3)
    expected = " or ".join(f"{choice}(.gz)" for choice in choices)
    raise InputError(f"Expected {expected} beside the matrix in {folder.name}; there is none. Copy the whole folder.")
