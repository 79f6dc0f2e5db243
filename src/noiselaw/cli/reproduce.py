"""``noiselaw reproduce``: the paper's numbers from its published measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["reproduce"]


def reproduce(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="table-1 to table-5, figure-4 or figure-5.")],
    source: Annotated[Path, typer.Option("--from", metavar="DIR", help="The folder of published measurements.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute a table or figure of the paper, as published and with sound fits beside it."""
    from noiselaw.reproduce import reproduce as compute

    found = compute(target, source)
    if as_json:
        # pandas writes what is not finite as null, which is what a reader of JSON expects.
        typer.echo(json.dumps(json.loads(found.to_json(orient="records")), indent=2, ensure_ascii=False))
        return
    typer.echo(found.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
