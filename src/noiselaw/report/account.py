"""How a report says what was measured and how: sentences about the table and its provenance."""

from __future__ import annotations

import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from noiselaw.laws import LAWS
from noiselaw.plan.words import noun, number
from noiselaw.report.numbers import count, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Trouble", "completeness", "dropped", "facts", "methods", "troubles"]

#: The columns whose every combination a finished study has measured.
_GRID = ("level", "n_train", "representation", "seed")
#: What a name alone does not tell.
_PROBES = {
    "recommended": "recommended (a lower bound in held-out observations: a classifier for labels, a critic for numbers)"
}
_SUBJECT = ("dataset", "signal", "channel", "probe")


class Trouble(NamedTuple):
    """A reason that rows gave, how many gave it, and where."""

    reason: str
    rows: int
    where: str


def _names(table: pd.DataFrame, column: str) -> list[str]:
    return [str(value) for value in table[column].dropna().unique()] if column in table.columns else []


def _values(table: pd.DataFrame, column: str) -> list[float]:
    return sorted({float(value) for value in table[column].dropna()}) if column in table.columns else []


def facts(table: pd.DataFrame, provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was measured as (what, value) pairs; what is not known is left out."""
    source = provenance.get("input") or {}
    sizes, seeds = _values(table, "n_train"), _values(table, "seed")
    held_out, probes = _values(table, "n_test"), _names(table, "probe")
    found: list[tuple[str, str | None]] = [
        ("Data", listed(_names(table, "dataset")) if _names(table, "dataset") else None),
        ("File", PurePath(str(source["path"])).name if source.get("path") else None),
        ("Observations", _extent(source, "{n} × {features} features")),
        ("Signals", listed(_names(table, "signal"))),
        ("Noise", listed(_names(table, "channel")) if _names(table, "channel") else None),
        ("Noise levels", _listed_levels(_values(table, "level"))),
        (f"{noun(_unit(table)).capitalize()} u", _range(_u_per_level(table), _unit(table), "")),
        ("Training sizes", ", ".join(count(size) for size in sizes) if len(sizes) <= 12 else _counts(sizes)),
        ("Held out", _counts(held_out)),
        ("Representations", listed(_names(table, "representation"))),
        ("Probe", listed([_PROBES.get(name, name) for name in probes]) if probes else None),
        ("Seeds", f"{len(seeds)} ({_seeds(seeds)})" if seeds else None),
    ]
    return [(what, value) for what, value in found if value]


def _seeds(seeds: list[float]) -> str:
    return ", ".join(f"{seed:g}" for seed in seeds)


def _u_per_level(table: pd.DataFrame) -> list[float]:
    if "level" not in table.columns:
        return _values(table, "u")
    return sorted(float(u) for u in table.groupby("level")["u"].mean().dropna())


def _unit(table: pd.DataFrame) -> str:
    return listed(_names(table, "u_unit")) if _names(table, "u_unit") else ""


def _listed_levels(levels: list[float]) -> str | None:
    shown = [f"{level:.4g}" for level in levels]
    return ", ".join(shown) if 0 < len(shown) <= 16 else f"{len(shown)}, {shown[0]} to {shown[-1]}" if shown else None


def _counts(values: list[float]) -> str | None:
    """Return whole numbers from the smallest to the largest."""
    if not values:
        return None
    return count(values[0]) if len(values) == 1 else f"{count(values[0])} to {count(values[-1])}"


def _range(values: list[float], unit: str, noun: str) -> str | None:
    if not values:
        return None
    ends = number(values[0]) if len(values) == 1 else f"{number(values[0])} to {number(values[-1])}"
    many = f"{len(values)} {noun}s, " if noun and len(values) > 1 else ""
    return f"{many}{ends} {unit}".strip()


def completeness(table: pd.DataFrame) -> str:
    """Say how many measurements there are, how many failed or warn, and how many a full grid would still need."""
    states = table["status"].fillna("ok") if "status" in table.columns else None
    failed = int((states == "failed").sum()) if states is not None else int(table["bits"].isna().sum())
    warned = int((states == "warned").sum()) if states is not None else 0
    text = f"{count(len(table))} measurements"
    text += f", of which {count(failed)} failed" if failed else ", none failed"
    text += f" and {count(warned)} carry a warning." if warned else "."
    missing = _missing(table)
    if missing:
        more = "more belongs to the same grid and is" if missing == 1 else "more belong to the same grid and are"
        text += f" {count(missing)} {more} not there yet; run the study again to finish."
    return text


def _missing(table: pd.DataFrame) -> int:
    """Return how many combinations of level, size, representation and seed have no row, over all subjects."""
    grid = [name for name in _GRID if name in table.columns]
    keys = [name for name in _SUBJECT if name in table.columns]
    missing = 0
    for _, own in table.groupby(keys, dropna=False):
        full = int(np.prod([own[name].nunique(dropna=False) for name in grid]))
        missing += max(full - len(own.drop_duplicates(grid)), 0)
    return missing


def troubles(table: pd.DataFrame, status: str, most: int = 12) -> list[Trouble]:
    """Return the reasons of rows with ``status``, the commonest first, each with where it happened."""
    if "status" not in table.columns:
        return []
    rows = table[table["status"] == status]
    if rows.empty:
        return []
    told = rows["reason"].fillna("").replace("", "no reason was recorded")
    # Reasons that differ in their numbers only are one reason, told with the numbers of the first.
    kinds = told.str.replace(r"\d[\d.,]*(?:e[+-]?\d+)?", "#", regex=True)
    grouped = sorted(rows.assign(told=told).groupby(kinds), key=lambda pair: -len(pair[1]))
    found = [Trouble(_alike(own["told"]), len(own), _where(own)) for _, own in grouped[:most]]
    rest = grouped[most:]
    if rest:
        number_of = sum(len(own) for _, own in rest)
        found.append(Trouble(f"{count(len(rest))} other reasons, in the table's column reason", number_of, "elsewhere"))
    return found


def _alike(reasons: pd.Series) -> str:
    """Return the first of reasons that differ in their numbers only, and that they do."""
    first = str(reasons.iloc[0])
    return first if reasons.nunique() == 1 else f"{first.rstrip('.')}, or with other numbers"


def _where(rows: pd.DataFrame) -> str:
    parts = [listed(_names(rows, name)) for name in ("signal", "representation") if _names(rows, name)]
    levels = _values(rows, "level")
    if levels:
        parts.append(f"level{'s' if len(levels) > 1 else ''} {', '.join(f'{level:.4g}' for level in levels[:6])}")
    return "; ".join(parts) + ("…" if len(levels) > 6 else "")


def dropped(provenance: Mapping[str, Any]) -> list[str]:
    """Say for each signal how many observations were left out, and why."""
    sentences = []
    for signal, reasons in (provenance.get("dropped") or {}).items():
        told = [f"{count(n)} ({reason})" for reason, n in reasons.items() if n]
        if told:
            sentences.append(f"{signal}: {listed(told)} left out.")
    return sentences


def methods(table: pd.DataFrame, provenance: Mapping[str, Any], file: str = "") -> str:
    """Return the methods paragraph: data, noise, models, probe, laws, versions; only what is known.

    ``file`` says which file the table was read from, and its hash.
    """
    sizes, seeds, levels = _values(table, "n_train"), _values(table, "seed"), _values(table, "level")
    said = [_of_data(table, provenance)]
    if levels:
        depth = _range(_u_per_level(table), _unit(table), "")
        said.append(
            f"They were made noisier by {listed(_names(table, 'channel')) or 'a noise process'} at {len(levels)} "
            f"level{'s' if len(levels) > 1 else ''} (u {depth})."
        )
    trained = f" on {number(sizes[0])} to {count(sizes[-1])} training observations" if len(sizes) > 1 else ""
    said.append(_settings(provenance))
    said.append(f"Representations ({listed(_names(table, 'representation'))}) were fitted{trained}.")
    said.append(
        f"How much each says about {listed(_names(table, 'signal'))} was estimated in held-out observations"
        + (f" with the probe {listed(_names(table, 'probe'))}" if _names(table, "probe") else "")
        + ", as mutual information in bits, never clipped at zero"
        + (
            f", over {len(seeds)} seed{'s' if len(seeds) > 1 else ''} ({_seeds(seeds)}) that "
            f"redraw{'' if len(seeds) > 1 else 's'} split, noise and models."
            if seeds
            else "."
        )
    )
    noise, size = LAWS.get("noise"), LAWS.get("size")
    said.append(
        f"At the largest training size the noise law {noise.formula} ({noise.source}), and at the least noise the size "
        f"law {size.formula} ({size.source} of Gowri, Yin and Klein, Measurement noise scaling laws for cellular "
        "representation learning), were fitted by weighted least squares; intervals are 95 % confidence."
    )
    said.append(f"The measurements were read from {file}." if file else "")
    said.append(_versions(provenance))
    return " ".join(part for part in said if part)


def _of_data(table: pd.DataFrame, provenance: Mapping[str, Any]) -> str:
    source = provenance.get("input") or {}
    text = f"Data: {listed(_names(table, 'dataset')) or 'not named'}"
    extent = _extent(source, "{n} observations of {features} features")
    text += f", {extent}" if extent else ""
    if source.get("converted to RGB"):
        text += f", {source['converted to RGB']} converted to RGB"
    if source.get("counts"):
        text += f", {source['counts']}"
    if source.get("sha256"):
        text += f" (SHA-256 {source['sha256']})"
    return f"{text}."


def _extent(source: Mapping[str, Any], of_counts: str) -> str | None:
    """Return how many observations of what size there are: ``of_counts`` says it of counts; None if unknown."""
    n = source.get("n_observations")
    if n and source.get("n_features"):
        return of_counts.format(n=count(n), features=count(source["n_features"]))
    if n and source.get("height") and source.get("width"):
        return f"{count(n)} images of {source['height']} × {source['width']} pixels"
    return None


def _settings(provenance: Mapping[str, Any]) -> str:
    """Return what the study file sets about splitting and preparing; empty where there is none."""
    try:
        study = tomllib.loads(str(provenance.get("study") or ""))
    except tomllib.TOMLDecodeError:
        return ""
    said = []
    if "protocol" in study:
        said.append(f"protocol {study['protocol']}")
    held_out = study.get("held_out")
    if isinstance(held_out, float):
        said.append(f"{held_out:.0%} of the observations held out before anything was fitted".replace("%", " %"))
    preparation = study.get("preparation")
    if isinstance(preparation, dict):
        options = [f"{name} {value}" for name, value in preparation.items() if name != "kind"]
        said.append(f"preparation {preparation.get('kind', '')} ({', '.join(options)})" if options else "")
    said = [part for part in said if part]
    return f"Settings: {'; '.join(said)}." if said else ""


def _versions(provenance: Mapping[str, Any]) -> str:
    if not provenance.get("noiselaw_version"):
        return "The table does not say which software made it."
    packages = provenance.get("packages") or {}
    with_ = [f"{name} {version}" for name, version in packages.items() if name != "noiselaw"]
    text = f"Measured with noiselaw {provenance['noiselaw_version']}"
    text += f", Python {provenance['python']}" if provenance.get("python") else ""
    text += f", {', '.join(with_)}" if with_ else ""
    text += f", on {provenance['machine']}" if provenance.get("machine") else ""
    return f"{text}."
