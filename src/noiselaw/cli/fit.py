"""``noiselaw fit``: a law through every group of a table, or of a study's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noiselaw.cli.values import columns_of, listed, number_or_column
from noiselaw.errors import InputError
from noiselaw.records import to_json

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
    from noiselaw.fit.groups import mixed_in, variables_of
    from noiselaw.laws import law_of
    from noiselaw.table import read_table

    columns = law_of(law).variables
    measured = read_table(table / "measurements.parquet" if table.is_dir() else table)
    if measured.empty:
        raise InputError(f"{table} has no rows to fit. Pass a table with one row for each measurement.")
    variables = listed(x) if x is not None and len(columns) > 1 else x
    keys = grouping(measured, law, variables, columns_of(by, measured))
    if by is None:
        _warn_of_mixture(mixed_in(measured, law, variables, keys, (y, error, seed, ceiling)), keys)
    fits = fit_groups(
        measured,
        law,
        variables,
        y,
        error,
        keys,
        seed=seed,
        ceiling=number_or_column(ceiling),
        protocol=protocol_of(protocol),
        confidence=confidence,
    )
    units = {name: _unit(measured, column) for name, column in variables_of(law, variables).items()}
    records = [_record(dict(zip(keys, key, strict=True)), found, units) for key, found in fits.items()]
    if as_json:
        typer.echo(json.dumps(records, indent=2, ensure_ascii=False))
        return
    for record in records:
        typer.echo(_sentence(record, keys))
    typer.echo(
        f"Next: noiselaw report {table}"
        if table.is_dir()
        else _next(table, "u" in measured.columns, columns, variables, y)
    )


def _warn_of_mixture(mixed: list[str], keys: list[str]) -> None:
    if mixed:
        wanted = ",".join([*keys, *mixed])
        typer.echo(
            f"noiselaw: rows that differ in {', '.join(mixed)} are fitted as one curve. If they are several, say so: "
            f'--by "{wanted}"',
            err=True,
        )


def _next(table: Path, depths: bool, columns: tuple[str, ...], x: str | list[str] | None, y: str) -> str:
    """Return the command that asks the same columns what more would add; a plan needs a column of depths."""
    named = [x] if isinstance(x, str) else x or []
    options = [f'{"--x" if name == "u" else "--n"} "{column}"' for name, column in zip(columns, named, strict=False)]
    options += [f'--y "{y}"'] if y != "bits" else []
    if depths or "u" in columns:
        return f"Next: noiselaw plan {' '.join([str(table), *options])}"
    asked = " ".join([str(table), "--x DEPTH", *options])
    return f"Next, where a column holds depths (a plan needs four of them): noiselaw plan {asked}"


def _unit(table: pd.DataFrame, column: str) -> str:
    """Return the unit of a column of depths or sizes, as far as the table says; "" where it does not."""
    if column != "u":
        return "observations" if column == "n_train" else column
    units = set(table["u_unit"].dropna()) if "u_unit" in table.columns else set()
    return str(*units) if len(units) == 1 else ""


def _record(keys: dict[str, Any], found: Fit, units: dict[str, str]) -> dict[str, Any]:
    """Return a fit as JSON has it: numbers that are not finite are null."""
    from noiselaw.laws import law_of

    named = {"observations": units.get("N", "observations"), **units}
    record: dict[str, Any] = to_json(
        {
            **keys,
            "law": found.law,
            "parameters": dict(found.parameters),
            "units": {part.name: named.get(part.unit, part.unit) for part in law_of(found.law).parameters},
            "intervals": {
                name: {"low": interval.low, "high": interval.high, "confidence": interval.confidence}
                for name, interval in found.intervals.items()
            },
            "status": found.status,
            "reason": found.reason,
            "n_points": found.n_points,
            "left_out": found.diagnostics["left_out"],
            "copies": found.diagnostics.get("copies", 0),
            "mixed": found.diagnostics.get("mixed", []),
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
    return record


def _sentence(record: dict[str, Any], keys: list[str]) -> str:
    group = ", ".join(f"{key} {record[key]}" for key in keys) or "all rows"
    ends = record["intervals"]
    shown = "; ".join(
        f"{name} {_shown(value)} {record['units'][name] if value is not None else ''}".rstrip()
        + f" ({_shown(ends[name]['low'], 'no limit')} to {_shown(ends[name]['high'], 'no limit')})"
        for name, value in record["parameters"].items()
    )
    judged = {name: rival["aicc"] for name, rival in record["rivals"].items() if rival["aicc"] is not None}
    rival = f" Best form by AICc: {min(judged, key=lambda name: judged[name])}." if judged else ""
    absent = record["left_out"]
    rows = f" {absent} row{'s' * (absent > 1)} left out (failed, or not a number)." if absent else ""
    return f"{group}: {record['status']}. {shown}. {record['reason']}{rival}{rows}"


def _shown(value: float | None, unknown: str = "unknown") -> str:
    return unknown if value is None else f"{value:.4g}"
