"""``noiselaw probe``: how many bits one array holds about another."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from noiselaw.errors import InputError
from noiselaw.records import to_json

if TYPE_CHECKING:
    from noiselaw.records import Estimate

__all__ = ["probe"]


def probe(
    x: Annotated[Path, typer.Argument(metavar="X.npy", help="Embeddings, one row per observation.")],
    y: Annotated[Path, typer.Argument(metavar="Y.npy", help="Labels or values, one per observation.")],
    estimator: Annotated[
        str, typer.Option("--probe", help="recommended, classifier, gaussian, critic, latent_mi, ksg, ...")
    ] = "recommended",
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 0,
    kind: Annotated[str, typer.Option(help="What Y is: labels or continuous; auto tells by its type.")] = "auto",
    groups: Annotated[
        Path | None, typer.Option(metavar="GROUPS.npy", help="One per row: a clone, a donor. Never divided.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate how many bits X holds about Y, from two arrays with one row for each observation."""
    from noiselaw.probes import mutual_information

    found = mutual_information(
        _array(x), _array(y), estimator, seed, None if groups is None else _array(groups), kind=kind
    )
    if as_json:
        typer.echo(json.dumps(_record(found, estimator, seed), indent=2))
        return
    typer.echo(_sentence(found))
    typer.echo("Next: noiselaw run CELLS.h5ad --label COLUMN measures how this falls with noise and training size.")


def _array(path: Path) -> np.ndarray:
    """Read one array; pickled objects are never unpacked."""
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}. Pass an array written by numpy.save.")
    try:
        loaded = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(
            f"{path.name} could not be read as one array of numbers or text ({error}). Write it with numpy.save, "
            "without Python objects."
        ) from error
    if not isinstance(loaded, np.ndarray):
        loaded.close()
        raise InputError(f"{path.name} holds several arrays. Pass one, written by numpy.save.")
    return loaded


def _record(found: Estimate, estimator: str, seed: int) -> dict[str, Any]:
    """Return an estimate as JSON has it: what is unknown is null."""
    record: dict[str, Any] = to_json({"probe": estimator, "seed": seed, **asdict(found)})
    return record


def _sentence(found: Estimate) -> str:
    if not math.isfinite(found.bits):
        return f"failed: {found.reason}"
    error = f" ± {found.standard_error:.3f}" if math.isfinite(found.standard_error) else ""
    ceiling = f", at most {found.ceiling_bits:.3f}" if math.isfinite(found.ceiling_bits) else ""
    warning = f"\n{found.status}: {found.reason}" if found.reason else ""
    return f"{found.bits:.3f}{error} bits from {found.n_pairs} pairs{ceiling}{warning}"
