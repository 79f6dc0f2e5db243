"""``noiselaw verify``, ``clean`` and ``merge``: looking after studies' folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["clean", "merge", "verify"]

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def verify(folder: Folder, as_json: AsJson = False) -> int:
    """Check every stored piece against its checksum; damaged ones are put aside and made again by the next run."""
    from noiselaw.sweep import Store
    from noiselaw.sweep.upkeep import verify as check

    found = check(Store.open(folder))
    if as_json:
        typer.echo(json.dumps({"sound": found.sound, "damaged": list(found.damaged)}, indent=2))
    else:
        typer.echo(f"{found.sound:,} pieces are sound, {len(found.damaged):,} were damaged and put aside.")
        for name in found.damaged:
            typer.echo(f"  {name}")
        again = f"noiselaw run {folder / 'study.toml'} --out {folder}"
        typer.echo(f"Next: {again}" if found.damaged else f"Next: noiselaw report {folder}")
    return 3 if found.damaged else 0


def clean(
    folder: Folder,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Embeddings too: a new signal or probe then needs new fits.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Free what can be made again. Measurements stay."""
    from noiselaw.sweep import Store
    from noiselaw.sweep.upkeep import clean as free

    freed = free(Store.open(folder), embeddings=embeddings)
    if as_json:
        typer.echo(json.dumps({"freed_bytes": freed}))
        return
    typer.echo(f"Freed {freed / 1e6:,.1f} MB. Every measurement is kept.")
    typer.echo(f"Next: noiselaw status {folder}")


def merge(
    folder: Annotated[Path, typer.Argument(metavar="INTO", help="The study's folder that takes.")],
    others: Annotated[list[Path], typer.Argument(metavar="FROM...", help="Folders of the same data that give.")],
    as_json: AsJson = False,
) -> None:
    """Join stores of one data set: what others have finished is taken over, nothing is counted twice."""
    from noiselaw.sweep import Store
    from noiselaw.sweep.upkeep import merge as join

    new = join(Store.open(folder), [Store.open(other) for other in others])
    if as_json:
        typer.echo(json.dumps({"new_pieces": new}))
        return
    typer.echo(f"{new:,} pieces are new in {folder}.")
    typer.echo(f"Next: noiselaw report {folder}")
