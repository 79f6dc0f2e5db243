"""The paper's datasets, and a small one for everybody, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noiselaw.datasets.base import About, PublishedDataset
from noiselaw.datasets.cache import RemoteFile
from noiselaw.datasets.caltech101 import Caltech101
from noiselaw.datasets.citeseq import PbmcCiteSeq
from noiselaw.datasets.larry import LarryInVitro
from noiselaw.datasets.merfish import MerfishMouseBrain
from noiselaw.datasets.pbmc68k import Pbmc68kReduced
from noiselaw.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from noiselaw.records import Dataset

__all__ = [
    "DATASETS",
    "About",
    "Caltech101",
    "LarryInVitro",
    "MerfishMouseBrain",
    "Pbmc68kReduced",
    "PbmcCiteSeq",
    "PublishedDataset",
    "RemoteFile",
    "load",
]

DATASETS: Registry[PublishedDataset] = Registry(
    "dataset",
    "noiselaw.datasets",
    {
        "pbmc68k_reduced": Pbmc68kReduced,
        "pbmc_citeseq": PbmcCiteSeq,
        "larry_in_vitro": LarryInVitro,
        "merfish_mouse_brain": MerfishMouseBrain,
        "caltech101": Caltech101,
    },
)


def load(name: str, folder: str | Path | None = None, **options: Any) -> Dataset:
    """Return the dataset called ``name``, fetched into the user's cache (or ``folder``) if it is not there yet.

    Parameters
    ----------
    name
        One of ``DATASETS.names()``.
    folder
        Where its files lie or shall lie.
    options
        Of that dataset, e.g. ``blanks=False``.

    Raises
    ------
    UsageError
        If there is no such dataset or option, naming the nearest.
    InputError
        If it cannot be fetched or read.
    """
    return DATASETS.build(name, options).load(folder)
