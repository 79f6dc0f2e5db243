"""A model that lives in another environment: a command that reads cells and writes their embedding."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from noiselaw.arrays import as_csr
from noiselaw.errors import InputError, UsageError
from noiselaw.optional import require
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.embedding_files import read_embedding
from noiselaw.represent.precomputed import check_constant

if TYPE_CHECKING:
    import numpy as np

    from noiselaw.records import Prepared, View

__all__ = ["External", "ExternalEncoder"]

_GUARD = Path(__file__).with_name("guard.py")
#: What a command may name, besides text.
_PLACES = ("train", "test", "out", "seed", "size", "level")
#: Of what a failed command said last.
_LINES, _CHARACTERS = 5, 600


@dataclass(frozen=True)
class External(Representation):
    """Fit and embed by a command, run once for each embedding: counts of training and held-out cells in, rows out.

    The command gets two ``.h5ad`` files: ``X`` holds counts of the selected genes, ``obs["library_size"]`` each cell's
    molecules over all genes, ``uns`` the level. It writes an embedding of the cells of ``{test}`` to ``{out}``, as
    :class:`~noiselaw.represent.precomputed.Precomputed` reads it: for ``.npz`` arrays ``names`` and ``values``.

    Parameters
    ----------
    command
        The program and its arguments, given to no shell. ``{train}``, ``{test}`` and ``{out}`` stand for paths,
        ``{seed}`` for a number below 2³¹ to seed the model with, ``{size}`` and ``{level}`` for the training size and
        the noise level. ``{test}`` and ``{out}`` must appear.
    output
        What the command writes: the kind of file.
    key, constant
        As of :class:`~noiselaw.represent.precomputed.Precomputed`.
    timeout
        Seconds after which it is ended, and the row fails.
    environment
        Variables that it gets besides those of this process.
    version
        Raise it when the program changes, so that what it gave before is measured again.
    folder
        Where the command runs (relative paths in it are taken from there); a study file sets it.
    """

    takes: ClassVar[View] = "counts"

    command: tuple[str, ...]
    output: Literal["npz", "parquet", "csv", "h5ad"] = "npz"
    key: str = ""
    constant: Literal["refuse", "keep"] = "refuse"
    timeout: Annotated[float, Field(gt=0)] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    version: int = 1
    folder: str = field(default="", metadata={"shown": False})

    def __post_init__(self) -> None:
        object.__setattr__(self, "command", tuple(self.command))
        for needed in ("{test}", "{out}"):
            if not any(needed in part for part in self.command):
                raise UsageError(
                    f"A command must name {needed}, so that it knows what to embed and where to; got "
                    f'{" ".join(self.command)!r}. Pass e.g. ["python", "embed.py", "{{train}}", "{{test}}", "{{out}}"].'
                )
        try:
            self._filled(dict.fromkeys(_PLACES, 0))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            places = ", ".join(f"{{{place}}}" for place in _PLACES)
            raise UsageError(
                f"A command can name {places}; {' '.join(self.command)!r} has {error}. Write {{{{ for a brace."
            ) from error

    def _filled(self, places: dict[str, object]) -> list[str]:
        return [part.format(**places) for part in self.command]

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> ExternalEncoder:
        notes = {"command": " ".join(self.command), "version": self.version}
        history = History(stop_reason="external command", notes=notes)
        return ExternalEncoder(self, prepared, int(rng.integers(2**31)), history)


@dataclass(frozen=True, eq=False)
class ExternalEncoder(Encoder):
    """Runs the command, which fits and embeds in one go."""

    options: External
    train: Prepared
    seed: int
    history: History

    def _embed(self, prepared: Prepared) -> Embedding:
        with TemporaryDirectory(prefix="noiselaw-external-") as folder:
            train, test = (Path(folder) / f"{name}.h5ad" for name in ("train", "test"))
            out = Path(folder) / f"embedding.{self.options.output}"
            _write_cells(self.train, train)
            _write_cells(prepared, test)
            places = {"train": train, "test": test, "out": out, "seed": self.seed, "size": len(self.train)}
            command = self.options._filled({**places, "level": self.train.level})
            began = time.perf_counter()
            _run(command, self.options, Path(folder))
            seconds = time.perf_counter() - began
            if not out.exists():
                raise InputError(
                    f"The external command {command[0]!r} ended well but wrote nothing to {{out}}. Write the embedding "
                    f"to the path it is given ({out.name})."
                )
            table = read_embedding(out, self.options.key)
        values = table.rows_of(prepared.names)
        extra = len(table.names) - len(prepared)
        constant = check_constant(values, f"What {command[0]!r} wrote", self.options.constant)
        notes = {"seconds": round(seconds, 3), "rows_not_asked_for": extra, **constant}
        return Embedding(values, notes)


def _write_cells(prepared: Prepared, path: Path) -> None:
    import pandas as pd

    anndata = require("anndata", "The representation 'external'")
    about = pd.DataFrame({"library_size": prepared.library_size}, index=prepared.names.astype(object))
    genes = pd.DataFrame(index=prepared.features.astype(object))
    anndata.AnnData(as_csr(prepared.values), obs=about, var=genes, uns={"level": prepared.level}).write_h5ad(path)


def _run(command: list[str], options: External, scratch: Path) -> None:
    """Run ``command`` to its end, or end it and all that it started.

    Raises
    ------
    InputError
        If it does not start, takes too long or ends with an exit code other than 0, with what it said last.
    """
    environment = {**os.environ, **options.environment}
    folder = Path(options.folder or Path.cwd())
    if shutil.which(command[0], path=environment.get("PATH")) is None and not (folder / command[0]).is_file():
        raise InputError(f"There is no program {command[0]!r} to run. Name it by its path, or put it on the PATH.")
    said = scratch / "said.txt"
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_GUARD), *command],
            stdin=subprocess.PIPE,  # closes with this process, however that ends; the guard then ends the command
            stdout=subprocess.DEVNULL,
            stderr=stream,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait(options.timeout)
        except subprocess.TimeoutExpired as error:
            raise InputError(
                f"The external command {command[0]!r} took longer than its timeout of {options.timeout:g} s and was "
                "ended. Raise the timeout, or ask for fewer cells."
            ) from error
        finally:
            _end(process)
    if code:
        lines = said.read_text(errors="replace").strip().splitlines()[-_LINES:]
        last = " | ".join(line.strip() for line in lines)[-_CHARACTERS:]
        raise InputError(
            f"The external command {command[0]!r} ended with exit code {code}. "
            + (f"It said last: {last}" if last else "It said nothing.")
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command's process group, if anything of it is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
