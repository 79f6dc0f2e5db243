"""What the paper printed, and where its measurements stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from noiselaw.errors import InputError
from noiselaw.reproduce.grid import Grid
from noiselaw.reproduce.target import Absent
from noiselaw.table import numbers_of, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noiselaw.reproduce.target import Standing

__all__ = [
    "ADDRESS",
    "DASH",
    "FILES",
    "MODELS",
    "PRINTED",
    "SCALING",
    "SIGNALS",
    "Signal",
    "agreement",
    "published_grid",
    "read_measurements",
    "refuse_strange_folder",
]

#: Where the paper's authors publish their measurements.
ADDRESS = "https://github.com/ggdna/scScaling (folder results)"

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
#: The files of ``SIGNALS``, each once.
SCALING = tuple(dict.fromkeys(signal.file for signal in SIGNALS.values()))
#: Every published table that some target reads.
FILES = (
    *SCALING,
    "Caltech101_Gaussian.csv",
    "Caltech101_resolution.csv",
    "PBMC_CITEseq_inference_time_scaling.csv",
    "PBMC_CITEseq_inference_time_scaling_nanoTx.csv",
    "Tx_param_screen.csv",
    "rank_encoding_info_loss.csv",
)
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


def refuse_strange_folder(source: Path) -> None:
    """Refuse a folder that holds none of the published tables.

    Raises
    ------
    InputError
        Saying which files were expected and which were found.
    """
    if not source.is_dir():
        raise InputError(
            f"There is no folder {str(source)!r}. Pass the one with the published measurements (.csv); their authors "
            f"publish them at {ADDRESS}."
        )
    if not any((source / file).is_file() for file in FILES):
        raise InputError(f"{str(source)!r} holds none of the published measurements. {_expected(source)}")


def _expected(source: Path) -> str:
    found = sorted(path.name for path in source.iterdir())
    some = ", ".join(found[:8]) + (f", … ({len(found)} in all)" if len(found) > 8 else "")
    return f"Expected {', '.join(FILES)}; found {some or 'nothing'}. They are published at {ADDRESS}."


def read_measurements(source: Path, file: str) -> pd.DataFrame:
    """Read one of the published tables from the folder ``source``.

    Raises
    ------
    Absent
        If this one is not there, naming those that are.
    """
    refuse_strange_folder(source)
    if not (source / file).is_file():
        there = [name for name in FILES if (source / name).is_file()]
        raise Absent(
            f"{str(source)!r} has no file {file!r}, only {', '.join(there)} of the published measurements. Get it from "
            f"{ADDRESS}."
        )
    return read_table(source / file)


def published_grid(source: Path, signals: Mapping[str, Signal] = SIGNALS) -> Grid:
    """Return the published measurements of cells over depth and training size.

    Cell numbers and u stand as published: LARRY's cells are three times too many, MERFISH's u at full depth is wrong.
    """
    named = {published: printed for printed, published in MODELS.items()}
    parts = []
    for name, signal in signals.items():
        measured = read_measurements(source, signal.file)
        part = pd.DataFrame(
            {
                "signal": name,
                "model": measured["Method"].map(named),
                "level": measured["Quality"].str.removeprefix("Q").astype(float),
                "u": numbers_of(measured, "UMI per cell"),
                "n_train": numbers_of(measured, "Cell number"),
                "bits": numbers_of(measured, signal.column),
            }
        )
        parts.append(part[part["model"].notna()])
    remarks = (
        "LARRY's cell numbers were published three times too large (65,443 training cells stand as 196,332).",
        "MERFISH's u at full depth was published as 352.98, the mean of log-normalised data; counts give about 415.",
        "One measurement a point: no replicates and no standard errors were published.",
    )
    return Grid(pd.concat(parts, ignore_index=True), paper=True, remarks=remarks)


def agreement(printed: str, value: float, dash: bool) -> Standing:
    """Say how a number of ours stands to the printed one: same, truncated in print, dash, or different."""
    if printed == DASH or dash:
        return "dash" if printed == DASH and dash else "different"
    decimals = len(printed.partition(".")[2])
    if f"{value:.{decimals}f}" == printed:
        return "same"
    unit = 10.0**-decimals
    return "truncated" if float(printed) <= value < float(printed) + unit else "different"
