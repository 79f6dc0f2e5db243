"""``noiselaw datasets``: the paper's datasets, and a small one for everybody, by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(help="Datasets by name: list, describe, fetch.", no_args_is_help=True)

_Folder = Annotated[Path | None, typer.Option(help="Where the files lie or shall lie; your cache by default.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="As `noiselaw datasets list` shows it.")]


@app.command("list")
def list_all(as_json: _Json = False) -> None:
    """Say which datasets there are."""
    from noiselaw.datasets import DATASETS

    known = {name: DATASETS.get(name).about.title for name in DATASETS.names()}
    if as_json:
        typer.echo(json.dumps(known, indent=2, ensure_ascii=False))
        return
    width = max(map(len, known))
    for name, title in known.items():
        typer.echo(f"{name:<{width}}  {title}")
    typer.echo("Next: noiselaw datasets describe NAME")


@app.command("describe")
def describe(name: _Name, as_json: _Json = False) -> None:
    """Say what a dataset holds, where it comes from, and under which licence."""
    from noiselaw.datasets import DATASETS

    known = DATASETS.get(name)
    files = [{"name": file.name, "url": file.url, "hash": file.known_hash or "none published"} for file in known.files]
    facts: dict[str, Any] = {"name": name, **asdict(known.about), "files": files}
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    for key, value in facts.items():
        if key == "files":
            for file in files:
                typer.echo(f"file:      {file['url']} (hash: {file['hash']})")
        elif value:
            typer.echo(f"{key.replace('_', ' ') + ':':<10} {value}")
    typer.echo(f"Next: noiselaw datasets fetch {name}{' --folder FOLDER' if known.about.by_hand else ''}")


@app.command("fetch")
def fetch(name: _Name, folder: _Folder = None, as_json: _Json = False) -> None:
    """Download what is missing of a dataset, check it, and say where it is and what it holds."""
    from noiselaw.datasets import DATASETS

    found = DATASETS.build(name)
    place = found.fetch(folder)
    dataset = found.load(folder)
    facts: dict[str, Any] = {"name": name, "folder": str(place)}
    if dataset.kind == "images":
        images, height, width = (int(length) for length in dataset.observations.shape[:3])
        facts |= {"images": images, "height": height, "width": width}
        held = f"{images:,} images of {height} × {width} pixels"
    else:
        cells, features = (int(length) for length in dataset.observations.shape)
        facts |= {"cells": cells, "features": features}
        held = f"{cells:,} cells × {features:,} features"
    facts |= {"annotations": [str(column) for column in dataset.annotations], "matrices": list(dataset.matrices)}
    facts["provenance"] = dict(dataset.provenance)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    where = f" in {place}" if found.files or found.about.by_hand else ""
    typer.echo(f"{name}: {held}{where}.")
    typer.echo(f"Annotations: {', '.join(facts['annotations'])}. Matrices: {', '.join(facts['matrices']) or 'none'}.")
    typer.echo(f"In Python: noiselaw.datasets.load({name!r})")
