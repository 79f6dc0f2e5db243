"""Cells that go together: clones, and patches of tissue, whose cells tend to have one state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["clones_of", "followed", "patch_share", "patches_of"]


def clones_of(n_cells: int, clone_size: int) -> NDArray[np.int64]:
    """Return the clone of each cell, (n,): runs of ``clone_size`` cells."""
    return np.arange(n_cells, dtype=np.int64) // clone_size


def patches_of(
    n_cells: int, patch_size: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the patch, (n,), and the place, (n, 2), of the cells of a section, from left to right.

    One cell per unit of area; a patch is what lies nearest to one of random centres, ``patch_size`` cells on average.
    """
    side = np.sqrt(n_cells)
    places = side * rng.random((n_cells, 2))
    centres = side * rng.random((max(1, round(n_cells / patch_size)), 2))
    places = places[np.argsort(places[:, 0], kind="stable")]
    return np.asarray(cKDTree(centres).query(places)[1], dtype=np.int64), places


def followed(
    kin: NDArray[np.int64],
    own: NDArray[np.int64],
    shares: NDArray[np.float64],
    fidelity: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the state of each cell, (n,): that of its ``kin`` with chance ``fidelity``, else its ``own``.

    States of kin are drawn like those of cells, so that the share of each state stays what it is, and two of a kin
    have one state with chance fidelity² beyond that of any two cells.
    """
    common = rng.choice(len(shares), int(kin.max()) + 1, p=shares)
    return np.where(rng.random(len(kin)) < fidelity, common[kin], own)


def patch_share(n_cells: int, patch_size: int, k: int, rng: np.random.Generator, sections: int = 100) -> float:
    """Return how often a cell and one of its ``k`` nearest lie in one patch, over that many fresh sections."""
    same = []
    for _ in range(sections):
        patch, places = patches_of(n_cells, patch_size, rng)
        near = np.asarray(cKDTree(places).query(places, k=k + 1)[1])[:, 1:]
        same.append(float((patch[near] == patch[:, None]).mean()))
    return float(np.mean(same))
