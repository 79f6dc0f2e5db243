"""Open a file or folder by what it holds, whatever it is called."""

from __future__ import annotations

import re
import warnings
import zlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noiselaw.errors import InputError
from noiselaw.io.assays import of_assays
from noiselaw.io.assemble import assemble
from noiselaw.io.convert import of_anndata
from noiselaw.io.digest import file_hash
from noiselaw.io.stored import of_group, of_shared
from noiselaw.io.tenx import of_folder, of_tenx, tenx_genome
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.io.source import Source
    from noiselaw.records import Dataset

__all__ = ["read"]

_HDF5 = (".h5ad", ".h5mu", ".h5", ".hdf5")
_READ = "Pass .h5ad, .h5mu, a 10x .h5, .zarr, or a 10x folder of matrix.mtx"
_HINTS = {
    ".rds": "convert it in R, e.g. with zellkonverter::writeH5AD",
    ".h5seurat": "convert it in R, e.g. with SeuratDisk::Convert",
    ".loom": "convert it with anndata.io.read_loom(...).write_h5ad(...)",
    ".csv": "load it and call noiselaw.io.from_arrays",
    ".gz": "unpack it first",
    ".zip": "of images, call noiselaw.io.read_images; of cells, unpack it first",
}


def read(
    path: str | Path,
    *,
    counts: str = "auto",
    name: str | None = None,
    modality: str | None = None,
    matrices: Sequence[str] | None = None,
    backed: bool = False,
) -> Dataset:
    """Read cells from ``.h5ad``, ``.h5mu``, ``.zarr``, a 10x ``.h5``, or a 10x folder of ``matrix.mtx``.

    Parameters
    ----------
    path
        The file or folder.
    counts, modality, matrices
        As in :func:`~noiselaw.io.from_anndata`. Features of a 10x file other than genes become matrices called after
        their kind ("Antibody Capture").
    name
        How tables call the dataset; the file's name without its ending unless given.
    backed
        Leave the counts on disk (``.h5ad``, ``.h5mu``, ``.zarr``) and read them piece by piece.

    Raises
    ------
    InputError
        If there is no such file, it cannot be understood or is damaged, or what it holds cannot be measured.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"There is no file or folder {str(path)!r}. {_READ}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # notices about how a file was written; whoever reads it cannot mend that
            with ExitStack() as opened:
                source = _open(path, modality, backed, opened)
                dataset = assemble(source, name or _stem(path), counts, matrices)
                if backed:
                    opened.pop_all()  # the counts need the file for as long as they live
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    except _broken() as error:
        raise InputError(
            f"{path.name} could not be read ({_why(error)}). Expected a complete file; copy or write it again."
        ) from error
    return _with_file(dataset, path)


def _open(path: Path, modality: str | None, backed: bool, opened: ExitStack) -> Source:
    if path.is_dir():
        return _open_folder(path, modality, backed)
    if path.name.endswith(("matrix.mtx", "matrix.mtx.gz")):
        return of_folder(path.parent)
    if path.suffix not in _HDF5:
        hint = _HINTS.get(path.suffix.lower())
        raise InputError(f"Unknown ending {path.suffix!r}. {_READ}" + (f"; {hint}." if hint else "."))
    library = require("h5py", "Reading stored cells")
    if not library.is_hdf5(path):
        raise InputError(f"Expected HDF5; its first bytes are no HDF5 signature. {_READ}.")
    stored = opened.enter_context(library.File(path, "r"))
    if isinstance(stored.get("obs"), library.Dataset):  # written before AnnData 0.7: tables were compound arrays
        return of_anndata(require("anndata", "Reading AnnData").read_h5ad(path))
    return _of_stored(stored, modality, backed, "HDF5")


def _open_folder(path: Path, modality: str | None, backed: bool) -> Source:
    if any((path / marker).exists() for marker in ("zarr.json", ".zgroup")):
        group = require("zarr", "Reading a zarr folder").open_group(path, mode="r")
        return _of_stored(group, modality, backed, "zarr")
    if path.suffix == ".zarr":
        raise InputError(f"Expected a zarr group; the folder holds no zarr.json or .zgroup. {_READ}.")
    return of_folder(path)


def _of_stored(group: Any, modality: str | None, backed: bool, written_as: str) -> Source:
    if "mod" in group:
        assays = {str(key): of_group(group["mod"][key], backed) for key in group["mod"]}
        source = of_assays(assays, of_shared(group), modality)
        return replace(source, provenance={"format": f"MuData in {written_as}", **source.provenance})
    if modality is not None:
        raise InputError(f"The file holds one assay, no modalities; got modality={modality!r}. Leave it out.")
    genome = tenx_genome(group)
    if genome is not None:
        return of_tenx(group[genome])
    if "obs" not in group or "var" not in group:
        held = ", ".join(sorted(str(key) for key in group)[:8]) or "nothing"
        raise InputError(f"Expected AnnData (obs, var, X), MuData (mod) or 10x (matrix); it holds {held}. {_READ}.")
    source = of_group(group, backed)
    return replace(source, provenance={"format": f"AnnData in {written_as}", **source.provenance})


def _with_file(dataset: Dataset, path: Path) -> Dataset:
    known = {"path": str(path), "sha256": file_hash(path)}
    return replace(dataset, provenance={**known, **dataset.provenance})


def _stem(path: Path) -> str:
    known = {".h5ad", ".h5mu", ".h5", ".hdf5", ".zarr"}
    if path.name.endswith(("matrix.mtx", "matrix.mtx.gz")):
        return path.resolve().parent.name
    return path.stem if path.suffix in known else path.resolve().name


def _broken() -> tuple[type[Exception], ...]:
    """Return what the libraries raise on damaged or foreign files."""
    # Encodings that this AnnData does not know have an error class of their own, which is not exported.
    unknown: type[Exception] = require("anndata._io.specs.registry", "Reading stored cells").IORegistryError
    return (OSError, EOFError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, zlib.error, unknown)


def _why(error: Exception) -> str:
    """Return what a library says of a file, without how it says it where that is known."""
    cut = re.search(r"truncated file: eof = (\d+),.*stored_eof = (\d+)", str(error))
    if cut is not None:
        return f"it is cut off after {int(cut[1]):,} of {int(cut[2]):,} bytes"
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
