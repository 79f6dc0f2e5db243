"""``noiselaw status``: how far a study has come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["status"]


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a study's folder holds: done, running, failed (with reasons), missing."""
    from noiselaw.sweep import Store, status_of

    found = status_of(Store.open(folder))
    if as_json:
        fields = {name: getattr(found, name) for name in ("total", "done", "failed", "missing", "reasons", "running")}
        typer.echo(json.dumps({**fields, "missing_rows": list(found.missing_rows)}, indent=2))
        return
    typer.echo(
        f"{found.done:,} of {found.total:,} measurements are done ({found.failed:,} failed); {found.missing:,} missing."
    )
    for reason, count in sorted(found.reasons.items(), key=lambda item: -item[1]):
        typer.echo(f"  failed × {count:,}: {reason}")
    for task in found.running:
        typer.echo(f"  running: {task}")
    if found.running:
        typer.echo(f"Next: wait for it, or look again: noiselaw status {folder}")
    elif found.missing:
        typer.echo(f"Next: noiselaw run {folder / 'study.toml'} --out {folder}")
    else:
        typer.echo(f"Next: noiselaw report {folder}")
