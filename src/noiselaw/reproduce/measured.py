"""Depth × size measurements and Figure 5 measured again, on whatever data is present."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noiselaw.reproduce import collapse, images
from noiselaw.reproduce.grid import COLUMNS, Grid
from noiselaw.reproduce.studies import GRIDS, found, measure, text_of
from noiselaw.reproduce.target import Absent

if TYPE_CHECKING:
    from noiselaw.reproduce.target import Result, Workplace

__all__ = ["NAMES", "figure_3a", "figure_5", "measured_grid", "problems"]

#: The paper's models by the names that tables give them.
NAMES = {"random_projection": "Rand. Proj.", "pca": "PCA", "scvi": "VAE", "txformer": "Txformer"}
#: The paper's order of signals.
_ORDER = ("Clonal", "Spatial", "Protein", "Cell type")


@lru_cache(maxsize=4)
def measured_grid(work: Workplace) -> Grid:
    """Return measurements over depth and training size from every study whose data are there.

    What was measured before, in this folder, is not measured again.

    Raises
    ------
    Absent
        If the data of none are there.
    """
    chosen = {source: found(source, work) for source in GRIDS}
    if not any(chosen.values()):
        wanted = ", ".join(f"{source.file} (or the dataset {source.dataset})" for source in GRIDS)
        there = sorted(entry.name for entry in work.data.iterdir()) if work.data.is_dir() else []
        raise Absent(
            f"None of the data is there. Expected in {str(work.data)!r} one or more of {wanted}; found "
            f"{', '.join(there[:12]) or 'nothing'}. Pass --data, the folder that has them."
        )
    tables, remarks = [], []
    for source, name in chosen.items():
        if name:
            tables.append(measure(name, work))
            remarks.append(_about(name, full=name == source.full))
        else:
            remarks.append(f"Not measured: {source.file} is not there, nor the dataset {source.dataset}.")
    return Grid(as_rows(pd.concat(tables, ignore_index=True)), paper=False, remarks=tuple(remarks))


def _about(name: str, *, full: bool) -> str:
    """Return what a study file says of itself in its first line."""
    said = text_of(name).splitlines()[0].removeprefix("# ")
    return said if full else f"{said} Models: random projection and PCA, one seed, the recommended probe."


def as_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return a measurements table as the rows of a grid, under the paper's names; what failed is left out."""
    family = table["representation"].str.partition("(")[0]
    rows = pd.DataFrame(
        {
            "signal": pd.Categorical(table["signal"], _ORDER, ordered=True),
            "model": family.map(NAMES),
            "level": table["level"].astype(float),
            "u": table["u"].astype(float),
            "n_train": table["n_train"].astype(float),
            "bits": table["bits"].astype(float),
        }
    )[list(COLUMNS)]
    kept = rows[rows["model"].notna() & rows["signal"].notna() & np.isfinite(rows["bits"])]
    ordered = kept.sort_values(["signal", "model", "level", "n_train"], ignore_index=True)
    ordered["signal"] = ordered["signal"].astype(str)
    return pd.DataFrame(ordered)


def figure_3a(work: Workplace) -> Result:
    """Return the collapse of what was measured again; cells only."""
    return collapse.figure_3a(measured_grid(work))


# ---------------------------------------------------------------------------------------------------------- figure 5

_STUDIES = {"images_noise": "Gaussian noise", "images_pixelation": "pixelation"}
#: The paper's problems by the names that studies give their signals.
_PROBLEMS = {f"{name} against all": label for label, name in images.CLASSES.items()} | {"all classes": "all"}
_LEAST = 4


def figure_5(work: Workplace) -> Result:
    """Return Eq. 2 through image classification, trained again at 96 pixels a side (examples/images_reduced.toml)."""
    curves = [problem for study, noise in _STUDIES.items() for problem in problems(measure(study, work), noise)]
    remark = (
        "Reduced: images of 96 pixels a side for the paper's 240, one seed (as examples/images_reduced.toml and "
        "examples/images_reduced_pixelation.toml)."
    )
    return images.figure_5(curves, paper=False, remarks=(remark,))


def problems(table: pd.DataFrame, noise: str) -> list[images.Problem]:
    """Return the curves of a measurements table of images, one for each signal."""
    curves = []
    for signal, label in _PROBLEMS.items():
        own = table[(table["signal"] == signal) & np.isfinite(table["bits"].astype(float))].sort_values("u")
        if own["u"].nunique() >= _LEAST:
            ceiling = float(own["ceiling_bits"].astype(float).mean())
            u, bits = own["u"].to_numpy(float), own["bits"].to_numpy(float)
            curves.append(images.Problem(noise, label, ceiling, u, bits))
    return curves
