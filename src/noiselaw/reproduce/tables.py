"""The paper's tables and the numbers of its figures, from its published measurements, beside sound fits of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.errors import UsageError, nearest
from noiselaw.fit import derive, fit_law
from noiselaw.reproduce.published import MODELS, PRINTED, SIGNALS, agreement, read_measurements

if TYPE_CHECKING:
    from collections.abc import Callable

    from noiselaw.fit import Derived
    from noiselaw.records import Fit

__all__ = ["TARGETS", "figure_4", "figure_5", "reproduce", "table"]

#: Ten times the depth adds at most this to any curve of Eq. 2 (½·log2 10): the formula's ceiling, not the data's.
_MOST = 0.5 * np.log2(10.0)


def reproduce(target: str, source: str | Path) -> pd.DataFrame:
    """Compute ``target`` from the published measurements in the folder ``source``.

    Parameters
    ----------
    target
        ``table-1`` to ``table-5``, ``figure-4`` or ``figure-5``.
    source
        The folder with the published .csv files.

    Returns
    -------
    DataFrame
        For tables: ``printed``, ``paper`` (our number by the published procedure, NaN for a dash), ``agreement``, and
        ``recommended`` with ``low``, ``high``, ``status``, ``reason``.

    Raises
    ------
    UsageError
        If there is no such target.
    InputError
        If a file is absent.
    """
    if target not in TARGETS:
        raise UsageError(f"There is no target {target!r}. {nearest(target, TARGETS)}")
    return TARGETS[target](Path(source))


def table(number: str, source: Path) -> pd.DataFrame:
    """Return one of the paper's five tables, one row per model and signal."""
    rows = []
    for model, printed in PRINTED[number].items():
        for (name, signal), text in zip(SIGNALS.items(), printed, strict=True):
            measured = read_measurements(source, signal.file)
            measured = measured[measured["Method"] == MODELS[model]]
            law, x, chosen = _curve(number, measured)
            fits = [fit_law(law, chosen[x], chosen[signal.column], protocol=p, rivals=False) for p in _PROTOCOLS]
            rows.append(
                {"target": number, "model": model, "signal": name, "printed": text, **_row(number, text, *fits)}
            )
    return pd.DataFrame(rows)


_PROTOCOLS: tuple[Any, Any] = ("paper", "recommended")


def _curve(number: str, rows: pd.DataFrame) -> tuple[str, str, pd.DataFrame]:
    """Return the law, the column of its variable, and the measurements it is laid through."""
    if number == "table-1":
        return "size", "Cell number", rows[rows["UMI per cell"] == rows["UMI per cell"].max()]
    return "noise", "UMI per cell", rows[rows["Fraction"] == 1.0]


def _row(number: str, printed: str, paper: Fit, sound: Fit) -> dict[str, Any]:
    ours, better = _number(number, paper), _number(number, sound)
    dash = _dash(number, paper)
    scale = 1e-3 if number == "table-5" else 1.0
    return {
        "paper": np.nan if dash else scale * ours.value,
        "agreement": agreement(printed, scale * ours.value, dash),
        "recommended": scale * better.value,
        "low": scale * better.interval.low,
        "high": scale * better.interval.high,
        "status": sound.status,
        "reason": _reason(number, better, sound),
    }


def _number(number: str, fit: Fit) -> Derived:
    asked: dict[str, dict[str, Any]] = {
        "table-1": {"quantity": "gain", "factor": 10.0},
        "table-2": {"quantity": "gain", "factor": 10.0},
        "table-3": {"quantity": "plateau"},
        "table-4": {"quantity": "bits_lost"},
        "table-5": {"quantity": "x_for_fraction", "fraction": 0.9},
    }
    return derive(fit, **asked[number])


def _dash(number: str, fit: Fit) -> bool:
    """Return whether the paper's rule gives a dash; a gain passed where the minimiser gave no standard error at all."""
    if number == "table-1":
        return False
    if number == "table-2":
        values, errors = fit.diagnostics["published"], fit.diagnostics["published_errors"]
        return any(errors[name] >= values[name] for name in values)
    return fit.status != "ok"


