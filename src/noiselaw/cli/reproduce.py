"""``noiselaw reproduce``: the paper's tables and figures, from its published measurements or from data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from noiselaw.reproduce import Footprint, Outcome, Target, Workplace

__all__ = ["reproduce"]


def reproduce(
    name: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="list, a target's name (table-1, figure-5, theorem-4.1, …) or all."),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DIR|data", help="The folder of published measurements; or the word data: measure again."
        ),
    ] = None,
    data: Annotated[Path, typer.Option(help="With --from data: the folder of data files.")] = Path("data"),
    out: Annotated[Path, typer.Option(help="The folder for pages, and for studies with --from data.")] = Path(
        "reproduction"
    ),
    workers: Annotated[int, typer.Option(min=1, help="Local processes for studies with --from data.")] = 1,
    watts: Annotated[float, typer.Option(help="Drawn by one busy core, for the estimate of CO₂.")] = 15.0,
    grams: Annotated[float, typer.Option(help="CO₂ equivalent of one kWh, in g, for the same.")] = 432.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and write no page.")] = False,
) -> int:
    """Make tables and figures of the paper again: ours beside the printed numbers, a page each and a summary."""
    from noiselaw.errors import UsageError
    from noiselaw.reproduce import TARGETS, Footprint, Workplace, target

    chosen = list(TARGETS.values()) if name in ("all", "list") else [target(name)]
    place = None if source is None else Workplace(data, out / "studies", workers) if source == "data" else Path(source)
    if name == "list":
        _list(chosen, Workplace(data, out / "studies", workers), as_json)
        return 0
    if place is None:
        raise UsageError(
            "Say where from: --from DIR, the folder of published measurements, or --from data --data DIR to measure "
            "again. noiselaw reproduce list says what each target needs."
        )
    if as_json and len(chosen) == 1:
        _print_json(chosen[0], place)
        return 0
    _make(chosen, place, out, Footprint(watts, grams), as_json)
    return 0


def _list(targets: list[Target], work: Workplace, as_json: bool) -> None:
    """Print every target, what it is, and what each mode needs."""
    from noiselaw.reproduce import data_state

    rows = [
        {
            "target": one.name,
            "what": one.title,
            "from measurements": "no: " + one.from_measurements
            if isinstance(one.from_measurements, str)
            else ", ".join(one.files) or "yes",
            "from data": data_state(one, work),
        }
        for one in targets
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['target']:<12} {row['what']}")
        for mode in ("from measurements", "from data"):
            typer.echo(f"{'':<12}   {mode}: {row[mode]}")


def _print_json(target: Target, place: Path | Workplace) -> None:
    from noiselaw.reproduce import reproduce as compute

    # pandas writes what is not finite as null, which is what a reader of JSON expects.
    found = compute(target.name, place)
    typer.echo(json.dumps(json.loads(found.to_json(orient="records")), indent=2, ensure_ascii=False))


def _make(targets: list[Target], place: Path | Workplace, out: Path, footprint: Footprint, as_json: bool) -> None:
    """Make every target and its page, saying how each went; then the summary of all pages in the folder."""
    from noiselaw.reproduce import perform, write_page, write_summary

    made: list[Outcome] = []
    for one in targets:
        outcome = perform(one, place, lenient=len(targets) > 1)
        page = write_page(outcome, out, footprint)
        made.append(outcome)
        if as_json:
            continue
        if len(targets) == 1:
            _print_rows(outcome)
            typer.echo(f"{one.name}: {outcome.verdict}. {page}", err=True)
        else:
            typer.echo(f"{one.name:<12} {outcome.verdict:<40} {outcome.seconds:8.1f} CPU s")
    summary = write_summary(out, footprint)
    if as_json:
        typer.echo(json.dumps([outcome.record() for outcome in made], indent=2, ensure_ascii=False))
    elif len(targets) > 1:
        typer.echo(f"{footprint.told(sum(outcome.seconds for outcome in made))}\n{summary}")
    _refuse_gaps(targets, place)


def _refuse_gaps(targets: list[Target], place: Path | Workplace) -> None:
    """Refuse to call it done where published tables were not there; everything else has its page."""
    from noiselaw.errors import InputError

    if isinstance(place, Path):
        gaps = sorted({file for one in targets for file in one.files if not (place / file).is_file()})
        if gaps:
            raise InputError(
                f"{str(place)!r} has no {', '.join(gaps)}: the targets that need them were left out. Everything else "
                "has its page."
            )


def _print_rows(outcome: Outcome) -> None:
    if isinstance(outcome.result, str):
        typer.echo(f"{outcome.target.name} cannot be made from this source. {outcome.result}")
        return
    typer.echo(outcome.result.rows.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
