"""A folder of class folders, or a zip of one, into a :class:`~noiselaw.records.Dataset` of images.

Images are decoded once, in parallel, and kept at the working size in the user's cache, whose pixels every study maps
into memory.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath
from time import time
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import uuid4

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.io.albums import open_album
from noiselaw.io.decode import decode
from noiselaw.optional import require
from noiselaw.records import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from noiselaw.io.albums import Album
    from noiselaw.io.decode import Fit

__all__ = ["WORKING_SIZE", "from_album", "read_images"]

#: Side in pixels that the paper works at.
WORKING_SIZE = 240
_COLOURS = np.array(["red", "green", "blue"])
#: Raised when the same bytes come out as other pixels, or with other notes.
_REVISION = 2
#: Images read ahead of the workers that decode them.
_AHEAD = 64
#: Seconds after which a folder that was begun is nobody's: no decoding takes a day.
_ABANDONED = 86_400
_LAYOUT = "Expected one folder of images for each class, e.g. airplanes/image_0001.jpg"


class _Decoded(NamedTuple):
    """Pixels (n, size, size, 3), the names of their images, and what is to be said about them."""

    pixels: NDArray[np.uint8]
    names: list[str]
    notes: dict[str, str]


def read_images(
    path: str | Path,
    *,
    size: int = WORKING_SIZE,
    fit: Fit = "resize",
    classes: int | Sequence[str] = (),
    corrupt: Literal["refuse", "skip"] = "refuse",
    name: str | None = None,
    cache: str | Path | None = None,
) -> Dataset:
    """Read a folder of class folders, or a zip of one.

    Parameters
    ----------
    path
        The folder or zip. Its only folder may hold the class folders. A class is called as its folder.
    size
        Working size: the side in pixels that every image is brought to.
    fit
        ``resize`` both sides, or ``crop`` a square from the middle (see :func:`noiselaw.io.decode.decode`).
    classes
        Which to take: their names, or how many of the largest; all unless given.
    corrupt
        ``refuse`` a file that cannot be decoded, or ``skip`` it and count it in the provenance.
    name
        How tables call the dataset; the file's name without its ending unless given.
    cache
        Where decoded images are kept; the user's cache unless given.

    Returns
    -------
    Observations (n, size, size, 3) of uint8, mapped from the cache; annotations with the column ``class``.

    Raises
    ------
    InputError
        If there is no such file, it holds no class folders of images, or an image cannot be decoded, naming it.
    UsageError
        If the size or number of classes is below 1.
    """
    path = Path(path).expanduser()
    try:
        dataset = from_album(open_album(path), size, fit, classes, corrupt, cache)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    known = {"path": str(path), **dataset.provenance}
    return Dataset(
        name or (path.stem if path.is_file() else path.resolve().name),
        dataset.observations,
        dataset.names,
        dataset.features,
        dataset.annotations,
        provenance=known,
    )


def from_album(
    album: Album,
    size: int,
    fit: Fit,
    classes: int | Sequence[str],
    corrupt: Literal["refuse", "skip"],
    cache: str | Path | None,
) -> Dataset:
    """Return the images of ``album`` as a dataset without a name: see :func:`read_images`."""
    _check_options(size, fit, corrupt)
    label_of, root = _classes(album.names())
    names = _chosen(label_of, classes)
    digest = album.digest(names)
    told = {
        "bytes": digest,
        "names": names,
        "size": size,
        "fit": fit,
        "corrupt": corrupt,
        "pillow": str(require("PIL", "Decoding images").__version__),
        "revision": _REVISION,
    }
    key = blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
    found = _kept(_cache(cache) / key, album, names, size, fit, skip=corrupt == "skip")
    labels = [label_of[name] for name in found.names]
    short = np.array([name.removeprefix(root) for name in found.names], dtype=np.str_)
    annotations = pd.DataFrame({"class": pd.Categorical(labels)}, index=pd.Index(short))
    facts = {"sha256": digest, "images": f"{fit} to {size} × {size} pixels", **found.notes, **_alone(labels)}
    return Dataset("images", found.pixels, short, _COLOURS, annotations, provenance=facts)


def _check_options(size: object, fit: object, corrupt: object) -> None:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise UsageError(
            f"The working size of images must be a whole number, at least 1 pixel; got {size}. Pass e.g. "
            f"{WORKING_SIZE}."
        )
    for name, given, known in (("fit", fit, ("resize", "crop")), ("corrupt", corrupt, ("refuse", "skip"))):
        if given not in known:
            raise UsageError(f"{name} must be one of {', '.join(known)}; got {given!r}. {nearest(str(given), known)}")


def _classes(names: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the class of each image, and the folder that all class folders lie in ("" or with a slash at its end)."""
    if not names:
        raise InputError(f"There is no image in it. {_LAYOUT}.")
    parts = [PurePosixPath(name).parts for name in names]
    depth = 0
    while min(map(len, parts)) > depth + 2 and len({part[depth] for part in parts}) == 1:
        depth += 1
    outside = [name for name, part in zip(names, parts, strict=True) if len(part) < depth + 2]
    if outside:
        raise InputError(f"{_LAYOUT}; {min(outside)!r} lies in none. Move it into one, or away.")
    deeper = [name for name, part in zip(names, parts, strict=True) if len(part) > depth + 2]
    if deeper:
        raise InputError(
            f"{_LAYOUT}; {min(deeper)!r} lies in a folder inside of one, so that what its class is cannot be told. "
            "Pass the folder whose folders are the classes (such as train alone), or move the images up."
        )
    root = "".join(f"{part}/" for part in parts[0][:depth])
    return {name: part[depth] for name, part in sorted(zip(names, parts, strict=True))}, root


