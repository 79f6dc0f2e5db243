"""``noiselaw report``: one offline page about a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder, or a table (.parquet, .csv).")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write [DIR/report.html].")] = None,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", metavar="FILE", help="Prices for the page's planner (TOML) [illustrative]."),
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="Write a page that runs no script.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write one offline HTML page: the answer in words, the curves with their laws, and how it was done."""
    from noiselaw.plan import read_costs
    from noiselaw.report import write_report

    page = write_report(folder, out, costs=read_costs(costs) if costs else None, interactive=not static)
    if as_json:
        typer.echo(json.dumps({"report": str(page)}, indent=2))
        return
    typer.echo(f"Report: {page}")
    typer.echo(f"Next: open it in a browser, or: noiselaw fit {folder}")
