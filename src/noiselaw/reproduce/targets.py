"""Every table, figure and theorem of the paper, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noiselaw.errors import UsageError, nearest
from noiselaw.reproduce import appendix, collapse, curves, encoded, images, measured, rates, tables, theory, trained
from noiselaw.reproduce.published import SCALING, published_grid
from noiselaw.reproduce.studies import GRIDS
from noiselaw.reproduce.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noiselaw.reproduce.grid import Grid
    from noiselaw.reproduce.target import Result, Workplace

__all__ = ["TARGETS", "target"]


def _cells(name: str, title: str, make: Callable[[Grid], Result]) -> Target:
    """Return a target that reads depth × size measurements of cells, wherever they come from."""

    def from_measurements(source: Path) -> Result:
        return make(published_grid(source))

    def from_data(work: Workplace) -> Result:
        return make(measured.measured_grid(work))

    return Target(name, title, from_measurements, from_data, SCALING, _NEEDS_CELLS, _GRID_FILES)


def _published_images(source: Path) -> Result:
    return images.figure_5(images.published_problems(source), paper=True)


def _collapsed(source: Path) -> Result:
    problems = {
        f"{one.noise}, {images.CLASSES.get(one.name, one.name)}": (one.u, one.bits, one.ceiling)
        for one in images.published_problems(source)
    }
    return collapse.figure_3a(published_grid(source), problems)


_NEEDS_CELLS = "any of them (reduced), or at full size the datasets " + ", ".join(source.dataset for source in GRIDS)
_GRID_FILES = tuple(source.file for source in GRIDS)
_PBMC = (GRIDS[2].file,)
_NEEDS_PBMC = "reduced"
_NEEDS_IMAGES = "reduced: images of 96 pixels a side"
_NEEDS_WEIGHTS = "reduced; models whose weights are absent are left out"
_NO_CURVES = "Training curves are not among the published measurements."
_LISTED = (
    _cells("figure-1a", "information gained against training cells", curves.figure_1a),
    _cells("figure-1b", "information against UMI per cell", curves.figure_1b),
    _cells("figure-2", "information with unlimited cells, by depth", collapse.figure_2),
    Target(
        "figure-3a",
        "all curves collapsed onto one",
        _collapsed,
        measured.figure_3a,
        (*SCALING, *images.FILES),
        _NEEDS_CELLS,
        _GRID_FILES,
    ),
    _cells("figure-3b", "Eq. 2 laid through VAE and PCA", curves.figure_3b),
    Target(
        "theorem-4.1",
        "the Gaussian model, simulated",
        lambda source: theory.theorem_4_1(),
        lambda work: theory.theorem_4_1(),
        (),
        "none: it is simulated",
    ),
    _cells("table-1", "bits gained from ten times the cells", tables.table("table-1")),
    _cells("table-2", "bits gained from ten times the depth", tables.table("table-2")),
    _cells("table-3", "I_max", tables.table("table-3")),
    _cells("table-4", "bits lost to noise", tables.table("table-4")),
    _cells("table-5", "UMI per cell for 90 % of I_max", tables.table("table-5")),
    _cells("figure-4", "gain per tenfold cells, by depth", rates.figure_4),
    Target(
        "figure-5",
        "Eq. 2 through image classification",
        _published_images,
        measured.figure_5,
        images.FILES,
        _NEEDS_IMAGES,
        ("caltech101_5class.zip", "mobilenet_v2_imagenet.npz"),
    ),
    Target("figure-6", "training curves of Txformer", _NO_CURVES, trained.figure_6, (), _NEEDS_PBMC, _PBMC),
    Target("figure-7", "training curves of the VAE", _NO_CURVES, trained.figure_7, (), _NEEDS_PBMC, _PBMC),
    Target(
        "figure-8",
        "Txformers of four sizes, two layers",
        appendix.figure_8,
        trained.figure_8,
        (appendix.SCREEN,),
        _NEEDS_PBMC,
        _PBMC,
    ),
    Target(
        "figure-9",
        "foundation models, zero-shot",
        appendix.figure_9,
        trained.figure_9,
        appendix.ZERO_SHOT,
        _NEEDS_WEIGHTS,
        (*_PBMC, "weights/geneformer", "weights/scgpt"),
    ),
    Target(
        "figure-10",
        "tiling must not move the probe",
        appendix.figure_10,
        encoded.figure_10,
        (),
        _NEEDS_PBMC,
        _PBMC,
    ),
    Target(
        "figure-11",
        "counts against ranks, nine genes",
        "Single counts are not among the published measurements.",
        encoded.figure_11,
        (),
        _NEEDS_PBMC,
        _PBMC,
    ),
    Target(
        "figure-12",
        "random projections of counts and of ranks",
        appendix.figure_12,
        encoded.figure_12,
        (appendix.RANKS,),
        _NEEDS_PBMC,
        _PBMC,
    ),
    Target(
        "figure-13",
        "masked-token loss against the probe",
        "The probe's values over epochs are not among the published measurements.",
        trained.figure_13,
        (),
        _NEEDS_PBMC,
        _PBMC,
    ),
    _cells("figure-14", "every fit of Eq. 1", curves.figure_14),
    _cells("figure-15", "every fit of Eq. 2", curves.figure_15),
)
#: In the paper's order.
TARGETS: dict[str, Target] = {one.name: one for one in _LISTED}


def target(name: str) -> Target:
    """Return the target called ``name``.

    Raises
    ------
    UsageError
        Naming the nearest, if there is none.
    """
    if name not in TARGETS:
        raise UsageError(f"There is no target {name!r}. {nearest(name, [*TARGETS, 'all'])}")
    return TARGETS[name]
