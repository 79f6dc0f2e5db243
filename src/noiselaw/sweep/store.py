"""A study's folder: finished pieces of work under a hash of everything that can change them.

A piece is written whole or not at all (a temporary name, then one rename) and carries the checksum of its content, so
that a killed run leaves nothing half-written, two runs on one store never mix, and damage is found before it is used.
Nothing in a store is ever unpickled.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from noiselaw.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FORMAT", "Piece", "Store", "Stream", "abandoned", "identity", "writing"]

#: Raised when the layout of a store changes.
FORMAT = 1
_BODY = "piece.json"


def identity(description: Mapping[str, Any]) -> str:
    """Return the hash that names a piece of work: 32 hex digits of its canonical description."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _save(path: Path, values: np.ndarray | Stream) -> None:
    if not isinstance(values, Stream):
        np.save(path, values, allow_pickle=False)
        return
    described = {"descr": values.dtype.str, "fortran_order": False, "shape": (values.length,)}
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, described)
        for part in values.parts():
            np.ascontiguousarray(part, dtype=values.dtype).tofile(handle)


def _checksum(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Piece:
    """A finished piece of work: its facts and its arrays, memory-mapped."""

    body: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Stream:
    """An array (length,) that is written part by part, since the whole of it would not fit into memory."""

    dtype: np.dtype[Any]
    length: int
    parts: Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Store:
    """A folder of pieces, by kind and identity."""

    root: Path

    @classmethod
    def create(cls, root: str | Path) -> Store:
        """Open the store at ``root``, making it where there is none.

        Raises
        ------
        StoreError
            If the folder holds something else, a store of another format, or cannot be written.
        """
        root = Path(root)
        marker = root / "store.json"
        if marker.is_file():
            return cls.open(root)
        if root.is_dir() and any(entry.name[0] != "." for entry in root.iterdir()):
            raise StoreError(
                f"{root} is neither empty nor a study's folder. Pass a new folder with --out, or one that a run made."
            )
        if root.exists() and not root.is_dir():
            raise StoreError(f"{root} is a file; a study needs a folder. Pass another --out.")
        store = cls(root)
        with writing(root):
            root.mkdir(parents=True, exist_ok=True)
            store.write_text("store.json", json.dumps({"format": FORMAT}) + "\n")
        return store

    @classmethod
    def open(cls, root: str | Path) -> Store:
        """Open an existing store.

        Raises
        ------
        StoreError
            If there is none at ``root``, or it has another format.
        """
        root = Path(root)
        try:
            found = json.loads((root / "store.json").read_text())["format"]
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StoreError(
                f"{root} is not a study's folder (it has no store.json). Start one: noiselaw run."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{root / 'store.json'} is damaged. Restore it from a copy, or run into a new folder."
            ) from error
        if found != FORMAT:
            raise StoreError(
                f"{root} is a store of format {found}; this version of noiselaw reads format {FORMAT}. "
                "Use the version that made it, or run into a new folder."
            )
        return cls(root)

    def path(self, kind: str, key: str) -> Path:
        """Return where the piece ``key`` of ``kind`` lies or would lie."""
        return self.root / kind / key

    def has(self, kind: str, key: str) -> bool:
        """Return whether the piece is finished."""
        return (self.path(kind, key) / _BODY).is_file()

    def keys(self, kind: str) -> set[str]:
        """Return the finished pieces of ``kind``."""
        return {name for name in self.folders(kind) if self.has(kind, name)}

    def folders(self, kind: str) -> set[str]:
        """Return the pieces of ``kind`` that have a folder, those that lost what says that they are finished too."""
        folder = self.root / kind
        return {entry.name for entry in os.scandir(folder) if entry.name[0] != "."} if folder.is_dir() else set()

    def write(
        self, kind: str, key: str, body: Mapping[str, Any], arrays: Mapping[str, np.ndarray | Stream] | None = None
    ) -> None:
        """Write a finished piece in one step; where it is there already, the one there stays.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written. Nothing half-written remains.
        """
        final = self.path(kind, key)
        part = final.with_name(_temporary(key))
        with writing(self.root):
            try:
                part.mkdir(parents=True)
                sums = {}
                for name, values in (arrays or {}).items():
                    _save(part / f"{name}.npy", values)
                    sums[name] = _checksum(part / f"{name}.npy")
                text = json.dumps(body, sort_keys=True)
                record = {"arrays": sums, "body": text, "checksum": blake2b(text.encode(), digest_size=16).hexdigest()}
                # No fsync: a piece that a power cut damaged fails its checksum and is made again.
                (part / _BODY).write_text(json.dumps(record))
                try:
                    part.rename(final)
                except OSError:
                    if not self.has(kind, key):  # not another run's equal piece
                        if self.quarantine(kind, key) is None:  # nor one that lost its body
                            raise
                        part.rename(final)
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def read(self, kind: str, key: str, *, verify: bool = False) -> Piece:
        """Read a piece, its arrays memory-mapped; ``verify`` reads every byte against its checksum.

        Raises
        ------
        StoreError
            If the piece is absent or damaged.
        """
        folder = self.path(kind, key)
        try:
            record = json.loads((folder / _BODY).read_text())
            text = record["body"]
            if blake2b(text.encode(), digest_size=16).hexdigest() != record["checksum"]:
                raise ValueError("its checksum differs")
            for name, wanted in record["arrays"].items():
                if verify and _checksum(folder / f"{name}.npy") != wanted:
                    raise ValueError(f"the checksum of {name} differs")
            arrays = {name: _mapped(folder / f"{name}.npy") for name in record["arrays"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"The piece {kind}/{key} of {self.root} is absent or damaged ({error}). Run again."
            ) from error
        return Piece(json.loads(text), arrays)

    def quarantine(self, kind: str, key: str) -> Path | None:
        """Move a damaged piece aside, so that it is made again and never read; return where, None if it is gone."""
        aside = self.root / "quarantine" / f"{kind}-{key}-{uuid4().hex[:8]}"
        if not self.path(kind, key).exists():
            return None
        with writing(self.root):
            aside.parent.mkdir(parents=True, exist_ok=True)
            self.path(kind, key).rename(aside)
        return aside

    def remove(self, kind: str, key: str) -> None:
        """Remove a piece that can be made again; one that is absent is no error."""
        folder = self.path(kind, key)
        doomed = folder.with_name(_temporary(key))
        try:
            with writing(self.root):
                folder.rename(doomed)
        except StoreError:
            if folder.exists():
                raise
            return
        shutil.rmtree(doomed, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what killed processes of this machine left unfinished."""
        for folder in (self.root, *(entry for entry in self.root.iterdir() if entry.is_dir())):
            for entry in folder.glob(".*"):
                if abandoned(entry.name):
                    if entry.is_dir():
                        shutil.rmtree(entry, ignore_errors=True)
                    else:
                        with writing(self.root):
                            entry.unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the store in one step."""
        part = self.root / _temporary(name)
        with writing(self.root):
            try:
                with part.open("w") as handle:
                    handle.write(text)
                    handle.flush()
                    os.fsync(handle.fileno())
                part.replace(self.root / name)
            finally:
                part.unlink(missing_ok=True)

    def read_text(self, name: str) -> str:
        """Read a text file of the store.

        Raises
        ------
        StoreError
            If it is absent.
        """
        try:
            return (self.root / name).read_text()
        except FileNotFoundError as error:
            raise StoreError(
                f"{self.root} has no {name}: no run has been started there. Start one: noiselaw run."
            ) from error


def _temporary(name: str) -> str:
    """Return a name for what is not finished, which says whose it is."""
    return f".{name}.{gethostname()}.{os.getpid()}.{uuid4().hex[:8]}"


def abandoned(name: str) -> bool:
    """Say whether an unfinished entry belongs to a process of this machine that is gone."""
    owner = name.split(".")[-3:-1]
    if len(owner) != 2 or owner[0] != gethostname().split(".")[-1] or not owner[1].isdigit():
        return False
    try:
        os.kill(int(owner[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _mapped(path: Path) -> np.ndarray:
    """Memory-map an array; an empty one cannot be mapped and is read."""
    try:
        mapped: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        mapped = np.load(path, allow_pickle=False)
    return mapped


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Say in one sentence why ``root`` could not be written."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(
            f"{root} could not be written ({error.strerror or error}). Free or change the disk, then run again: "
            "what was finished is kept."
        ) from error
