"""What files hold, as a hash: embeddings and weights are part of what a measurement depends on."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b, file_digest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["digest_of"]


def digest_of(paths: Sequence[Path]) -> str:
    """Return the hash of files' names and bytes; a file that has not changed is read once a process."""
    digests = [f"{path.name}:{_digest(path, path.stat().st_size, path.stat().st_mtime_ns)}" for path in paths]
    return blake2b("\n".join(digests).encode(), digest_size=16).hexdigest()


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    """Return the hash of a file's bytes; ``size`` and ``changed`` tell when a known hash is out of date."""
    with path.open("rb") as stream:
        return file_digest(stream, "blake2b").hexdigest()
