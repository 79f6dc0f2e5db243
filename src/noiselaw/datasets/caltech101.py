"""Photographs of 101 kinds of objects: the paper's images."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.datasets.cache import RemoteFile
from noiselaw.errors import InputError
from noiselaw.io import file_hash
from noiselaw.io.albums import Album, check_inside, is_image
from noiselaw.io.images import WORKING_SIZE, from_album

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from noiselaw.records import Dataset, Kind

__all__ = ["Caltech101"]

_ARCHIVE = "101_ObjectCategories.tar.gz"
#: Not a kind of object but what an image search brought up for others.
_NO_CLASS = "BACKGROUND_Google"


@dataclass(frozen=True)
class Caltech101(PublishedDataset):
    """Caltech101 of Fei-Fei et al. 2004, by default the five classes that the paper takes. The background is left out.

    The archive of classes lies inside the published one, and both are read without being unpacked.

    Parameters
    ----------
    size, fit, classes, corrupt
        As in :func:`noiselaw.io.read_images`.
    """

    key: ClassVar[str] = "caltech101"
    kind: ClassVar[Kind] = "images"
    about: ClassVar[About] = About(
        title="Photographs of 101 kinds of objects; the paper's images, by default their five largest classes",
        size="2,707 images of 5 classes (8,677 of 101), about 300 × 200 pixels",
        signals="class (2.196 bits over the 5)",
        source="Fei-Fei et al. 2004 (doi:10.22002/D1.20086)",
        licence="CC BY 4.0 (CaltechDATA)",
    )
    files: ClassVar[tuple[RemoteFile, ...]] = (
        # As torchvision.datasets.Caltech101 has them.
        RemoteFile(
            "caltech-101.zip",
            "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
            "md5:3138e1922a9193bfa496528edbbc45d0",
        ),
    )

    size: int = WORKING_SIZE
    fit: Literal["resize", "crop"] = "resize"
    classes: int | tuple[str, ...] = 5
    corrupt: Literal["refuse", "skip"] = "refuse"

    def _parse(self, folder: Path) -> Dataset:
        path = folder / self.files[0].name
        try:
            dataset = from_album(_Archive(path), self.size, self.fit, self.classes, self.corrupt, cache=None)
        except InputError as error:
            raise InputError(f"{path.name}: {error}") from error
        return replace(dataset, provenance={"path": str(path), **dataset.provenance})


@dataclass(frozen=True)
class _Archive(Album):
    """The published zip, in which a compressed archive holds the images."""

    path: Path

    def names(self) -> list[str]:
        with self._opened() as archive:
            found = [member.name for member in archive if member.isfile() and is_image(member.name)]
        for name in found:
            check_inside(name)
        return [name for name in found if _NO_CLASS not in name.split("/")]

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        wanted, found = set(names), {}
        with self._opened() as archive:
            for member in archive:
                if member.name in wanted:
                    stream = archive.extractfile(member)
                    found[member.name] = b"" if stream is None else stream.read()
        return (found[name] for name in names)

    def digest(self, names: Sequence[str]) -> str:
        return file_hash(self.path)

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        try:
            with zipfile.ZipFile(self.path) as outer:
                inner = [name for name in outer.namelist() if name.endswith(_ARCHIVE)]
                if not inner:
                    raise InputError(f"It holds no {_ARCHIVE}. Remove it and fetch the dataset again.")
                with outer.open(inner[0]) as stream, tarfile.open(fileobj=stream, mode="r|gz") as archive:
                    yield archive
        except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise InputError(f"It could not be read ({error}). Remove it and fetch the dataset again.") from error
