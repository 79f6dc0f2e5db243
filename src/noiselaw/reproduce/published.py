"""What the paper printed, and where its measurements stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noiselaw.errors import InputError, nearest
from noiselaw.table import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["DASH", "MODELS", "PRINTED", "SIGNALS", "Signal", "agreement", "read_measurements"]

#: The model's name in print, and in the published measurements.
MODELS: Mapping[str, str] = {
    "VAE": "VAE",
    "PCA": "PCA",
    "Txformer": "nanoTxformer",
    "Rand. Proj.": "RandomProjection",
}


@dataclass(frozen=True)
class Signal:
    """A column of the paper's tables: its file and column, and what the published cell numbers must be divided by."""

    file: str
    column: str
    cells_over: float = 1.0


#: LARRY's cell numbers were published three times too large.
SIGNALS: Mapping[str, Signal] = {
    "Clonal": Signal("LARRY_scaling.csv", "Clonal MI", 3.0),
    "Spatial": Signal("MERFISH_scaling.csv", "Spatial neighborhood MI"),
    "Protein": Signal("PBMC_CITEseq_scaling.csv", "Protein MI"),
    "Cell type": Signal("PBMC_CITEseq_scaling.csv", "Cell type fine MI"),
}
DASH = "–"
#: As printed, in the order of ``SIGNALS``.
PRINTED: Mapping[str, Mapping[str, tuple[str, str, str, str]]] = {
    "table-1": {"VAE": ("0.01", "0.16", "0.04", "0.07"), "PCA": ("0.06", "0.00", "0.00", "0.00")},
    "table-2": {
        "VAE": ("0.27", "1.64", "0.57", "0.13"),
        "PCA": ("0.46", "1.61", "0.73", "0.13"),
        "Txformer": ("0.01", "0.06", "0.06", "0.04"),
        "Rand. Proj.": (DASH, "0.23", "0.07", "0.04"),
    },
    "table-3": {
        "VAE": ("2.17", DASH, "5.29", "3.73"),
        "PCA": ("2.15", DASH, "5.29", "3.45"),
        "Txformer": ("0.27", "0.38", "3.06", "2.84"),
        "Rand. Proj.": (DASH, "0.74", "2.68", "2.38"),
    },
    "table-4": {
        "VAE": ("0.30", DASH, "0.67", "0.14"),
        "PCA": ("0.54", DASH, "0.89", "0.14"),
        "Txformer": ("0.02", "0.06", "0.06", "0.05"),
        "Rand. Proj.": (DASH, "0.28", "0.08", "0.04"),
    },
    "table-5": {
        "VAE": ("3.907", DASH, "11.55", "2.579"),
        "PCA": ("8.751", DASH, "18.43", "2.938"),
        "Txformer": ("1.453", "0.672", "1.423", "1.103"),
        "Rand. Proj.": (DASH, "1.944", "2.188", "1.308"),
    },
}


def read_measurements(source: Path, file: str) -> pd.DataFrame:
    """Read one of the published tables from the folder ``source``.

    Raises
    ------
    InputError
        Naming the tables that are there, if this one is not.
    """
    if not source.is_dir():
        raise InputError(f"There is no folder {str(source)!r}. Pass the one with the published measurements (.csv).")
    if not (source / file).is_file():
        there = [path.name for path in sorted(source.glob("*.csv"))]
        raise InputError(f"{str(source)!r} has no file {file!r}. {nearest(file, there)}")
    return read_table(source / file)


def agreement(printed: str, value: float, dash: bool) -> str:
    """Say how a number of ours stands to the printed one: same, truncated in print, dash, or different."""
    if printed == DASH or dash:
        return "dash" if printed == DASH and dash else "different"
    decimals = len(printed.partition(".")[2])
    if f"{value:.{decimals}f}" == printed:
        return "same"
    unit = 10.0**-decimals
    return "truncated" if float(printed) <= value < float(printed) + unit else "different"
