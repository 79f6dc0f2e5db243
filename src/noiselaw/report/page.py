"""The page: sections, tables and downloads put into one file that needs nothing else."""

from __future__ import annotations

import math
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from noiselaw.errors import InputError, nearest
from noiselaw.fit import PLATEAUS
from noiselaw.laws import LAWS
from noiselaw.plan import default_costs
from noiselaw.plan.words import number, possible, span
from noiselaw.report import account, numbers, words
from noiselaw.report.downloads import embedded, told_without_folders, without_folders
from noiselaw.report.explorer import explorer
from noiselaw.report.facts import Subject, short_names, subjects
from noiselaw.report.numbers import count, listed
from noiselaw.report.planner import planner
from noiselaw.report.prices import LIBRARY
from noiselaw.report.room import MOST_BYTES, alive, holds, lighter, weights
from noiselaw.report.script import as_data, only_these, own_script, plotting_library
from noiselaw.report.sections import Section, section
from noiselaw.table import read_provenance, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.laws import Parameter
    from noiselaw.plan import Costs
    from noiselaw.records import Fit

__all__ = ["render", "write_report"]

#: Columns without which there is nothing to say.
_NEEDED = ("signal", "u", "representation", "bits")


def write_report(
    source: pd.DataFrame | str | Path,
    path: str | Path | None = None,
    *,
    provenance: Mapping[str, Any] | None = None,
    truth: pd.DataFrame | None = None,
    costs: Costs | None = None,
    interactive: bool = True,
) -> Path:
    """Write one offline HTML page about a study: the answer in words, curves, laws, and how it was done.

    Parameters
    ----------
    source
        A study's folder (with ``measurements.parquet`` and, for simulated data, ``truth.parquet``), a table's file, or
        the measurements themselves.
    path
        Where to write; ``report.html`` in the folder (or beside the file) by default.
    provenance
        Where the numbers come from; read from the Parquet file where ``source`` is one.
    truth
        The true information in the noisy data, where known: columns ``signal, level, u, bits``.
    costs
        Prices for the planner inside the page; the shipped, illustrative ones by default.
    interactive
        Whether the page may run its own script: the planner and, with the extra ``report``, curves that answer.

    Returns
    -------
    Path
        The page, written in one step: never half a file.

    Raises
    ------
    InputError
        If there is no table, it lacks a column or has no row, or a table was passed without a ``path``.
    """
    if isinstance(source, pd.DataFrame):
        if path is None:
            raise InputError("A report on a table needs a path to write to. Pass write_report(table, 'report.html').")
        page = Path(path)
        text = render(source, provenance=provenance, truth=truth, costs=costs, interactive=interactive)
    else:
        file = _table_file(Path(source))
        page = file.parent / "report.html" if path is None else Path(path)
        if provenance is None:
            provenance = read_provenance(file) if file.suffix == ".parquet" else {}
        known = file.parent / "truth.parquet"
        if truth is None and known.is_file():
            truth = read_table(known)
        beside = file if file.parent.resolve() == page.parent.resolve() else None
        table = read_table(file)
        text = render(
            table,
            provenance=provenance,
            truth=truth,
            beside=beside,
            costs=costs,
            interactive=interactive,
            file=f"{file.name} (SHA-256 {sha256(file.read_bytes()).hexdigest()})",
        )
    page.parent.mkdir(parents=True, exist_ok=True)
    part = page.with_name(f".{page.name}.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(page)


def _table_file(source: Path) -> Path:
    if not source.is_dir():
        if source.is_file():
            return source
        raise InputError(
            f"There is no folder or table {str(source)!r}. Pass a study's folder, the --out of noiselaw run."
        )
    for name in ("measurements.parquet", "measurements.csv"):
        if (source / name).is_file():
            return source / name
    raise InputError(
        f"{source} holds no measurements.parquet. Pass the folder of a noiselaw run that has measured something."
    )


def render(
    table: pd.DataFrame,
    *,
    provenance: Mapping[str, Any] | None = None,
    truth: pd.DataFrame | None = None,
    beside: Path | None = None,
    costs: Costs | None = None,
    interactive: bool = True,
    file: str = "",
) -> str:
    """Return the page about ``table`` as HTML.

    Parameters
    ----------
    table
        Measurements, one row each; at least the columns ``signal, u, representation, bits``.
    provenance, truth, costs, interactive
        As for :func:`write_report`.
    beside
        The table's file where it lies in the page's folder: linked where the page cannot hold the table.
    file
        What the table was read from, in words.

    Raises
    ------
    InputError
        If the table lacks a column or has no row.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from markupsafe import Markup

    from noiselaw import __version__

    for name in _NEEDED:
        if name not in table.columns:
            raise InputError(f"A report needs the column {name!r}. {nearest(name, table.columns)}")
    if table.empty:
        raise InputError(
            "There is not one measurement to report on yet. Finish the study first: noiselaw run goes on where it "
            "stopped, and noiselaw status says what is missing."
        )
    provenance = without_folders(dict(provenance or {}))
    table = told_without_folders(table)
    # Names are shortened in words and pictures; what was measured, and downloads, have them in full.
    short = short_names([str(name) for name in table["representation"].dropna().unique()])
    named = table.assign(representation=table["representation"].map(short, na_action="ignore"))
    sections = _sections(named, truth)
    script = _Script(sections, costs or default_costs()) if interactive else None
    environment = Environment(
        loader=PackageLoader("noiselaw.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = numbers.tied
    template = environment.get_template("page.html.j2")
    told: dict[str, Any] = dict(
        version=__version__,
        css=Markup(files(__package__).joinpath("page.css").read_text(encoding="utf-8")),
        title=_title(table),
        lead=_lead(named, provenance),
        laws=[_law(law, [(part, getattr(part, law)) for part in sections]) for law in ("noise", "size")],
        complete=account.completeness(table),
        facts=account.facts(table, provenance),
        dropped=account.dropped(provenance),
        troubles=[
            ("Some measurements failed:", account.troubles(named, "failed")),
            ("Some measurements carry a warning:", account.troubles(named, "warned")),
        ],
        methods=account.methods(table, provenance, file),
        study=provenance.get("study") or "",
        prices=_prices(costs),
    )
    told |= {"sections": sections, **(script.shown(len(sections)) if script else _NO_SCRIPTS)}
    whole = len(template.render(downloads=[], left_out=[], **told).encode())
    if whole > MOST_BYTES:
        keep = holds(whole, weights(sections, script.weights() if script else ()), MOST_BYTES)
        told |= {"sections": lighter(sections, keep), **(script.shown(keep.live) if script else {})}
        whole = len(template.render(downloads=[], left_out=[], **told).encode())
    # What may be downloaded gets the room that everything else leaves.
    downloads, left_out = embedded(table, provenance, beside, MOST_BYTES - whole)
    return template.render(downloads=downloads, left_out=left_out, **told)


def _sections(table: pd.DataFrame, truth: pd.DataFrame | None) -> list[Section]:
    found = subjects(table)
    telling = [name for name in Subject._fields if name != "signal" and len({getattr(it, name) for it in found}) > 1]
    return [
        section(table, subject, truth, f"s{i}", tuple(str(getattr(subject, name)) for name in telling))
        for i, subject in enumerate(found, start=1)
    ]


def _title(table: pd.DataFrame) -> str:
    names = [str(name) for name in table["dataset"].dropna().unique()] if "dataset" in table.columns else []
    return f"{listed(names)}: the bits that are kept, and what would keep more" if names else "The bits that are kept"


def _lead(table: pd.DataFrame, provenance: Mapping[str, Any]) -> str:
    cells = (provenance.get("input") or {}).get("n_observations")
    of = f" of {count(cells)} observations" if cells else ""
    representations = [str(name) for name in table["representation"].dropna().unique()]
    signals = [str(name) for name in table["signal"].dropna().unique()]
    return (
        f"How much {listed(representations)} keep{'s' * (len(representations) == 1)} about {listed(signals)}{of}, "
        "as the measurement gets noisier and the training set smaller."
    )


def _law(name: str, parts: Sequence[tuple[Section, Mapping[str, Fit]]]) -> dict[str, Any]:
    law = LAWS.get(name)
    units, cells = {part.unit for part, _ in parts}, {part.cells.noun for part, _ in parts}
    nouns = {part.axis.noun for part, _ in parts}
    noun = nouns.pop() if len(nouns) == 1 else "depth"
    named = {
        "u": units.pop() if len(units) == 1 else "u",
        "observations": cells.pop() if len(cells) == 1 else "training observations",
    }
    return {
        "name": f"{name} law",
        "formula": law.formula,
        "source": law.source,
        "parameters": [(p.name, named.get(p.unit, p.unit), p.meaning.replace("depth", noun)) for p in law.parameters],
        "rows": [_row(part, model, fit) for part, fits in parts for model, fit in fits.items()],
    }


def _row(part: Section, model: str, fit: Fit) -> dict[str, Any]:
    about = f" ({part.about})" if part.about else ""
    return {
        "signal": f"{part.title}{about}",
        "name": model,
        "cells": [_cell(fit, parameter) for parameter in LAWS.get(fit.law).parameters],
        "ok": fit.status == "ok",
        "status": words.status_label(fit.status),
        "reason": words.told(fit.reason, part.cells) if fit.law == "size" else fit.reason,
    }


def _cell(fit: Fit, parameter: Parameter) -> tuple[str, str]:
    """Return a parameter and its interval as text; a value that the data do not determine is not shown."""
    value, interval = fit.parameters[parameter.name], fit.intervals[parameter.name]
    if interval.low <= parameter.lower and interval.high >= parameter.upper:
        return "not determined", "not bounded by the data"
    shown = "not determined" if pd.isna(value) else number(value)
    ceiling = fit.diagnostics.get("ceiling_bits") if parameter.name in PLATEAUS else None
    ends = span(interval.low, interval.high, of_bits=False)
    return shown, ends + (possible(interval.high, ceiling) if ceiling is not None else "")


_NO_SCRIPTS = {
    "data": "",
    "library": "",
    "library_name": "",
    "script": "",
    "scripts_allowed": "'none'",
    "currency": "",
    "price_fields": (),
    "no_prices": "",
    "some": "",
}


class _Script:
    """The scripts that the page runs, and what they know of its parts."""

    def __init__(self, sections: Sequence[Section], costs: Costs) -> None:
        self.curves, self.planned, self.currency = explorer(sections), planner(sections, costs), costs.currency
        self.script = own_script(self.planned.pop("codes"))

    def weights(self) -> list[int]:
        """Return the bytes that each part puts into the page's data."""
        found = [len(as_data(curve)) for curve in self.curves]
        for curve in self.planned["curves"]:
            found[curve["section"]] += len(as_data(curve))
        return found

    def shown(self, keep: int) -> dict[str, Any]:
        """Return the scripts, what they know of the first ``keep`` parts, and that no others may run."""
        from markupsafe import Markup

        planned, library = self.planned["curves"], plotting_library()
        unpriced = sorted({curve["no_budget"] for curve in planned if curve.get("no_budget")})
        priced = any(not curve.get("no_budget", "-") for curve in planned)
        data, some = alive(self.curves, self.planned, keep)
        return {
            "data": Markup(as_data(data)),
            "library": Markup(library[0]),
            "library_name": library[1],
            "script": Markup(self.script),
            "scripts_allowed": Markup(only_these([library[0], self.script])),
            "currency": self.currency,
            "price_fields": _groups(self.planned["fields"]) if priced else (),
            "no_prices": f"Cannot be told: {'; '.join(unpriced) or 'no curve can be planned with'}.",
            "some": some,
        }


def _groups(fields: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    library = {field.name for field in LIBRARY}
    return [
        {"legend": legend, "fields": [field for field in fields if (field["name"] in library) == of_library]}
        for legend, of_library in (("What you pay", False), ("Your sequencing summary, if you have one", True))
    ]


def _prices(costs: Costs | None) -> str:
    """Say what the planner's prices are."""
    own, known = costs is not None, costs or default_costs()
    lanes = (
        f"{known.per_library:g} {known.currency} per library of up to {count(known.cells_per_library)} cells, "
        if known.per_library and math.isfinite(known.cells_per_library)
        else ""
    )
    each = f"{known.per_cell:g} {known.currency} per cell, " if known.per_cell else ""
    once = f"{known.fixed:g} {known.currency} once, " if known.fixed else ""
    told = (
        f"{lanes}{each}{once}{known.per_million_reads:g} {known.currency} per million reads, {known.umi_per_read:g} "
        f"UMI per read without saturation, {100 * known.cells_used:.0f} % of the cells paid for train"
    )
    if own:
        return f"Prices: {told}."
    return (
        f"The first prices are illustrative: {told}. Type your own, or write a page with them: noiselaw report --costs."
    )
