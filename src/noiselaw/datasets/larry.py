"""Blood progenitors with lineage barcodes: the paper's clonal task."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy import io as matrix_market
from scipy import sparse

from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.datasets.cache import RemoteFile
from noiselaw.errors import InputError
from noiselaw.io import from_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import Dataset

__all__ = ["LarryInVitro", "whole_counts"]

_SITE = "https://kleintools.hms.harvard.edu/paper_websites/state_fate2020"
_NAMES = {
    "Time point": "time_point",
    "Cell type annotation": "cell_type",
    "Starting population": "starting_population",
    "Well": "well",
    "Library": "library",
    "Cell barcode": "cell_barcode",
}
#: Rounding further than this means that a row was not normalised by one number.
_LARGEST_RESIDUAL = 0.25


def _file(part: str) -> RemoteFile:
    return RemoteFile(f"stateFate_inVitro_{part}.gz", f"{_SITE}/stateFate_inVitro_{part}.gz")


@dataclass(frozen=True)
class LarryInVitro(PublishedDataset):
    """LARRY in vitro of Weinreb et al. 2020.

    Published normalised to one total; each cell's counts come back as its values over its smallest non-zero one,
    rounded (the paper's authors cut off the decimals instead). Cells without a barcode have no clone.
    """

    key: ClassVar[str] = "larry_in_vitro"
    about: ClassVar[About] = About(
        title="Mouse blood progenitors with lineage barcodes, days 2, 4 and 6 in culture; the paper's clonal task",
        size="130,887 cells × 25,289 genes",
        signals="clone, time_point, cell_type",
        source="Weinreb et al. 2020 (doi:10.1126/science.aaw3381, GSE140802)",
        licence="none stated by the authors; cite the paper",
    )
    files: ClassVar[tuple[RemoteFile, ...]] = (
        _file("normed_counts.mtx"),
        _file("gene_names.txt"),
        _file("metadata.txt"),
        _file("clone_matrix.mtx"),
    )

    def _parse(self, folder: Path) -> Dataset:
        paths = [folder / file.name for file in self.files]
        try:
            normalised, clones = (sparse.csr_matrix(_matrix(paths[part])) for part in (0, 3))
            features = pd.read_csv(paths[1], sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3)
            metadata = pd.read_csv(paths[2], sep="\t")
        except (OSError, EOFError, ValueError, KeyError, zlib.error) as error:
            raise InputError(
                f"The LARRY files in {folder} could not be read ({error}). Remove the damaged one and fetch again."
            ) from error
        _same_length("clone matrix", clones.shape[0], normalised.shape[0])
        _same_length("metadata", len(metadata), normalised.shape[0])
        counts, residual = whole_counts(normalised)
        annotations = metadata.rename(columns=_NAMES).drop(columns=["SPRING-x", "SPRING-y"], errors="ignore")
        annotations["clone"] = _clone_of(clones)
        names = [f"{library}_{barcode}_{row}" for row, (library, barcode) in enumerate(_labels(annotations))]
        dataset = from_arrays(counts, names=names, features=features[0].tolist(), annotations=annotations)
        said = {"counts": f"rebuilt from normalised values by rounding, largest residual {residual:.1e}"}
        return replace(dataset, provenance={**dataset.provenance, "path": str(folder), **said})


def whole_counts(normalised: sparse.csr_matrix) -> tuple[sparse.csr_matrix, float]:
    """Return counts (int32) whose rows are proportional to those of ``normalised``, and the largest rounding.

    A row's smallest non-zero value is taken for one molecule.

    Raises
    ------
    InputError
        If a row is no multiple of one number.
    """
    counts = normalised.astype(np.float64)
    counts.eliminate_zeros()
    lengths = np.diff(counts.indptr)
    filled = np.flatnonzero(lengths)
    if len(filled) and not (np.isfinite(counts.data).all() and counts.data.min() > 0):
        raise InputError("Normalised counts must be finite and not negative; these are not. Fetch the file again.")
    smallest = np.minimum.reduceat(counts.data, counts.indptr[filled]) if len(filled) else np.empty(0)
    counts.data /= np.repeat(smallest, lengths[filled])
    whole = np.rint(counts.data)
    residual = float(np.abs(counts.data - whole).max(initial=0.0))
    if residual > _LARGEST_RESIDUAL:
        raise InputError(
            f"Every cell's values must be multiples of its smallest; one misses by {residual:.2f}. "
            "This is not the published normalised matrix: fetch it again."
        )
    counts.data = whole.astype(np.int32)
    return counts, residual


def _matrix(path: Path) -> Any:
    opened: Any = gzip.open(path)
    with opened as stream:
        found: Any = matrix_market.mmread(stream)
    return found


def _same_length(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise InputError(f"Expected {expected} rows in the {what}, one per cell; got {found}. Fetch the files again.")


def _clone_of(clones: sparse.csr_matrix) -> NDArray[np.object_]:
    """Return the clone of each cell as text, None where it has none; a cell in two clones is of neither."""
    clones = clones.astype(bool)
    clones.sort_indices()
    one = np.diff(clones.indptr) == 1
    named = np.full(clones.shape[0], None, dtype=object)
    named[one] = [f"clone_{clone}" for clone in clones.indices[clones.indptr[:-1][one]]]
    return named


def _labels(annotations: pd.DataFrame) -> list[tuple[str, str]]:
    for column in ("library", "cell_barcode", "time_point"):
        if column not in annotations:
            raise InputError(f"The LARRY metadata must have a column for {column!r}; it does not. Fetch it again.")
    return list(zip(annotations["library"].astype(str), annotations["cell_barcode"].astype(str), strict=True))
