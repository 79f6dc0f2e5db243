"""Fingerprints: of a file's bytes, and of counts however they are stored."""

from __future__ import annotations

from hashlib import blake2b, file_digest, sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from noiselaw.arrays import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import Dataset, Matrix

__all__ = ["content_hash", "file_hash"]

#: Entries hashed at once: few enough to stay in the processor's cache.
_ENTRIES = 1 << 18
#: Images hashed at once.
_IMAGES = 64
_LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; of a folder, over the names and bytes of all files in it."""
    if path.is_file():
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    digest = sha256()
    for part in sorted(found for found in path.rglob("*") if found.is_file()):
        digest.update(f"{part.relative_to(path).as_posix()}\0{file_hash(part)}\n".encode())
    return digest.hexdigest()


def content_hash(dataset: Dataset) -> str:
    """Return a fingerprint of the counts and of the names of observations and features.

    Equal for equal counts whether they are CSR, CSC, dense or on disk, of any numeric type, with sorted indices or not.
    Of images it is a hash of every pixel in order.
    One pass, a few megabytes of memory. Each entry contributes its value times an odd number that depends on its
    position (modulo 2⁶⁴, twice), so that the order of storage does not matter and no single change can go unseen;
    it protects against mistakes, not against forgery.
    """
    images = dataset.kind == "images"
    digest = blake2b(digest_size=20, person=b"noiselaw images" if images else b"noiselaw counts")
    digest.update(repr(tuple(int(length) for length in dataset.observations.shape)).encode())
    for names in (dataset.names, dataset.features):
        digest.update("\0".join(names.tolist()).encode() + b"\n")
    if images:
        for start in range(0, len(dataset.names), _IMAGES):
            digest.update(np.asarray(dataset.observations[start : start + _IMAGES]).tobytes())
        return digest.hexdigest()
    sums = np.zeros(len(_LANES), dtype=np.uint64)
    width = np.uint64(dataset.observations.shape[1])
    for rows, columns, values in _entries(dataset.observations):
        positions = rows.astype(np.uint64) * width + columns.astype(np.uint64)
        amounts = values.astype(np.int64).view(np.uint64)
        sums += np.array([np.sum(amounts * _scramble(positions + lane)) for lane in _LANES], dtype=np.uint64)
    digest.update(sums.tobytes())
    return digest.hexdigest()


def _scramble(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Map positions to odd pseudo-random numbers (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))) | np.uint64(1)


def _entries(x: Matrix) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield rows, columns and values of the non-zeros, a block at a time along the way ``x`` is stored."""
    for block in blocks(x, _ENTRIES):
        part = sparse.coo_array(block.values)
        yield part.row + block.rows.start, part.col + block.columns.start, part.data
