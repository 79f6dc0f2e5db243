"""The page: sections, tables and downloads put into one file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from noiselaw.errors import InputError, nearest
from noiselaw.fit import PLATEAUS
from noiselaw.laws import LAWS
from noiselaw.plan.words import number, possible, span
from noiselaw.report import account, numbers, words
from noiselaw.report.facts import CELLS, Subject, subjects
from noiselaw.report.numbers import count, listed
from noiselaw.report.sections import Section, section
from noiselaw.table import read_provenance, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.laws import Parameter
    from noiselaw.records import Fit

__all__ = ["render", "write_report"]

#: Columns without which there is nothing to say.
_NEEDED = ("signal", "u", "representation", "bits")
#: A table larger than this as CSV is linked beside the page, not embedded in it.
_LARGEST = 8_000_000


def write_report(
    source: pd.DataFrame | str | Path,
    path: str | Path | None = None,
    *,
    provenance: Mapping[str, Any] | None = None,
    truth: pd.DataFrame | None = None,
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
        text = render(source, provenance=provenance, truth=truth)
    else:
        file = _table_file(Path(source))
        page = file.parent / "report.html" if path is None else Path(path)
        if provenance is None:
            provenance = read_provenance(file) if file.suffix == ".parquet" else {}
        known = file.parent / "truth.parquet"
        if truth is None and known.is_file():
            truth = read_table(known)
        beside = file if file.parent.resolve() == page.parent.resolve() else None
        text = render(read_table(file), provenance=provenance, truth=truth, beside=beside)
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
) -> str:
    """Return the page about ``table`` as HTML; ``beside`` is a Parquet file in the page's folder, to link to."""
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
    provenance = dict(provenance or {})
    sections = _sections(table, truth)
    environment = Environment(
        loader=PackageLoader("noiselaw.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = numbers.tied
    return environment.get_template("page.html.j2").render(
        version=__version__,
        css=Markup(files(__package__).joinpath("page.css").read_text(encoding="utf-8")),
        title=_title(table),
        lead=_lead(table, provenance),
        sections=sections,
        laws=[_law(law, [(part, getattr(part, law)) for part in sections]) for law in ("noise", "size")],
        complete=account.completeness(table),
        facts=account.facts(table, provenance),
        dropped=account.dropped(provenance),
        troubles=[
            ("Some measurements failed:", account.troubles(table, "failed")),
            ("Some measurements carry a warning:", account.troubles(table, "warned")),
        ],
        methods=account.methods(table, provenance),
        study=provenance.get("study") or "",
        downloads=_downloads(table, provenance, beside),
    )


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
    units = {part.unit for part, _ in parts}
    named = {"u": units.pop() if len(units) == 1 else "u", "observations": CELLS.noun}
    return {
        "name": f"{name} law",
        "formula": law.formula,
        "source": law.source,
        "parameters": [(p.name, named.get(p.unit, p.unit), p.meaning) for p in law.parameters],
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
        "reason": words.told(fit.reason, CELLS) if fit.law == "size" else fit.reason,
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


def _downloads(table: pd.DataFrame, provenance: Mapping[str, Any], beside: Path | None) -> list[dict[str, str]]:
    found = []
    text = table.to_csv(index=False)
    if len(text) <= _LARGEST:
        found.append(_embedded("measurements.csv", "text/csv", text, "Measurements (CSV)"))
    if beside is not None:
        label = (
            "Measurements (Parquet, beside this page)"
            if beside.suffix == ".parquet"
            else "Measurements, beside this page"
        )
        found.append({"name": beside.name, "href": beside.name, "label": label})
    if provenance.get("study"):
        found.append(_embedded("study.toml", "application/toml", str(provenance["study"]), "Study file (TOML)"))
    return found


def _embedded(name: str, kind: str, text: str, label: str) -> dict[str, str]:
    content = b64encode(text.encode()).decode()
    return {"name": name, "href": f"data:{kind};charset=utf-8;base64,{content}", "label": label}
