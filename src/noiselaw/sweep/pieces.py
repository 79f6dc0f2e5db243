"""A study's nouns as pieces of its store: counts or images, splits, pairs; written once, mapped by every worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.sparse import csr_array

from noiselaw.arrays import as_csr, is_backed, row_chunks
from noiselaw.errors import StoreError
from noiselaw.prepare import ImageView
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Pairs, Split
from noiselaw.sweep.store import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from noiselaw.channels import Channel, ImageChannel
    from noiselaw.records import Dataset, Matrix
    from noiselaw.sweep.store import Piece, Store

__all__ = [
    "noisy_images",
    "or_none",
    "read_counts",
    "read_pairs",
    "read_split",
    "write_pairs",
    "write_source",
    "write_split",
]

_CSR = ("data", "indices", "indptr")
_PIXELS = "pixels"
#: Rows of counts on disk that are read at once.
_ROWS = 1 << 14
_PAIR_ARRAYS = ("rows", "values", "partners", "groups")


def _is_sound(store: Store, kind: str, key: str) -> bool:
    """Say whether the piece is there, every byte checked; a damaged one is put aside."""
    if not store.has(kind, key):
        return False
    try:
        store.read(kind, key, verify=True)
    except StoreError:
        store.quarantine(kind, key)
        return False
    return True


def write_source(store: Store, key: str, dataset: Dataset) -> None:
    """Put a dataset's counts, or its images as they are without noise, where every worker can map them."""
    if _is_sound(store, "sources", key):
        return
    counts = dataset.observations
    arrays: dict[str, np.ndarray | Stream]
    if dataset.kind == "images":
        arrays = {_PIXELS: counts}
    else:
        arrays = _streamed(counts) if is_backed(counts) else _csr_arrays(as_csr(counts))
    body = {"shape": [int(length) for length in counts.shape], "provenance": dict(dataset.provenance)}
    store.write("sources", key, body, {**arrays, "names": dataset.names, "features": dataset.features})


def _csr_arrays(counts: Any) -> dict[str, np.ndarray | Stream]:
    return {name: getattr(counts, name) for name in _CSR}


def _streamed(counts: Matrix) -> dict[str, np.ndarray | Stream]:
    """Return the arrays of ``counts`` on disk as CSR, never all of it in memory: it is read once for each of them."""

    def parts() -> Iterator[Any]:
        return (as_csr(part) for _, part in row_chunks(counts, _ROWS))

    lengths = [np.zeros(1, dtype=np.int64), *(np.diff(part.indptr) for part in parts())]
    indptr = np.concatenate(lengths).cumsum()
    first = next(parts())
    # Of one type, as scipy wants them: it would copy the others to have them so.
    indices = np.dtype(np.int64 if indptr[-1] > np.iinfo(np.int32).max else np.int32)
    return {
        "data": Stream(first.data.dtype, int(indptr[-1]), lambda: (part.data for part in parts())),
        "indices": Stream(indices, int(indptr[-1]), lambda: (part.indices for part in parts())),
        "indptr": indptr.astype(indices),
    }


def write_split(store: Store, key: str, split: Split) -> None:
    """Put a split where every worker can read it."""
    if not _is_sound(store, "splits", key):
        store.write("splits", key, {}, {"train": split.train, "test": split.test})


def write_pairs(store: Store, key: str, pairs: Pairs) -> None:
    """Put a signal's pairs where every worker can read them."""
    if _is_sound(store, "pairs", key):
        return
    arrays = {name: getattr(pairs, name) for name in _PAIR_ARRAYS}
    body: dict[str, Any] = {
        "ceiling_bits": or_none(pairs.ceiling_bits),
        "dropped": dict(pairs.dropped),
        "profile": pairs.profile,
    }
    body |= {"against_all": pairs.against_all} if pairs.against_all else {}
    store.write("pairs", key, body, {name: value for name, value in arrays.items() if value is not None})


def read_split(store: Store, key: str) -> Split:
    """Read a split."""
    arrays = store.read("splits", key).arrays
    return Split(train=np.asarray(arrays["train"]), test=np.asarray(arrays["test"]))


def read_pairs(store: Store, key: str) -> Pairs:
    """Read a signal's pairs."""
    piece = store.read("pairs", key)
    ceiling = piece.body["ceiling_bits"]
    arrays = {name: np.asarray(piece.arrays[name]) if name in piece.arrays else None for name in _PAIR_ARRAYS}
    assert arrays["rows"] is not None
    return Pairs(
        rows=arrays["rows"],
        values=arrays["values"],
        partners=arrays["partners"],
        groups=arrays["groups"],
        ceiling_bits=float("nan") if ceiling is None else ceiling,
        dropped=piece.body["dropped"],
        profile=piece.body.get("profile"),
        against_all=piece.body.get("against_all", ""),
    )


def read_counts(piece: Piece) -> csr_array:
    """Return the counts of a source or a condition, memory-mapped."""
    arrays = piece.arrays
    return csr_array(
        (arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(piece.body["shape"]), copy=False
    )


def noisy_images(source: Piece, channel: Channel, seed: int) -> ImageView:
    """Return the images of a source, memory-mapped, as ``channel`` shows them: what ``read_counts`` is for counts."""
    rng = generator(seed, "channel", channel.level)
    return ImageView.of(source.arrays[_PIXELS], cast("ImageChannel", channel), draw_seed(rng))


def or_none(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None
