"""What a report says, as values: chosen from the measurements and their fits, before any word is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from noiselaw.fit import predict
from noiselaw.plan.words import noun, observed
from noiselaw.plot import largest_size, top_level
from noiselaw.plot.select import ceiling_of

if TYPE_CHECKING:
    from noiselaw.records import Fit

__all__ = [
    "CELLS",
    "Axis",
    "Kept",
    "Subject",
    "cells_axis",
    "depth_axis",
    "kept",
    "misfit",
    "rows_of",
    "short_names",
    "subjects",
]


class Subject(NamedTuple):
    """What one section of a report is about; None where the table has no such column."""

    dataset: str | None
    signal: str | None
    channel: str | None
    probe: str | None


@dataclass(frozen=True)
class Axis:
    """How a law's variable is called in sentences ("more depth", "ten times the depth"), its unit, and one value."""

    noun: str
    unit: str
    step: str


CELLS = Axis("training cells", "", "size")


def depth_axis(unit: str) -> Axis:
    """Return how u is called, given its unit in the table."""
    return Axis(noun(unit), unit, "level")


def cells_axis(unit: str) -> Axis:
    """Return how what is trained on is called, given the unit of u: cells, or observations where u counts none."""
    return Axis(f"training {observed(unit)}", "", "size")


#: A representation's name with the options that differ from its defaults, and where one of them ends.
_OPTIONS, _COMMA = re.compile(r"([^()]+)\((.*)\)"), re.compile(r",\s*(?![^\[(]*[\])])")


def short_names(names: list[str]) -> dict[str, str]:
    """Return each name with only those options in brackets that tell it from others of its kind."""
    parsed = {name: _OPTIONS.fullmatch(name) for name in names}
    kinds: dict[str, list[set[str]]] = {}
    for name, found in parsed.items():
        kind, options = (found[1], set(_COMMA.split(found[2]))) if found else (name, set())
        kinds.setdefault(kind, []).append(options)
    short = {}
    for name, found in parsed.items():
        if found is None:
            short[name] = name
            continue
        told = [option for option in _COMMA.split(found[2]) if not all(option in other for other in kinds[found[1]])]
        short[name] = f"{found[1]}({', '.join(told)})" if told else found[1]
    return short if len(set(short.values())) == len(short) else {name: name for name in names}


@dataclass(frozen=True)
class Kept:
    """Bits kept at the least noise with the largest training set, mean over seeds; NaN bits carry a reason.

    ``truth`` is what the noisy observations hold at that level, where it is known.
    """

    representation: str
    x: float
    n_train: int
    bits: float
    standard_error: float
    ceiling: float
    n_seeds: int
    reason: str = ""
    truth: float = float("nan")


def rows_of(table: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Return the rows of ``table`` about ``subject``."""
    for name, value in subject._asdict().items():
        if value is not None:
            table = table[table[name] == value]
    return table


def subjects(table: pd.DataFrame) -> list[Subject]:
    """Return what ``table`` is about: one subject for every combination of dataset, signal, channel and probe."""
    names = [name for name in Subject._fields if name in table.columns]
    seen = table[names].drop_duplicates().sort_values(names) if names else table.iloc[:1]
    return [
        Subject(*(None if name not in names or row[name] is pd.NA else str(row[name]) for name in Subject._fields))
        for _, row in seen.iterrows()
    ]


def misfit(fit: Fit | None, fact: Kept) -> float:
    """Return by how many bits the measurements at full depth lie above the fitted law; 0 where they agree."""
    if fit is None or "region" not in fit.diagnostics or not np.isfinite(fact.bits):
        return 0.0
    bits, low, high = (float(end) for end in predict(fit, fact.x))
    margin = 2.0 * fact.standard_error if np.isfinite(fact.standard_error) else 0.0
    return 0.0 if low - margin <= fact.bits <= high + margin else fact.bits - bits


def _known(rows: pd.DataFrame) -> pd.DataFrame:
    known: pd.DataFrame = rows.loc[np.isfinite(rows["bits"].to_numpy(float, na_value=np.nan))]
    return known


def kept(rows: pd.DataFrame, representation: str, truth: pd.DataFrame | None = None) -> Kept:
    """Return what ``representation`` kept at full depth, from the rows of one subject."""
    top = top_level(rows)
    own = largest_size(top.loc[top["representation"] == representation])
    seen = _known(own)
    bits = seen["bits"].to_numpy(float)
    if len(bits) > 1:
        error = float(bits.std(ddof=1) / np.sqrt(len(bits)))
    else:
        error = float(seen["standard_error"].iloc[0]) if len(bits) and "standard_error" in seen else float("nan")
    return Kept(
        representation=representation,
        x=float(top["u"].mean()) if own["u"].isna().all() else float(own["u"].mean()),
        n_train=0 if "n_train" not in own or own["n_train"].isna().all() else int(own["n_train"].max()),
        bits=float(bits.mean()) if len(bits) else float("nan"),
        standard_error=error,
        ceiling=ceiling_of(_known(rows)) if len(bits) else float("nan"),
        n_seeds=len(bits),
        reason=_first_reason(own),
        truth=float("nan") if truth is None or truth.empty else float(top_level(truth)["bits"].mean()),
    )


def _first_reason(rows: pd.DataFrame) -> str:
    given = rows["reason"].dropna() if "reason" in rows else rows.iloc[:0]
    told = [str(reason) for reason in given if str(reason)]
    return told[0] if told else "there is no measurement at this level"
