"""Figure 4: how fast models gain from more cells, by depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.plot import information_rates
from noiselaw.reproduce.curves import scaling_models
from noiselaw.reproduce.drawing import panels
from noiselaw.reproduce.published import SIGNALS, agreement
from noiselaw.reproduce.target import Check, Picture, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noiselaw.reproduce.grid import Grid

__all__ = ["figure_4"]


def figure_4(grid: Grid) -> Result:
    """Return the information gained per log10 cells above random projection, by depth, and how tenfold depth speeds it.

    One row per model, signal and depth; with the paper's own rows also with LARRY's cell numbers corrected.
    """
    rows = [row for signal in grid.signals for row in _rates(grid, signal)]
    found = pd.DataFrame(rows)
    figure, axes = panels((len(grid.signals) + 1) // 2, min(2, len(grid.signals)), width=6.0, height=1.9)
    places = [ax for line in axes for ax in line]
    for ax in places[len(grid.signals) :]:
        ax.set_axis_off()
    for ax, signal in zip(places, grid.signals, strict=False):
        own = found[(found["signal"] == signal) & (found["cells"] != "corrected")]
        shown = own.rename(columns={"model": "representation"})
        information_rates(shown.assign(u=[float(f"{u:.3g}") for u in shown["u"]]), ax=ax)
        ax.set_title(signal)
        ax.tick_params(axis="x", rotation=60)
    caption = "Bits gained per log10 cells above random projection, mean over training sizes, by depth (UMI per cell)."
    return Result(found, tuple(_checks(found, grid.paper)), (Picture(figure, caption),), grid.remarks)


def _rates(grid: Grid, signal: str) -> Iterable[dict[str, Any]]:
    base = grid.baseline(signal)
    counts = {"published": 1.0, "corrected": SIGNALS[signal].cells_over} if grid.paper else {"measured": 1.0}
    for model in scaling_models(grid, signal):
        chosen = grid.rows[(grid.rows["signal"] == signal) & (grid.rows["model"] == model)]
        gained = chosen["bits"] - chosen["level"].map(base)
        for cells, over in counts.items():
            rate = (gained / np.log10(chosen["n_train"] / over)).groupby(chosen["level"]).mean()
            depth = chosen.groupby("level")["u"].mean()
            top = float(rate.index.max())
            tenth = float(rate.index[np.argmin(np.abs(np.log10(rate.index / top) + 1.0))])
            for level, value in rate.items():
                yield {
                    "target": "figure-4", "model": model, "signal": signal, "cells": cells, "quality": level,
                    "u": float(depth[level]), "rate": float(value), "ratio": float(rate[top] / rate[tenth]),
                }  # fmt: skip


def _checks(found: pd.DataFrame, paper: bool) -> Iterable[Check]:
    ratios = found.groupby(["cells", "model", "signal"], sort=False)["ratio"].first()
    for cells in found["cells"].unique():
        own = ratios[cells]
        for name, printed, value in (("mean", "1.8", float(own.mean())), ("largest", "3.3", float(own.max()))):
            standing = agreement(printed, value, dash=False) if paper else "elsewhere"
            told = f" ({cells} cell numbers)" if paper else ""
            yield Check(f"rate at full depth over a tenth: {name}{told}", value, standing, printed, unit="fold")
    for (model, signal), value in ratios["published" if paper else "measured"].items():
        if signal == "Cell type":
            similar = 1 / 1.25 < value < 1.25
            yield Check(
                f"{model}, {signal}: rate at full depth over a tenth",
                float(value),
                "holds" if similar else "fails",
                "similar at lower depth",
                reason="Judged similar within a factor of 1.25.",
                unit="fold",
            )
        else:
            yield Check(f"{model}, {signal}: rate at full depth over a tenth", float(value), "unprinted", unit="fold")
