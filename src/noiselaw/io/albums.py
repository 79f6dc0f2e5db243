"""Where image files lie: a folder or a zip of one folder per class. Nothing is ever unpacked to the disk."""

from __future__ import annotations

import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from noiselaw.errors import InputError
from noiselaw.io.digest import file_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Album", "Folder", "Zip", "holds_images", "is_image", "open_album"]

_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"))
#: What a folder of cells has in it, perhaps beside pictures of the tissue.
_CELLS = ("zarr.json", ".zgroup", "matrix.mtx", "matrix.mtx.gz")
#: What other programs leave in folders and archives.
_LITTER = frozenset(("__MACOSX", "Thumbs.db"))


def is_image(name: str) -> bool:
    """Say whether a file is called like an image, and is none that a program left behind."""
    parts = PurePosixPath(name).parts
    return PurePosixPath(name).suffix.lower() in _ENDINGS and not any(
        part in _LITTER or part.startswith("._") for part in parts
    )


def holds_images(path: str | Path) -> bool:
    """Say whether ``path`` is a zip, or a folder with an image somewhere in it: whether it is for `read_images`."""
    path = Path(path).expanduser()
    if path.suffix.lower() == ".zip":
        return not path.is_dir()
    if not path.is_dir() or any((path / marker).exists() for marker in _CELLS):
        return False
    return any(is_image(name) for _, _, names in os.walk(path) for name in names)


class Album(ABC):
    """Image files by name, which ``/`` divides into folders."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all image files, in any order."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of each of ``names``, in that order."""

    @abstractmethod
    def digest(self, names: Sequence[str]) -> str:
        """Return a fingerprint of the bytes of ``names``."""


@dataclass(frozen=True)
class Folder(Album):
    """A folder on disk."""

    path: Path

    def names(self) -> list[str]:
        """Return every image file below the folder."""
        found = (Path(folder, name) for folder, _, names in os.walk(self.path) for name in names)
        return [name for name in (path.relative_to(self.path).as_posix() for path in found) if is_image(name)]

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of each of ``names``."""
        for name in names:
            try:
                yield (self.path / name).read_bytes()
            except OSError as error:
                raise InputError(f"{name} could not be read ({error.strerror or error}). Copy it again.") from error

    def digest(self, names: Sequence[str]) -> str:
        """Return a hash of the names and bytes."""
        digest = sha256()
        for name, data in zip(names, self.read(names), strict=True):
            digest.update(f"{name}\0{sha256(data).hexdigest()}\n".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Zip(Album):
    """A zip archive, read where it lies."""

    path: Path

    def names(self) -> list[str]:
        """Return every image file of the archive."""
        with self._opened() as archive:
            found = [entry.filename for entry in archive.infolist() if not entry.is_dir() and is_image(entry.filename)]
        for name in found:
            check_inside(name)
        return list(dict.fromkeys(found))

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of each of ``names``."""
        with self._opened() as archive:
            for name in names:
                try:
                    yield archive.read(name)
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error) as error:
                    raise InputError(f"{name} could not be unpacked ({error}). Copy the archive again.") from error

    def digest(self, names: Sequence[str]) -> str:
        """Return the hash of the archive."""
        return file_hash(self.path)

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(f"It could not be opened as a zip archive ({error}). Copy it again.") from error


def check_inside(name: str) -> None:
    """Refuse the name of an archive's member that points out of the archive.

    Raises
    ------
    InputError
        Naming it. Nothing is unpacked, so it could do no harm; but what it is called cannot be its class.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise InputError(f"The archive has a member that points outside of it: {name!r}. Make it again.")


def open_album(path: Path) -> Album:
    """Return the folder or zip at ``path``.

    Raises
    ------
    InputError
        If it is neither.
    """
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise InputError(
            "There is no such file or folder. Pass a folder, or a zip, with one folder of images per class."
        )
    if not zipfile.is_zipfile(path) and path.suffix.lower() == ".zip":
        raise InputError("It is called a zip archive but is none, or was cut off. Copy it again.")
    if not zipfile.is_zipfile(path):
        raise InputError("Expected a folder, or a zip, with one folder of images per class; this is no zip archive.")
    return Zip(path)