def _reason(number: str, found: Derived, fit: Fit) -> str:
    if number == "table-2" and found.interval.high > 0.95 * _MOST:
        return (
            f"{fit.reason} No curve of Eq. 2 can gain more than {_MOST:.2f} bits from ten times the depth; "
            "a gain this near is the formula's ceiling, not a finding."
        )
    return fit.reason


def figure_4(source: Path) -> pd.DataFrame:
    """Return the information gained per log10 cells above random projection, by depth, and how tenfold depth speeds it.

    One row per model, signal and depth, with cell numbers as published and corrected (LARRY's are three times too
    large); ``ratio`` compares full depth with a tenth of it.
    """
    rows: list[dict[str, Any]] = []
    for name, signal in SIGNALS.items():
        measured = read_measurements(source, signal.file)
        base = measured[measured["Method"] == "RandomProjection"].groupby("Quality")[signal.column].mean()
        for model in ("VAE", "PCA"):
            chosen = measured[measured["Method"] == MODELS[model]]
            gained = chosen[signal.column] - chosen["Quality"].map(base)
            for cells, over in (("published", 1.0), ("corrected", signal.cells_over)):
                rate = (gained / np.log10(chosen["Cell number"] / over)).groupby(chosen["Quality"]).mean()
                ratio = rate["Q1.000"] / rate["Q0.100"]
                rows.extend(
                    {
                        "target": "figure-4",
                        "model": model,
                        "signal": name,
                        "cells": cells,
                        "quality": float(str(quality)[1:]),
                        "rate": float(value),
                        "ratio": float(ratio),
                    }
                    for quality, value in rate.items()
                )
    return pd.DataFrame(rows)


def figure_5(source: Path) -> pd.DataFrame:
    """Return Eq. 2 through every image-classification problem, by the published and by the recommended procedure.

    ``ceiling`` is what the labels hold: 1 bit for one class against all (balanced), H(L) for all five.
    u is 1/σ² for Gaussian noise and 1/f for pixelation, as the authors ran it (their text's α = 1/f would be u = 1/f²).
    """
    rows = []
    for noise, file, column, power in (
        ("Gaussian noise", "Caltech101_Gaussian.csv", "Scale", -2.0),
        ("pixelation", "Caltech101_resolution.csv", "Factor", -1.0),
    ):
        measured = read_measurements(source, file)
        for label, chosen in measured.groupby("Class label", sort=False):
            ceiling = _entropy(measured) if label == "all" else 1.0
            u = chosen[column].astype(float) ** power
            paper, sound = (
                fit_law("noise", u, chosen["MI"], ceiling=ceiling, protocol=p, rivals=False) for p in _PROTOCOLS
            )
            row: dict[str, Any] = {"target": "figure-5", "noise": noise, "problem": str(label), "ceiling": ceiling}
            for parameter in ("I_max", "u_bar"):
                interval = sound.intervals[parameter]
                row |= {
                    f"{parameter}_paper": paper.parameters[parameter],
                    parameter: sound.parameters[parameter],
                    f"{parameter}_low": interval.low,
                    f"{parameter}_high": interval.high,
                }
            rows.append(row | {"status": sound.status, "reason": sound.reason})
    return pd.DataFrame(rows)


def _entropy(measured: pd.DataFrame) -> float:
    """Return H(L) of the five classes among the held-out images, in bits."""
    counts = measured[measured["Class label"] != "all"].groupby("Class label")["N instances of label"].first()
    shares = counts.to_numpy(float) / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _target(number: str) -> Callable[[Path], pd.DataFrame]:
    return lambda source: table(number, source)


#: What can be computed from the published measurements alone.
TARGETS: dict[str, Callable[[Path], pd.DataFrame]] = {
    **{number: _target(number) for number in PRINTED},
    "figure-4": figure_4,
    "figure-5": figure_5,
}
