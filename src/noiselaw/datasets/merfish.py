"""A section of mouse brain with cell positions: the paper's spatial task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from noiselaw.arrays import row_sums, take_rows
from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.errors import InputError, UsageError
from noiselaw.io import file_hash, from_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from noiselaw.records import Dataset

__all__ = ["MerfishMouseBrain"]

_ROWS = 4096


@dataclass(frozen=True)
class MerfishMouseBrain(PublishedDataset):
    """Vizgen's mouse brain receptor map, slice 1 of replicate 1.

    Parameters
    ----------
    blanks
        Keep the columns of blank barcodes (649 columns; as the paper ran it), or remove them (as it is printed).
    least_counts
        Keep cells with at least this many counts; 100 leaves the paper's 67,821 cells.
    """

    blanks: bool = True
    least_counts: int = 100

    key: ClassVar[str] = "merfish_mouse_brain"
    about: ClassVar[About] = About(
        title="Coronal section of a mouse brain (MERFISH), with positions; the paper's spatial task",
        size="67,821 cells × 649 columns: 483 genes and blank barcodes",
        signals="matrix spatial (µm)",
        source="Vizgen Data Release V1.0, May 2021: Mouse Brain Receptor Map, slice 1, replicate 1",
        licence="Vizgen's own terms, to be accepted on its site",
        by_hand=(
            "Vizgen lets nobody pass its files on. Register at https://info.vizgen.com/mouse-brain-map, download the "
            "files ending in cell_by_gene_S1R1.csv and cell_metadata_S1R1.csv of Slice 1, Replicate 1 into one folder"
        ),
    )

    def __post_init__(self) -> None:
        if self.least_counts < 0:
            raise UsageError(f"least_counts must be at least 0; got {self.least_counts}.")

    def _check(self, folder: Path) -> None:
        for part in ("cell_by_gene", "cell_metadata"):
            self._find(folder, part)

    def _find(self, folder: Path, part: str) -> Path:
        endings = (f"{part}_S1R1.csv", f"{part}_S1R1.csv.gz", f"{part}.csv")
        found = sorted(path for path in folder.glob("*") if path.name.endswith(endings))
        if len(found) == 1:
            return found[0]
        listed = ", ".join(path.name for path in found) or "none"
        raise InputError(
            f"Expected one file ending in {endings[0]} in {folder}; got {listed}. {self.about.by_hand}, and pass it "
            f"as folder (--folder on the command line), or put the files into {folder}."
        )

    def _parse(self, folder: Path) -> Dataset:
        counts_path, metadata_path = self._find(folder, "cell_by_gene"), self._find(folder, "cell_metadata")
        try:
            names, features, counts = _counts(counts_path)
            metadata = pd.read_csv(metadata_path, index_col=0, dtype=_names_as_text(metadata_path))
        except (OSError, EOFError, ValueError, pd.errors.ParserError) as error:
            raise InputError(
                f"The Vizgen files in {folder} could not be read ({error}). Download the damaged one again."
            ) from error
        absent = {"center_x", "center_y"} - set(metadata.columns)
        unknown = sorted(set(names) - set(metadata.index))
        if absent or unknown:
            what = f"the column {min(absent)!r}" if absent else f"cell {unknown[0]!r} ({len(unknown)} cells in all)"
            raise InputError(f"{metadata_path.name} lacks {what}. Download both files of one replicate again.")
        metadata = metadata.loc[names]
        rows = np.flatnonzero(row_sums(counts) >= self.least_counts)
        columns = [self.blanks or not feature.startswith("Blank") for feature in features]
        dataset = from_arrays(
            take_rows(counts, rows)[:, np.flatnonzero(columns)],
            names=[names[row] for row in rows],
            features=[feature for feature, kept in zip(features, columns, strict=True) if kept],
            annotations=metadata.iloc[rows],
            matrices={"spatial": metadata[["center_x", "center_y"]].iloc[rows]},
        )
        said = {"path": str(counts_path), "sha256": file_hash(counts_path)}
        said["filtered"] = f"{len(rows)} of {len(names)} cells have at least {self.least_counts} counts"
        return replace(dataset, provenance={**dataset.provenance, **said})


def _names_as_text(path: Path) -> dict[str, type]:
    """Return the type of the first column: names of 39 digits, which no number holds."""
    return {str(pd.read_csv(path, nrows=0).columns[0]): str}


def _counts(path: Path) -> tuple[list[str], list[str], sparse.csr_matrix]:
    """Read a table of cells × genes piece by piece into a sparse matrix."""
    names: list[str] = []
    parts: list[sparse.csr_matrix] = []
    features: list[str] = []
    with pd.read_csv(path, index_col=0, chunksize=_ROWS, dtype=_names_as_text(path)) as pieces:
        for piece in pieces:
            features = [str(column) for column in piece.columns]
            names.extend(piece.index.astype(str))
            if piece.isna().to_numpy().any():
                raise ValueError(
                    f"cell {names[-len(piece) + int(piece.isna().any(axis=1).argmax())]} has missing values"
                )
            parts.append(sparse.csr_matrix(piece.to_numpy(dtype=np.float64)))
    return names, features, sparse.vstack(parts, format="csr")
