"""The studies behind targets measured again: at the paper's size where the user has its data, else reduced."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.datasets import DATASETS
from noiselaw.datasets.cache import folder_of
from noiselaw.optional import require
from noiselaw.reproduce.compute import counted
from noiselaw.reproduce.target import Absent
from noiselaw.sweep import Study, load, run_loaded
from noiselaw.sweep.conduct import Execution

if TYPE_CHECKING:
    import pandas as pd

    from noiselaw.reproduce.target import Workplace

__all__ = ["GRIDS", "Source", "found", "measure", "study", "text_of"]


@dataclass(frozen=True)
class Source:
    """Data that some targets can be measured on.

    Parameters
    ----------
    reduced
        The study file in ``studies`` that takes ``file``, and ``file`` itself, looked for in the user's folder.
    full
        The study file that takes ``dataset``, a published dataset that the user has in the cache.
    """

    reduced: str
    file: str
    full: str = ""
    dataset: str = ""


#: What the figures and tables over depth and training size are measured on.
GRIDS = (
    Source("larry", "clonal_larry_invitro_cospar781.h5ad", "larry_full", "larry_in_vitro"),
    Source("merfish", "spatial_merfish_moffitt_4slices.h5ad", "merfish_full", "merfish_mouse_brain"),
    Source("pbmc", "citeseq_pbmc10k_hvg4000.h5ad", "pbmc_full", "pbmc_citeseq"),
)


def text_of(name: str) -> str:
    """Return the text of a study file."""
    return files(__package__).joinpath("studies", f"{name}.toml").read_text(encoding="utf-8")


def found(source: Source, work: Workplace) -> str:
    """Return the name of the study that can be run on what is there: the full one, the reduced one, or none ("")."""
    if source.full and _in_cache(source.dataset):
        return source.full
    return source.reduced if (work.data / source.file).exists() else ""


def _in_cache(dataset: str) -> bool:
    """Return whether a published dataset is in the user's cache, whole."""
    try:
        require("pooch", "Finding a dataset")
    except ImportError:
        return False
    folder = folder_of(dataset, None)
    wanted = DATASETS.get(dataset).files
    if not wanted:  # downloaded by hand
        return folder.is_dir() and any(folder.iterdir())
    return all((folder / file.name).is_file() for file in wanted)


def study(name: str, work: Workplace) -> Study:
    """Return the study in the file ``name``, its data taken from the workplace.

    Raises
    ------
    Absent
        If its data are not there.
    """
    described = Study.from_toml(text_of(name), work.data)
    path = getattr(described.data, "path", None)
    if path is not None:
        there = sorted(entry.name for entry in work.data.iterdir()) if work.data.is_dir() else []
        wanted = path.rpartition("/")[2]
        if wanted not in there:
            told = ", ".join(there[:12]) or "nothing"
            raise Absent(f"{str(work.data)!r} has no {wanted}; found {told}. Pass --data, the folder that has it.")
    return described


def measure(name: str, work: Workplace) -> pd.DataFrame:
    """Run a study, or what is left of it, in a folder of its own; return its measurements.

    Raises
    ------
    Absent
        If its data are not there, or not one measurement succeeded (saying why the first did not).
    """
    loaded = load(study(name, work))
    with counted(work.out, name):
        table = run_loaded(loaded, work.out / name, Execution(workers=work.workers))
    if not np.isfinite(table["bits"].to_numpy(float)).any():
        raise Absent(f"Nothing could be measured for the study {name!r}: {table['reason'].iloc[0]}")
    return table
