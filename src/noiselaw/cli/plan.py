"""``noiselaw plan``: what holds back, what more would add, and how to spend a budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noiselaw.cli.values import listed, number_or_column
from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noiselaw.plan import Advice, Library

__all__ = ["plan"]


def plan(
    table: Annotated[
        Path | None, typer.Argument(metavar="TABLE|DIR", help="A .csv or .parquet table, or a study's folder.")
    ] = None,
    x: Annotated[str, typer.Option(help="Column of depth.")] = "u",
    n: Annotated[str | None, typer.Option(help="Column of training sizes; n_train if there is one.")] = None,
    y: Annotated[str, typer.Option(help="Column of bits.")] = "bits",
    by: Annotated[str | None, typer.Option(help="Columns that tell subjects apart, with commas.")] = None,
    error: Annotated[str | None, typer.Option(help="Column of the standard errors of the bits.")] = None,
    seed: Annotated[str | None, typer.Option(help="Column that tells replicates apart.")] = None,
    representation_column: Annotated[str | None, typer.Option(help="Column of representations.")] = None,
    signal_column: Annotated[str | None, typer.Option(help="Column of signals.")] = None,
    ceiling: Annotated[str | None, typer.Option(help="Bits that nothing can exceed: a number or a column.")] = None,
    representation: Annotated[str | None, typer.Option(help="Plan for this one; by default for the best.")] = None,
    signal: Annotated[str | None, typer.Option(help="Plan for this signal alone.")] = None,
    depth: Annotated[float | None, typer.Option(help="Your depth; by default the deepest measured.")] = None,
    cells: Annotated[float | None, typer.Option(help="Your training size; by default the largest measured.")] = None,
    factors: Annotated[str, typer.Option(help="How many times more depth or cells to ask for.")] = "2,5,10",
    fractions: Annotated[str, typer.Option(help="Fractions of what is reachable.")] = "0.9,0.95",
    budget: Annotated[float | None, typer.Option(help="Split this amount between cells and depth.")] = None,
    costs: Annotated[Path | None, typer.Option(help="Your prices (TOML); by default illustrative ones.")] = None,
    saturation: Annotated[float | None, typer.Option(help="Sequencing saturation of your library.")] = None,
    reads: Annotated[float | None, typer.Option(help="Mean reads per cell at that saturation.")] = None,
    umi: Annotated[float | None, typer.Option(help="Mean UMI per cell at that saturation.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="A table with columns reads and umi, instead.")] = None,
    library_curve: Annotated[str, typer.Option(help="lander_waterman or michaelis_menten.")] = "lander_waterman",
    genes: Annotated[float, typer.Option(help="Genes of interest, for a rule of thumb.")] = 10_000.0,
    pilots: Annotated[bool, typer.Option(help="Look for pilots that would answer what cannot be told.")] = True,
    show_costs: Annotated[bool, typer.Option("--show-costs", help="Print the prices to edit, and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what holds back, what more depth or cells would add, which representation is best, how to spend a budget."""
    from noiselaw import plan as room

    if show_costs:
        from importlib.resources import files

        typer.echo(files("noiselaw.plan").joinpath("costs.toml").read_text(encoding="utf-8"), nl=False)
        return
    if table is None:
        raise UsageError("noiselaw plan needs a TABLE or a study's folder, e.g. noiselaw plan runs/mine.")
    known = room.read_measured(
        table,
        x=x,
        n=n,
        y=y,
        by=None if by is None else listed(by),
        error=error,
        seed=seed,
        representation=representation_column,
        signal=signal_column,
        ceiling=number_or_column(ceiling),
    )
    if signal is not None:
        known = known.about(signal=signal)
    asked = room.Questions(
        depth=_above_zero("--depth", depth),
        cells=_above_zero("--cells", cells),
        factors=_numbers("--factors", factors),
        fractions=_numbers("--fractions", fractions),
        representation=representation,
        budget=budget,
        costs=room.read_costs(costs) if costs else room.default_costs(),
        library=_library(saturation, reads, umi, pairs, library_curve),
        genes=genes,
        pilots=pilots,
    )
    told = room.advise(known, asked)
    if as_json:
        typer.echo(json.dumps(room.to_json(told), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for advice, (_, rows) in zip(told, known.subjects(), strict=True):
        for line in _lines(advice, rows.noun, rows.things):
            typer.echo(line)
    if budget is not None and costs is None:
        typer.echo("Prices are illustrative; put in your own: noiselaw plan --show-costs > mine.toml, then --costs.")
    if table.is_dir():
        typer.echo(f"Next: noiselaw report {table}")


def _lines(advice: Advice, depth: str, cells: str) -> Iterable[str]:
    """Return one subject's answers as lines, in the order of the questions, ``depth`` and ``cells`` being called so."""
    if advice.subject:
        yield ", ".join(f"{name} {value}" for name, value in advice.subject.items())
    yield from _section(f"Am I limited by {depth} or by {cells}?", [answer.sentence for answer in advice.limits])
    gains = [f"{answer.representation} about {answer.signal}: {gain.sentence}" for answer in advice.limits
             for gain in (*answer.depth, *answer.cells)]  # fmt: skip
    yield from _section("What would more of each add?", gains)
    yield from _section(f"What {depth} is enough?", [answer.sentence for answer in advice.reach])
    yield from _section("Which representation is best?", [answer.sentence for answer in advice.leaders])
    yield from _section("Where do curves cross?", [answer.sentence for answer in advice.crossings])
    yield from _section("Which signal loses most to noise?", [answer.sentence for answer in advice.losses])
    for answer in advice.budgets:
        rules = [f"  beside it, {rule.sentence}" for rule in answer.rules]
        yield from _section("How should the budget be spent?", [answer.sentence, *rules])


def _section(title: str, lines: list[str]) -> Iterable[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _library(
    saturation: float | None, reads: float | None, umi: float | None, pairs: Path | None, curve: str
) -> Library | None:
    from typing import cast

    from noiselaw.plan import library_from_pairs, library_from_saturation
    from noiselaw.plan.library import Curve
    from noiselaw.table import numbers_of, read_table

    shape = cast("Curve", curve)
    summary = {"--saturation": saturation, "--reads": reads, "--umi": umi}
    given = [name for name, value in summary.items() if value is not None]
    if pairs is not None:
        if given:
            raise UsageError(f"--pairs and {given[0]} both describe the library. Pass one of the two.")
        found = read_table(pairs)
        for name in ("reads", "umi"):
            if name not in found.columns:
                raise UsageError(f"--pairs needs the columns reads and umi; {pairs.name} has no {name!r}.")
        return library_from_pairs(numbers_of(found, "reads"), numbers_of(found, "umi"), shape)
    if not given:
        return None
    if saturation is None or reads is None:
        raise UsageError(
            f"--saturation and --reads go together, with --umi if known: all stand in one 10x summary; got "
            f"{' and '.join(given)} alone. Pass both."
        )
    return library_from_saturation(reads, saturation, umi, shape)


def _above_zero(name: str, value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise UsageError(f"{name} must be above 0; got {value:g}.")
    return value


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in listed(text))
    except ValueError as error:
        raise UsageError(f"{name} are numbers separated by commas; got {text!r}.") from error
