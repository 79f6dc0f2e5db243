"""Figures 10, 11 and 12 measured again: tiled components, ranks beside counts, projections of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noiselaw import io
from noiselaw.arrays import as_dense
from noiselaw.io import content_hash
from noiselaw.plot import NamedCurve, looks, named_curves
from noiselaw.prepare import GeneSelection
from noiselaw.probes import mutual_information
from noiselaw.randomness import generator
from noiselaw.represent import PCA
from noiselaw.reproduce.appendix import Series, by_depth, counts_against_ranks, tiling
from noiselaw.reproduce.drawing import panels
from noiselaw.reproduce.studies import GRIDS, measure, study
from noiselaw.reproduce.target import Check, Picture, Result
from noiselaw.sweep.split import make_split

if TYPE_CHECKING:
    from noiselaw.prepare import FittedPreparation
    from noiselaw.records import FloatArray, Prepared, View
    from noiselaw.reproduce.target import Workplace

__all__ = ["Bench", "bench", "figure_10", "figure_11", "figure_12"]

_PBMC = GRIDS[2]
_TILES = 9
_GENES = 9


@dataclass(frozen=True, eq=False)
class Bench:
    """Cells at full depth: prepared training and held-out counts, and the held-out cells' proteins (n, p).

    ``content`` is the hash of the data they come from.
    """

    fitted: FittedPreparation
    train: Prepared
    test: Prepared
    proteins: FloatArray
    content: str

    def seen_as(self, view: View) -> tuple[Prepared, Prepared]:
        """Return training and held-out cells as ``view``."""
        return self.fitted.as_view(self.train, view), self.fitted.as_view(self.test, view)


def bench(work: Workplace) -> Bench:
    """Return the reduced PBMC, split and prepared as a study would at full depth (seed 0)."""
    path = study(_PBMC.reduced, work).data.path
    dataset = io.read(path)
    split = make_split(len(dataset.names), 0.25, 0)
    fitted = GeneSelection().fit(dataset.observations, split.train, dataset.features)
    prepared = fitted.apply(dataset.observations, dataset.names)
    proteins = dataset.matrices["protein"].to_numpy(float)[split.test]
    return Bench(fitted, prepared.take(split.train), prepared.take(split.test), proteins, content_hash(dataset))


def figure_10(work: Workplace) -> Result:
    """Return what the recommended probe reads from 16 components repeated 1 to 9 times."""
    cells = bench(work)
    train, test = cells.seen_as("lognorm")
    values = PCA().fit(train, generator(0, "figure-10")).embed(test).values
    found = [
        mutual_information(np.tile(values, (1, times)), cells.proteins, kind="continuous")
        for times in range(1, _TILES + 1)
    ]
    bits, error = (np.array([getattr(one, name) for one in found]) for name in ("bits", "standard_error"))
    result = tiling(bits, error, "recommended probe")
    remark = "Reduced: PBMC 10k, 1,714 held-out cells and 14 proteins, so the level is not the paper's (4.4 bits)."
    return replace(result, remarks=(remark,))


def figure_11(work: Workplace) -> Result:
    """Return counts and ranks of nine genes drawn from those that a tenth of the cells or more show."""
    cells = bench(work)
    counts = as_dense(cells.test.values)
    ranks = as_dense(cells.seen_as("ranks")[1].values)
    common = np.flatnonzero((counts > 0).mean(axis=0) >= 0.1)
    chosen = generator(0, "figure-11").choice(common, min(_GENES, len(common)), replace=False)
    figure, axes = panels(3, 3, width=3.0, height=2.4)
    rows, checks = [], []
    look = looks(["pca"])["pca"]
    for ax, gene in zip((ax for line in axes for ax in line), chosen, strict=False):
        there = counts[:, gene] > 0
        count, rank = counts[there, gene].astype(float), ranks[there, gene].astype(float)
        name = str(cells.test.features[gene])
        rows += [{"gene": name, "count": c, "rank": r} for c, r in zip(count, rank, strict=True)]
        named_curves(
            [NamedCurve(name, count, rank, look)], ax=ax, x_label="count", y_label="rank (1 is highest)", legend=False
        )
        ax.set_title(name)
        together = float(pd.Series(count).corr(pd.Series(rank), method="spearman"))
        checks.append(_far(name, together))
    caption = "Nine genes of held-out cells that show them: count against rank in the cell, by count over median."
    remark = "Reduced: PBMC 10k; genes drawn anew, from those that at least a tenth of the cells show."
    return Result(pd.DataFrame(rows), tuple(checks), (Picture(figure, caption),), (remark,))


def _far(name: str, together: float) -> Check:
    return Check(
        f"{name}: rank correlation of count and rank",
        together,
        "holds" if abs(together) < 0.95 else "fails",
        "far from equivalent",
        reason="Judged far from equivalent below 0.95 in size; −1 would preserve every order.",
        unit="Spearman's ρ",
    )


def figure_12(work: Workplace) -> Result:
    """Return what random projections of counts and of ranks keep of proteins, by depth."""
    table = measure("ranks", work)
    series = []
    for name, kind in (
        ("Random projection", "random_projection"),
        ("Rank random projection", "random_projection_ranks"),
    ):
        own = table[table["representation"] == kind].sort_values("u")
        series.append(Series(name, own["u"].to_numpy(float), own["bits"].to_numpy(float)))
    rows, picture = by_depth(series, "Protein information of 16-dimensional random projections, measured again.")
    remark = "Reduced: PBMC 10k with 14 proteins for the paper's 152,094 cells; one projection a point."
    return Result(rows, tuple(counts_against_ranks(*series)), (picture,), (remark,))
