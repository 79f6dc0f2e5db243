"""Blood cells with 228 surface proteins: the paper's cell-type and protein tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from noiselaw.arrays import row_sums, take_rows
from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.datasets.cache import RemoteFile
from noiselaw.errors import InputError, nearest
from noiselaw.io import read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import Dataset

__all__ = ["PbmcCiteSeq"]

#: Antibodies whose last dash is part of their name, not the number of a clone.
_NOT_CLONES = ("Notch", "TCR")


@dataclass(frozen=True)
class PbmcCiteSeq(PublishedDataset):
    """PBMC CITE-seq of Hao et al. 2021.

    Parameters
    ----------
    filtered
        Keep cells with 7.6 < ln(protein counts) < 10.3, more than 150 proteins seen, less than 12 % mitochondrial
        counts, and no doublets, as scvi-tools does; 152,094 cells remain.
    summed_proteins
        Add up the counts of antibodies against one protein (``CD4-1`` and ``CD4-2``).
    """

    filtered: bool = True
    summed_proteins: bool = True

    key: ClassVar[str] = "pbmc_citeseq"
    about: ClassVar[About] = About(
        title="Blood cells with surface proteins (CITE-seq), 8 donors; the paper's cell-type and protein tasks",
        size="152,094 cells that pass the filters, of 161,764",
        signals="celltype.l1, celltype.l2, celltype.l3 (57 types); matrix protein_counts",
        source="Hao et al. 2021 (doi:10.1016/j.cell.2021.04.048), as scvi-tools distributes it",
        licence="none stated by the authors (GSE164378); cite the paper",
    )
    files: ClassVar[tuple[RemoteFile, ...]] = (
        RemoteFile(
            "pbmc_seurat_v4.h5ad",
            "https://exampledata.scverse.org/scvi-tools/pbmc_seurat_v4.h5ad",
        ),
    )

    def _parse(self, folder: Path) -> Dataset:
        dataset = read(folder / self.files[0].name)
        for needed, there in (("protein_counts", dataset.matrices), ("celltype.l2", dataset.annotations.columns)):
            if needed not in there:
                raise InputError(
                    f"{self.files[0].name} must hold {needed!r}; it does not. {nearest(needed, there)} "
                    "Remove the file and fetch it again."
                )
        proteins = dataset.matrices["protein_counts"]
        if self.summed_proteins:
            proteins = _summed(proteins)
        dataset = replace(dataset, matrices={**dataset.matrices, "protein_counts": proteins})
        return _taken(dataset, _sound(dataset, proteins)) if self.filtered else dataset


def _summed(proteins: pd.DataFrame) -> pd.DataFrame:
    """Add up the two clones of an antibody where both are there; the sum has the name without the number."""
    columns = [str(column) for column in proteins.columns]
    made: dict[str, pd.Series[Any]] = {}
    for column in columns:
        root, number = column.split("-")[0], column.split("-")[-1]
        pair = (f"{root}-1", f"{root}-2")
        if number in ("1", "2") and root not in _NOT_CLONES and set(pair) <= set(columns):
            made[root] = proteins[pair[0]] + proteins[pair[1]]
        else:
            made[column] = proteins[column]
    return pd.DataFrame(made, index=proteins.index)


def _sound(dataset: Dataset, proteins: pd.DataFrame) -> NDArray[np.intp]:
    """Return the rows of cells that pass the published filters."""
    with np.errstate(divide="ignore"):
        size = np.log(proteins.to_numpy(dtype=float).sum(axis=1))
    mitochondrial = np.flatnonzero(np.char.startswith(dataset.features, "MT-"))
    share = row_sums(dataset.observations[:, mitochondrial]) / np.maximum(row_sums(dataset.observations), 1)
    singlet = (dataset.annotations["celltype.l2"].astype(str) != "Doublet").to_numpy()
    seen = (proteins.to_numpy() > 0).sum(axis=1)
    return np.flatnonzero((size > 7.6) & (size < 10.3) & (seen > 150) & singlet & (share < 0.12))


def _taken(dataset: Dataset, rows: NDArray[np.intp]) -> Dataset:
    if len(rows) == 0:
        raise InputError("No cell passes the published filters. Load with filtered=False to look at what is there.")
    return replace(
        dataset,
        observations=take_rows(dataset.observations, rows),
        names=dataset.names[rows],
        annotations=dataset.annotations.iloc[rows],
        matrices={key: table.iloc[rows] for key, table in dataset.matrices.items()},
        provenance={**dataset.provenance, "filtered": f"{len(rows)} of {len(dataset.names)} cells pass"},
    )