def _chosen(label_of: Mapping[str, str], classes: int | Sequence[str]) -> list[str]:
    """Return the images of the wanted classes, by name."""
    sizes = Counter(label_of.values())
    if isinstance(classes, int):
        if not 1 <= classes <= len(sizes):
            raise UsageError(f"classes must lie between 1 and the {len(sizes)} there are; got {classes}.")
        wanted = set(sorted(sizes, key=lambda label: (-sizes[label], label))[:classes])
    else:
        wanted = set(classes) or set(sizes)
    for label in sorted(wanted):
        if label not in sizes:
            raise InputError(f"There is no class {label!r}. {nearest(label, sizes)}")
    return [name for name, label in label_of.items() if label in wanted]


def _alone(labels: Sequence[str]) -> dict[str, str]:
    alone = sorted(label for label, count in Counter(labels).items() if count == 1)
    return {"classes of one image": ", ".join(alone)} if alone else {}


def _cache(cache: str | Path | None) -> Path:
    if cache is not None:
        return Path(cache).expanduser()
    return Path(require("pooch", "Keeping decoded images").os_cache("noiselaw")) / "images"


def _kept(folder: Path, album: Album, names: list[str], size: int, fit: Fit, *, skip: bool) -> _Decoded:
    """Return what is kept in ``folder``, decoded now if it is not there, or damaged."""
    found = _read(folder)
    if found is not None:
        return found
    part = folder.with_name(f".{folder.name}.{os.getpid()}.{uuid4().hex[:8]}")
    _sweep_up(folder)
    try:
        part.mkdir(parents=True)
    except OSError:  # a cache that cannot be written: the images stay in memory
        return _decoded(np.empty((len(names), size, size, 3), dtype=np.uint8), album, names, size, fit, skip=skip)
    try:
        shape = (len(names), size, size, 3)
        pixels = np.lib.format.open_memmap(part / "pixels.npy", mode="w+", dtype=np.uint8, shape=shape)
        _reserve(part / "pixels.npy")
        made = _decoded(pixels, album, names, size, fit, skip=skip)
        if len(made.pixels) < len(names):
            kept = np.array(made.pixels)
            np.save(part / "pixels.npy", kept)
        else:
            pixels.flush()
        facts = {"names": made.names, "notes": made.notes, "checksum": _checksum(made.pixels)}
        (part / "facts.json").write_text(json.dumps(facts))
        own = _Decoded(np.load(part / "pixels.npy", mmap_mode="r", allow_pickle=False), made.names, made.notes)
        _publish(part, folder)
    except OSError as error:
        raise InputError(
            f"Decoded images could not be kept in {folder.parent} ({error.strerror or error}). Free the disk, or pass "
            "another cache."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    # The mapping outlives the name of its file: what other processes do to the folder meanwhile does not matter.
    return own


def _publish(part: Path, folder: Path) -> None:
    """Give the finished folder ``part`` its name; leave it to go where another process was faster.

    What lies there is removed only where it is damaged, and all at once, so that nobody finds half of it.
    """
    try:
        if folder.exists() and _read(folder) is None:
            aside = part.with_name(f"{part.name}.damaged")
            folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        part.rename(folder)
    except OSError:
        if _read(folder) is None:
            raise


def _sweep_up(folder: Path) -> None:
    """Remove what processes that were killed half-way have left of ``folder`` more than a day ago."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        with suppress(OSError):
            if time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _reserve(path: Path) -> None:
    """Take the disk that a mapped file needs now: a write to one that finds no room ends the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as handle:
            os.posix_fallocate(handle.fileno(), 0, path.stat().st_size)


def _read(folder: Path) -> _Decoded | None:
    """Return what is kept in ``folder``; None where there is nothing, or every byte is not as it was written."""
    try:
        facts = json.loads((folder / "facts.json").read_text())
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        sound = facts["checksum"] == _checksum(pixels) and len(facts["names"]) == len(pixels)
        return _Decoded(pixels, facts["names"], facts["notes"]) if sound else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checksum(pixels: NDArray[np.uint8]) -> str:
    digest = blake2b(repr(pixels.shape).encode(), digest_size=16)
    for start in range(0, len(pixels), _AHEAD):
        digest.update(pixels[start : start + _AHEAD].tobytes())
    return digest.hexdigest()


def _decoded(into: NDArray[np.uint8], album: Album, names: list[str], size: int, fit: Fit, *, skip: bool) -> _Decoded:
    """Decode ``names`` into ``into`` (n, size, size, 3), one after the other; those that are skipped leave no gap."""
    kept: list[str] = []
    skipped: list[str] = []
    converted: Counter[str] = Counter()
    same: dict[bytes, list[str]] = {}
    for name, outcome in zip(names, _outcomes(album, names, size, fit), strict=True):
        if isinstance(outcome, InputError):
            if not skip:
                raise InputError(
                    f"The image {name!r} could not be decoded: {outcome}. Copy it again, remove it, or pass "
                    'corrupt = "skip".'
                ) from outcome
            skipped.append(f"{name} ({outcome})")
            continue
        into[len(kept)], mode = outcome
        converted.update([mode] if mode else [])
        same.setdefault(blake2b(into[len(kept)].tobytes(), digest_size=16).digest(), []).append(name)
        kept.append(name)
    if not kept:
        raise InputError(f"None of its {len(names)} images could be decoded, first {skipped[0]}. Copy them again.")
    notes: dict[str, str] = {}
    if converted:
        told = ", ".join(f"{count} {mode}" for mode, count in sorted(converted.items()))
        notes["converted to RGB"] = told
    twins = [group for group in same.values() if len(group) > 1]
    if twins:
        notes["identical images"] = _twins(twins)
    if skipped:
        notes["images skipped"] = f"{len(skipped)} that could not be decoded, first {skipped[0]}"
    return _Decoded(into[: len(kept)], kept, notes)


def _twins(groups: list[list[str]]) -> str:
    """Say how many images are another's double: one may be trained on and the other held out."""
    told = f"{sum(map(len, groups))} that another equals at this size, first {groups[0][0]} and {groups[0][1]}"
    torn = [group for group in groups if len({PurePosixPath(name).parent for name in group}) > 1]
    return f"{told}; {sum(map(len, torn))} of them in several classes, first {torn[0][0]}" if torn else told


def _outcomes(
    album: Album, names: Sequence[str], size: int, fit: Fit
) -> Iterator[tuple[NDArray[np.uint8], str] | InputError]:
    """Yield each image decoded, or why it is not, a batch at a time on every core."""

    def attempt(data: bytes) -> tuple[NDArray[np.uint8], str] | InputError:
        try:
            return decode(data, size, fit)
        except InputError as error:
            return error

    files = album.read(names)
    with warnings.catch_warnings(), ThreadPoolExecutor(_cores()) as pool:
        warnings.simplefilter("ignore")  # about how files were written (their metadata); pixels that lack are errors
        while batch := list(islice(files, _AHEAD)):
            yield from pool.map(attempt, batch)


def _cores() -> int:
    cores: Any = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return int(cores or 1)
