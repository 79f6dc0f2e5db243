"""Simulated cells as files, written a thousand at a time: a million need no more memory than a few."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import InputError
from noiselaw.optional import require

if TYPE_CHECKING:
    from noiselaw.simulate.cells import SimulatedCells
    from noiselaw.simulate.continuum import SimulatedContinuum

__all__ = ["write_h5ad"]

_CHUNK = 1 << 18


def write_h5ad(drawn: SimulatedCells | SimulatedContinuum, path: str | Path) -> Path:
    """Write drawn cells as an ``.h5ad`` file (CSR counts, ``obs``, ``obsm``), and return its path.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    h5py = require("h5py", "writing .h5ad files")
    write_elem = require("anndata", "writing .h5ad files").io.write_elem
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with h5py.File(part, "w") as file:
            file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            annotations, matrices, features = _counts(file, drawn)
            write_elem(file, "obs", annotations)
            write_elem(file, "var", pd.DataFrame(index=pd.Index(features.astype(object))))
            write_elem(file, "obsm", matrices)
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} could not be written ({error}). Choose another folder, or free the disk.") from error
    finally:
        part.unlink(missing_ok=True)
    return path


def _counts(
    file: Any, drawn: SimulatedCells | SimulatedContinuum
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], np.ndarray]:
    """Append the counts of each block to ``file``; return what else is known of the cells."""
    counts = file.create_group("X")
    config = drawn.config
    # Readers expect both kinds of indices to be of one type.
    index = np.int32 if config.n_cells * config.n_genes < 2**31 else np.int64
    for name, dtype in (("data", np.int32), ("indices", index)):
        counts.create_dataset(name, shape=(0,), maxshape=(None,), chunks=(_CHUNK,), dtype=dtype, compression="lzf")
    ends, tables, matrices = [np.zeros(1, dtype=np.int64)], [], []
    for block in drawn.stream():
        x = block.observations
        start = len(counts["data"])
        for name in ("data", "indices"):
            counts[name].resize((start + x.nnz,))
            counts[name][start:] = getattr(x, name)
        ends.append(start + x.indptr[1:].astype(np.int64))
        tables.append(block.annotations)
        matrices.append(block.matrices)
        features = block.features
    counts["indptr"] = np.concatenate(ends).astype(index)
    shape = (sum(map(len, tables)), len(features))
    counts.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": shape})
    joined = {key: pd.concat([part[key] for part in matrices]) for key in matrices[0]}
    return pd.concat(tables), joined, features
