"""Where a study's data come from: files, objects in memory, and data known by name."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from noiselaw.datasets import DATASETS, PublishedDataset
from noiselaw.errors import UsageError
from noiselaw.io import holds_images
from noiselaw.records import Dataset
from noiselaw.registry import checked, options_of
from noiselaw.simulate import SIMULATORS

if TYPE_CHECKING:
    from noiselaw.records import Kind
    from noiselaw.registry import Registry

__all__ = ["CellFile", "ImageFiles", "data_of", "described", "kind_of", "name_of", "source_of"]


@dataclass(frozen=True)
class CellFile:
    """A file of cells: .h5ad, .h5mu, .zarr, 10x .h5 or a 10x folder.

    Parameters
    ----------
    path
        The file; a relative path is taken from the study file's folder.
    counts
        Where the counts are: ``auto``, ``X``, ``raw`` or ``layers/NAME``.
    modality
        Of a file with several: the one that holds the counts (``rna`` where not said).
    """

    path: str
    counts: str = "auto"
    modality: str = ""


@dataclass(frozen=True)
class ImageFiles:
    """Images in a folder of class folders, or a zip of one.

    Parameters
    ----------
    path
        The folder or zip; a relative path is taken from the study file's folder.
    size
        Working size: the side in pixels that every image is brought to.
    fit
        ``resize`` both sides, or ``crop`` a square from the middle.
    classes
        Which to take: their names, or how many of the largest; all where empty.
    corrupt
        ``refuse`` a file that cannot be decoded, or ``skip`` it and count it.
    """

    path: str
    size: int = 240
    fit: Literal["resize", "crop"] = "resize"
    classes: int | tuple[str, ...] = ()
    corrupt: Literal["refuse", "skip"] = "refuse"


#: What ``[data]`` calls data that are known by name, and where the name is looked up.
_BY_NAME: dict[str, Registry[Any]] = {"simulator": SIMULATORS, "dataset": DATASETS}
#: Options that only images have: they tell what a file is that is not there.
_OF_IMAGES = {field.name for field in fields(ImageFiles)} - {"path"}


def source_of(data: Any) -> Any:
    """Return a path as a file of cells or as images; data in memory or known by name as they are.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if isinstance(data, str | Path):
        return ImageFiles(str(data)) if holds_images(data) else CellFile(str(data))
    in_memory = type(data).__module__.partition(".")[0] in ("anndata", "mudata")
    by_name = any(registry.name_of(data) in registry.names() for registry in _BY_NAME.values())
    if not (isinstance(data, CellFile | ImageFiles | Dataset | PublishedDataset) or in_memory or by_name):
        raise UsageError(
            f"data is a path, an AnnData or MuData object, a Dataset, a simulator or a published dataset; got {data!r}."
        )
    return data


def kind_of(data: Any) -> Kind:
    """Return whether ``data`` are counts or images, without reading them."""
    if isinstance(data, ImageFiles):
        return "images"
    return data.kind if isinstance(data, Dataset | PublishedDataset) else "counts"


def name_of(data: Any) -> str:
    """Return how tables call ``data`` unless the study says."""
    if isinstance(data, Dataset):
        return data.name
    if isinstance(data, CellFile | ImageFiles):
        return Path(data.path).stem
    if SIMULATORS.name_of(data) in SIMULATORS.names():
        return f"simulated_{SIMULATORS.name_of(data)}"
    return DATASETS.name_of(data) if isinstance(data, PublishedDataset) else "cells"


def data_of(table: Any, folder: Path) -> Any:
    """Return the file, dataset or simulator that a study's ``[data]`` describes; paths are taken from ``folder``.

    Raises
    ------
    UsageError
        If it has an option that does not exist, or was an object in memory.
    """
    if isinstance(table, str):
        table = {"path": table}
    for key, registry in _BY_NAME.items():
        if key in table:
            options = {name: value for name, value in table.items() if name != key}
            if options.get("folder"):
                options["folder"] = str(folder / Path(options["folder"]).expanduser())
            return registry.build(table[key], options)
    if "object" in table:
        raise UsageError(
            "This study's data was an object in memory, not a file, so it can only be run again from Python. "
            "Write the object to a file and name it: [data] path = ..."
        )
    images = _OF_IMAGES & table.keys() or ("path" in table and holds_images(folder / str(table["path"])))
    source: CellFile | ImageFiles = (
        checked(ImageFiles, table, "[data]") if images else checked(CellFile, table, "[data]")
    )
    return replace(source, path=str(folder / source.path))


def described(data: Any) -> dict[str, Any]:
    """Return ``data`` as the table ``[data]`` of a study file."""
    if isinstance(data, CellFile | ImageFiles):
        # Absolute, so that the store's copy of the study still finds it.
        return {**options_of(data, all_options=True), "path": str(Path(data.path).resolve())}
    for key, registry in _BY_NAME.items():
        if registry.name_of(data) in registry.names():
            options = options_of(data, all_options=True)
            if options.get("folder"):
                options["folder"] = str(Path(options["folder"]).expanduser().resolve())
            return {key: registry.name_of(data), **options}
    return {"object": type(data).__name__}
