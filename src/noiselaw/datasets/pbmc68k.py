"""700 blood cells that come with scanpy: real, small, and there without a network."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.errors import InputError, MissingDependency
from noiselaw.io import file_hash, from_arrays
from noiselaw.optional import require

if TYPE_CHECKING:
    from noiselaw.records import Dataset

__all__ = ["Pbmc68kReduced"]

#: Rounding further than this means that the counts were made in another way.
_LARGEST_RESIDUAL = 0.1


@dataclass(frozen=True)
class Pbmc68kReduced(PublishedDataset):
    """PBMC 68k, reduced. Stored as ln(1 + 1e4·count/total); the counts come back by rounding (residual ≤ 0.08)."""

    key: ClassVar[str] = "pbmc68k_reduced"
    about: ClassVar[About] = About(
        title="Blood cells, a subset of 10x PBMC 68k; comes with scanpy, no download",
        size="700 cells × 765 genes",
        signals="bulk_labels (10 cell types, 2.75 bits), louvain, phase",
        source="Zheng et al. 2017 (doi:10.1038/ncomms14049), as scanpy distributes it",
        licence="CC BY 4.0 (10x Genomics)",
    )

    def _parse(self, folder: Path) -> Dataset:
        path = _in_scanpy()
        library = require("anndata", "Reading AnnData")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the file is old is known
            stored = library.read_h5ad(path)
        totals = stored.obs["n_counts"].to_numpy(dtype=float)
        counts = sparse.csr_matrix(stored.raw.X, dtype=float)
        counts.data = np.expm1(counts.data) * np.repeat(totals, np.diff(counts.indptr)) / 1e4
        whole = np.rint(counts.data)
        residual = float(np.abs(counts.data - whole).max())
        if residual > _LARGEST_RESIDUAL:
            raise InputError(
                f"Counts of {path.name} must come back as whole numbers; they miss by {residual:.2f}. "
                "This scanpy carries another file: install scanpy 1.10 or 1.11."
            )
        counts.data = whole.astype(np.int32)
        counts.eliminate_zeros()
        dataset = from_arrays(
            counts,
            names=stored.obs_names,
            features=stored.raw.var_names,
            annotations=stored.obs,
            matrices=dict(stored.obsm),
        )
        said = {"path": str(path), "sha256": file_hash(path), "counts": f"rounded, largest residual {residual:.3f}"}
        return replace(dataset, provenance={**dataset.provenance, **said})


def _in_scanpy() -> Path:
    found = find_spec("scanpy")
    if found is None or found.origin is None:
        raise MissingDependency('pbmc68k_reduced comes with scanpy. Install it: pip install "noiselaw[cells]"')
    path = Path(found.origin).parent / "datasets" / "10x_pbmc68k_reduced.h5ad"
    if not path.is_file():
        raise InputError(f"This scanpy does not carry {path.name}. Install scanpy 1.10 or 1.11.")
    return path
