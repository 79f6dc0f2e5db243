"""Files on other people's servers, kept in a cache: checked, resumed, and never half there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noiselaw.errors import InputError
from noiselaw.io import file_hash
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RemoteFile", "bring", "folder_of", "remember"]

#: Hashes of files whose publisher states none, as they were when they were first read.
_SEEN = "hashes.json"
_PIECE = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file of a dataset.

    Parameters
    ----------
    name
        What it is called in the cache.
    url
        Where it is published.
    known_hash
        ``sha256:…`` or ``md5:…``; empty where none is published, and then that of the first file that could be read is
        remembered.
    """

    name: str
    url: str
    known_hash: str = ""


def folder_of(key: str, folder: str | Path | None) -> Path:
    """Return where the files of dataset ``key`` lie: ``folder``, or a folder of its own in the user's cache."""
    if folder is not None:
        return Path(folder).expanduser()
    return Path(require("pooch", "Fetching a dataset").os_cache("noiselaw")) / key


def bring(files: Iterable[RemoteFile], folder: Path) -> None:
    """Download what is missing of ``files`` into ``folder``; what is there already is only checked.

    A broken download goes on where it broke. A file appears under its name only when it is whole and its hash is right.

    Raises
    ------
    InputError
        If a file cannot be reached, or is not what was published.
    """
    for file in files:
        expected = file.known_hash or _seen(folder).get(file.name, "")
        if (folder / file.name).is_file():
            _check(folder / file.name, expected, file.url)
        else:
            _download(file, folder, expected)


def remember(files: Iterable[RemoteFile], folder: Path) -> None:
    """Hold later uses to ``files`` as they are now, where their publisher states no hash.

    To be called once they have been read: what cannot be read (half a file put there by hand, a page of a network that
    asks to log in) must not bar the way to the file itself.
    """
    known = _seen(folder)
    new = [file.name for file in files if not file.known_hash and file.name not in known]
    if not new:
        return
    known |= {name: f"sha256:{file_hash(folder / name)}" for name in new}
    part = folder / f".{_SEEN}.part"
    try:
        part.write_text(json.dumps(known, indent=2))
        part.replace(folder / _SEEN)
    except OSError:
        # A folder that may only be read: whoever keeps it answers for it.
        part.unlink(missing_ok=True)


def _download(file: RemoteFile, folder: Path, expected: str) -> None:
    pooch: Any = require("pooch", "Fetching a dataset")
    requests: Any = require("requests", "Fetching a dataset")
    pooch.get_logger().setLevel("ERROR")
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be a dataset's folder ({error.strerror}). Pass another one, or make room for it."
        ) from error
    part = folder / f"{file.name}.part"
    try:
        pooch.retrieve(file.url, expected or None, file.name, folder, downloader=_Resuming(part))
    except ValueError as error:  # the hash; pooch has removed what it had
        changed = "" if file.known_hash else f"; if so, remove {folder / _SEEN} to take the new one"
        raise InputError(
            f"{file.name} is not the published file: its hash differs ({str(error).splitlines()[0]}). "
            f"Nothing was kept; try again, or look whether {file.url} has changed{changed}."
        ) from error
    except (requests.RequestException, OSError) as error:
        if made and not part.exists():
            folder.rmdir()
        kept = f" {part.stat().st_size:,} bytes are kept for the next try." if part.exists() else ""
        raise InputError(
            f"{file.name} could not be downloaded from {file.url} ({type(error).__name__}).{kept} "
            f"Connect to the internet, or put the file into {folder} yourself."
        ) from error


@dataclass(frozen=True)
class _Resuming:
    """A downloader for pooch that keeps what came before the connection broke."""

    part: Path

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        requests: Any = require("requests", "Fetching a dataset")
        done = self.part.stat().st_size if self.part.exists() else 0
        asked = {"Range": f"bytes={done}-"} if done else {}
        with requests.get(url, headers=asked, stream=True, timeout=30) as answer:
            if done and answer.status_code == 416:  # nothing is left to send
                self.part.replace(output_file)
                return
            answer.raise_for_status()
            done = done if answer.status_code == 206 else 0
            with self.part.open("ab" if done else "wb") as kept:
                for piece in answer.iter_content(_PIECE):
                    kept.write(piece)
            promised = int(answer.headers.get("Content-Length", 0)) + done
        # Not every version of the library notices that a server stopped early.
        if "Content-Encoding" not in answer.headers and self.part.stat().st_size < promised:
            raise requests.ConnectionError(f"{self.part.stat().st_size} of {promised} bytes came")
        self.part.replace(output_file)


def _check(path: Path, expected: str, url: str) -> None:
    if not expected:
        return
    pooch: Any = require("pooch", "Fetching a dataset")
    algorithm, _, wanted = expected.partition(":")
    found = pooch.file_hash(str(path), alg=algorithm)
    if found != wanted:
        raise InputError(
            f"{path.name} is not the published file: expected {algorithm} {wanted[:12]}…, got {found[:12]}…. "
            f"Remove {path} to download it again from {url}."
        )


def _seen(folder: Path) -> dict[str, str]:
    path = folder / _SEEN
    known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return known
