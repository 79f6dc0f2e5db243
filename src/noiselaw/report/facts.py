"""What a report says, as values: chosen from the measurements and their fits, before any word is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from noiselaw.fit import derive, predict
from noiselaw.laws import LAWS
from noiselaw.plot import largest_size, top_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.records import Fit, Interval

__all__ = [
    "CELLS",
    "FACTOR",
    "Axis",
    "Contest",
    "Kept",
    "Plateau",
    "Prospect",
    "Subject",
    "contest",
    "depth_axis",
    "kept",
    "misfit",
    "plateau",
    "prospect",
    "rows_of",
    "subjects",
]

#: What is asked of every law: the gain from ten times more.
FACTOR = 10.0


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
    return Axis("depth" if "UMI" in unit else "signal-to-noise", unit, "level")


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


@dataclass(frozen=True)
class Prospect:
    """What ``factor`` times more of a law's variable would add, in bits, as far as the fit supports saying so."""

    status: str
    reason: str
    factor: float = FACTOR
    target: float = float("nan")
    bits: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class Plateau:
    """What a noiseless measurement would give, in bits, and the depth that reaches ``fraction`` of it."""

    bits: float
    bits_interval: Interval
    fraction: float
    x: float
    x_interval: Interval


@dataclass(frozen=True)
class Contest:
    """The representation that kept most, against the next: the mean difference over seeds and its interval."""

    best: str
    rival: str
    difference: float
    low: float
    high: float
    n_seeds: int
    n_rivals: int


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


def prospect(fit: Fit | None, at: float | None = None, factor: float = FACTOR) -> Prospect:
    """Return what ``factor`` times as much as ``at`` (the most measured) would add, as far as ``fit`` supports it."""
    if fit is None or not fit.n_points:
        return Prospect("no_data", "nothing was measured that could tell", factor)
    if "region" not in fit.diagnostics:
        return Prospect(fit.status, fit.reason, factor)
    start = fit.diagnostics["largest"][0] if at is None or not np.isfinite(at) else at
    gained = derive(fit, "gain", factor=factor, **{LAWS.get(fit.law).variables[0]: start})
    return Prospect(
        fit.status, fit.reason, factor, factor * start, gained.value, gained.interval.low, gained.interval.high
    )


def misfit(fit: Fit | None, fact: Kept) -> float:
    """Return by how many bits the measurements at full depth lie above the fitted law; 0 where they agree."""
    if fit is None or "region" not in fit.diagnostics or not np.isfinite(fact.bits):
        return 0.0
    bits, low, high = (float(end) for end in predict(fit, fact.x))
    margin = 2.0 * fact.standard_error if np.isfinite(fact.standard_error) else 0.0
    return 0.0 if low - margin <= fact.bits <= high + margin else fact.bits - bits


def plateau(fit: Fit | None, fraction: float = 0.9) -> Plateau | None:
    """Return the plateau of a noise law and what reaches ``fraction`` of it; None where ``fit`` supports neither."""
    if fit is None or fit.status != "ok":
        return None
    top, reach = derive(fit, "plateau"), derive(fit, "x_for_fraction", fraction=fraction)
    if not np.isfinite([top.value, reach.value]).all():
        return None
    return Plateau(top.value, top.interval, fraction, reach.value, reach.interval)


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
        ceiling=float(seen["ceiling_bits"].mean()) if len(bits) and "ceiling_bits" in seen else float("nan"),
        n_seeds=len(bits),
        reason=_first_reason(own),
        truth=float("nan") if truth is None or truth.empty else float(top_level(truth)["bits"].mean()),
    )


def _first_reason(rows: pd.DataFrame) -> str:
    given = rows["reason"].dropna() if "reason" in rows else rows.iloc[:0]
    told = [str(reason) for reason in given if str(reason)]
    return told[0] if told else "there is no measurement at this level"


def contest(rows: pd.DataFrame, names: Sequence[str], confidence: float = 0.95) -> Contest | None:
    """Compare the best representation with the next at full depth, paired over seeds; None where they share none.

    The interval is Student's, over the seeds' differences.
    """
    top = largest_size(_known(top_level(rows)))
    if top.empty:
        return None
    if "seed" not in top:
        top = top.assign(seed=0)
    by_seed = top.pivot_table(index="seed", columns="representation", values="bits").reindex(columns=list(names))
    ranked = by_seed.mean().dropna().sort_values(ascending=False)
    if len(ranked) < 2:
        return None
    best, rival = str(ranked.index[0]), str(ranked.index[1])
    gaps = (by_seed[best] - by_seed[rival]).dropna().to_numpy(float)
    if not len(gaps):
        return None
    half = float("nan")
    if len(gaps) > 1:
        half = float(stats.t.ppf(0.5 + confidence / 2, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    middle = float(gaps.mean())
    return Contest(best, rival, middle, middle - half, middle + half, len(gaps), len(ranked) - 1)
