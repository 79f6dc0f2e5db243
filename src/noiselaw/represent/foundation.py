"""What pretrained models share: where their weights lie, how those are read, which genes they know.

Weights are read from safetensors, or from torch's files as plain tensors; nothing is ever unpickled into objects, so
that a downloaded file runs no code.
"""

from __future__ import annotations

import gzip
import json
from abc import abstractmethod
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from pickle import UnpicklingError  # only the error: how torch refuses a file that is more than tensors
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noiselaw.errors import InputError, nearest
from noiselaw.optional import require
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.digest import digest_of
from noiselaw.represent.features import check_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, Prepared, View

    #: Embeds prepared cells, and says what there is to say of it.
    Work = Callable[[Prepared], tuple[FloatArray, dict[str, Any]]]

__all__ = ["Pretrained", "ZeroShot", "check_coverage", "find_file", "folder_of", "load_tensors", "read_json"]

#: Suffixes of weights; those before the others are taken.
WEIGHTS = ("*.safetensors", "*.pt", "*.bin")


def folder_of(weights: str, patterns: Sequence[str], what: str, base: str = "") -> Path:
    """Return the folder ``weights`` (in ``base``), or where the hub's model of that name has been downloaded to.

    Raises
    ------
    InputError
        If there is no such folder, or no such model on the hub (or no way there).
    """
    path = base / Path(weights).expanduser()
    if path.is_dir():
        return path
    owner, _, name = weights.partition("/")
    if path.exists() or not owner or not name or "/" in name or owner.startswith((".", "~")):
        raise InputError(f"{what} weights: there is no folder {str(path)!r}. Pass one, or a hub id like owner/model.")
    hub = require("huggingface_hub", f"Fetching {what} weights from the hub")
    try:
        return Path(hub.snapshot_download(weights, allow_patterns=list(patterns)))
    except (OSError, ValueError) as error:  # every failure of the hub is one of the two
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"{what} weights: there is no folder {str(path)!r}, and the hub gave no such model ({reason}). "
            "Pass a folder with the weights."
        ) from error


def find_file(folder: Path, patterns: Sequence[str], what: str, hint: str = "Is it the folder of its weights?") -> Path:
    """Return the file of ``folder`` that fits the first pattern that any fits.

    Raises
    ------
    InputError
        Naming what was looked for and what there is.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    for pattern in patterns:
        for name in names:
            if fnmatch(name, pattern):
                return folder / name
    listed = ", ".join(names[:8]) or "no files"
    raise InputError(f"{what}: looked for {' or '.join(patterns)} in {folder}, which has {listed}. {hint}")


def read_json(path: Path) -> dict[str, Any]:
    """Return the table of a JSON file, gzipped or not.

    Raises
    ------
    InputError
        If it cannot be read as one.
    """
    try:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        table = json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} could not be read as JSON ({error}). Write the dictionary with json.dump.") from error
    if not isinstance(table, dict):
        raise InputError(f"{path} must hold a JSON object of names and values; got {type(table).__name__}.")
    return table


def load_tensors(path: Path) -> dict[str, Any]:
    """Return the named tensors of a weights file.

    Raises
    ------
    InputError
        If the file is not one, or holds more than tensors, which only unpickling it would tell.
    """
    try:
        if path.suffix == ".safetensors":
            tensors: Any = require("safetensors.torch", "Reading weights").load_file(path)
        else:
            torch = require("torch", "Reading weights")
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, UnpicklingError, EOFError, _safetensors_error()) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(
            f"{path} holds no plain tensors that can be read safely ({reason}). Save the weights as safetensors."
        ) from error
    if not isinstance(tensors, dict) or not all(hasattr(value, "shape") for value in tensors.values()):
        raise InputError(f"{path} must hold a state dict of tensors by name. Save model.state_dict() as safetensors.")
    return tensors


def _safetensors_error() -> type[Exception]:
    error: type[Exception] = require("safetensors", "Reading weights").SafetensorError
    return error


def check_coverage(
    known: NDArray[np.bool_], features: NDArray[np.str_], vocabulary: Mapping[str, Any], what: str
) -> str:
    """Say how many of the features a model knows.

    Raises
    ------
    InputError
        If it knows none.
    """
    if not known.any():
        hint = nearest(str(features[0]), list(vocabulary)[:5000]) if len(features) else ""
        raise InputError(
            f"None of the {len(features)} genes is in the vocabulary of {what}; the first is {str(features[0])!r}. "
            f"Name genes by human symbols or Ensembl ids. {hint}".rstrip()
        )
    return f"{int(known.sum())} of {len(features)} genes ({100 * known.mean():.0f} %)"


@dataclass(eq=False)
class Pretrained(Encoder):
    """Embeds cells with a model that was trained elsewhere.

    ``work`` returns an embedding (n, d) and what to say of it. Embedding the same observations again, as a sweep does
    for every training size, costs nothing.
    """

    features: NDArray[np.str_]
    work: Work
    history: History
    _last: tuple[Prepared, Embedding] | None = field(default=None, repr=False)

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        if self._last is None or self._last[0] is not prepared:
            values, notes = self.work(prepared)
            self._last = prepared, Embedding(np.asarray(values, dtype=np.float64), notes)
        return self._last[1]


class ZeroShot(Representation):
    """A pretrained model that embeds without being trained, so that all training sizes share one embedding.

    Strategies have the options ``weights`` (a folder or a hub id) and ``folder`` (what relative paths are taken from),
    and write ``_load``.
    """

    takes: ClassVar[View] = "counts"
    shares_sizes: ClassVar[bool] = True
    accelerated: ClassVar[bool] = True
    #: Files of weights, as patterns.
    files: ClassVar[tuple[str, ...]]
    weights: str
    folder: str

    @property
    def revision(self) -> str:  # type: ignore[override]  # the files' content is part of what the numbers depend on
        """The hash of the weights' files, so that changed ones are measured again; a hub's are known by name alone."""
        found: list[Path] = []
        for place in self._places():
            path = self._placed(place)
            fits = (one for one in path.iterdir() if any(fnmatch(one.name, pattern) for pattern in self.files))
            found += sorted(fits) if path.is_dir() else [path] if path.is_file() else []
        return f"1, {digest_of(found)}" if found else "1"

    def _places(self) -> list[str]:
        """Return the folders and files that are read."""
        return [self.weights]

    def _placed(self, path: str) -> Path:
        return self.folder / Path(path).expanduser()

    def _fit_sizes(self, prepared: Prepared, sizes: Sequence[int], seed: int) -> list[Encoder]:
        return [self._fit(prepared, generator(seed, "fit"))] * len(sizes)

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder:
        work, notes = self._load(prepared.features, draw_seed(rng))
        return Pretrained(prepared.features, work, History("zero-shot: nothing trained", notes=notes))

    @abstractmethod
    def _load(self, features: NDArray[np.str_], seed: int) -> tuple[Work, dict[str, Any]]:
        """Read the weights; return what embeds cells of these features, and notes (``genes_in_vocabulary``)."""
