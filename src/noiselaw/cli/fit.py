"""``noiselaw fit``: a law through every group of a table, or of a study's folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noiselaw.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from noiselaw.records import Fit

__all__ = ["fit"]


def fit(
    table: Annotated[Path, typer.Argument(metavar="TABLE|DIR", help="A .csv or .parquet table, or a study's folder.")],
    law: Annotated[str, typer.Option(help="noise, size, or another law by name.")] = "noise",
    x: Annotated[str | None, typer.Option(help="Column of the variable; two for a joint law.")] = None,
    y: Annotated[str, typer.Option(help="Column of bits.")] = "bits",
    by: Annotated[str | None, typer.Option(help="Columns that tell groups apart, with commas.")] = None,
    error: Annotated[str | None, typer.Option(help="Column of the standard errors of the bits.")] = None,
    seed: Annotated[str | None, typer.Option(help="Column that tells replicates apart.")] = None,
    ceiling: Annotated[str | None, typer.Option(help="Bits that nothing can exceed: a number or a column.")] = None,
    protocol: Annotated[str, typer.Option(help="recommended, or paper to repeat the published fits.")] = "recommended",
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lay a law through every group of a table and say what the data determine, and what they do not."""
    from noiselaw.fit import fit_groups, grouping
    from noiselaw.fit.curve import protocol_of
    from noiselaw.laws import law_of
    from noiselaw.table import read_table

    columns = law_of(law).variables
    measured = read_table(table / "measurements.parquet" if table.is_dir() else table)
    if measured.empty:
        raise InputError(f"{table} has no rows to fit. Pass a table with one row for each measurement.")
    variables = _listed(x) if x is not None and len(columns) > 1 else x
    keys = grouping(measured, law, variables, _split(by, measured))
    fits = fit_groups(
        measured,
        law,
        variables,
        y,
        error,
        keys,
        seed=seed,
        ceiling=_number(ceiling),
        protocol=protocol_of(protocol),
        confidence=confidence,
    )
    records = [_record(dict(zip(keys, key, strict=True)), found) for key, found in fits.items()]
    if as_json:
        typer.echo(json.dumps(records, indent=2, ensure_ascii=False))
        return
    for record in records:
        typer.echo(_sentence(record, keys))
    if table.is_dir():
        typer.echo(f"Next: noiselaw report {table}")


def _record(keys: dict[str, Any], found: Fit) -> dict[str, Any]:
    """Return a fit as JSON has it: numbers that are not finite are null."""
    plain: dict[str, Any] = _plain(
        {
            **keys,
            "law": found.law,
            "parameters": dict(found.parameters),
            "intervals": {
                name: {"low": interval.low, "high": interval.high, "confidence": interval.confidence}
                for name, interval in found.intervals.items()
            },
            "status": found.status,
            "reason": found.reason,
            "n_points": found.n_points,
            "left_out": found.diagnostics["left_out"],
            "x_range": list(found.x_range),
            "residual_sd": found.residual_sd,
            "protocol": found.diagnostics["protocol"],
            "replicates": found.diagnostics.get("replicates", 1),
            "rivals": {
                name: {key: value for key, value in rival.items() if key != "theta"}
                for name, rival in found.diagnostics.get("rivals", {}).items()
            },
        }
    )
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value != value else str(value)  # pandas' own missing values differ from themselves


def _sentence(record: dict[str, Any], keys: list[str]) -> str:
    group = ", ".join(f"{key} {record[key]}" for key in keys) or "all rows"
    ends = record["intervals"]
    shown = "; ".join(
        f"{name} {_shown(value)} ({_shown(ends[name]['low'], 'no limit')} to {_shown(ends[name]['high'], 'no limit')})"
        for name, value in record["parameters"].items()
    )
    judged = {name: rival["aicc"] for name, rival in record["rivals"].items() if rival["aicc"] is not None}
    rival = f" Best form by AICc: {min(judged, key=lambda name: judged[name])}." if judged else ""
    return f"{group}: {record['status']}. {shown}. {record['reason']}{rival}"


def _shown(value: float | None, unknown: str = "unknown") -> str:
    return unknown if value is None else f"{value:.4g}"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _split(by: str | None, table: pd.DataFrame) -> list[str] | None:
    """Return the columns named in ``by``; a column whose own name has commas is taken whole."""
    if by is None:
        return None
    return [by] if by in table.columns else _listed(by)


def _number(text: str | None) -> str | float | None:
    try:
        return text if text is None else float(text)
    except ValueError:
        return text
