"""Two variables at once: information rates by model and depth, and a joint law over depth and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError, nearest
from noiselaw.plot import marks
from noiselaw.plot.style import INK, MUTED, new_axes, style
from noiselaw.plot.words import observed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from noiselaw.records import FloatArray

__all__ = ["information_rates", "joint_surface"]


def information_rates(rates: pd.DataFrame, *, ax: Axes | None = None, unit: str = "UMI per cell") -> Axes:
    """Draw how fast each representation learns from more cells, by depth (the paper's Fig. 4).

    Parameters
    ----------
    rates
        One row per representation and u: columns ``representation, u, rate`` (bits per tenfold training cells).
        A rate that is NaN stays empty and is marked "?".
    ax
        Where to draw; a new figure by default.
    unit
        Of u: where it counts no molecules, the picture speaks of observations instead of cells.

    Raises
    ------
    InputError
        If a column is missing.
    """
    for name in ("representation", "u", "rate"):
        if name not in rates.columns:
            raise InputError(f"The heat map needs the column {name!r}. {nearest(name, rates.columns)}")
    grid = rates.pivot_table(index="representation", columns="u", values="rate", aggfunc="mean", dropna=False)
    ax = new_axes(ax, (0.55 * grid.shape[1] + 2.6, 0.42 * grid.shape[0] + 1.5))
    values = grid.to_numpy(float)
    with style():
        shown = ax.imshow(values, aspect="auto", cmap="cividis")
        ax.set_xticks(range(grid.shape[1]), [marks.plain(float(u)) for u in grid.columns])
        ax.set_yticks(range(grid.shape[0]), [str(name) for name in grid.index])
        ax.grid(visible=False)
        ax.set_xlabel(unit)
        middle = np.nanmean([np.nanmin(values), np.nanmax(values)]) if np.isfinite(values).any() else 0.0
        for (row, column), value in np.ndenumerate(values):
            text = f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "?"
            colour = MUTED if text == "?" else INK if value > middle else "white"
            ax.text(column, row, text, ha="center", va="center", color=colour, fontsize="small")
        bar = ax.figure.colorbar(shown, ax=ax, pad=0.02)
        bar.set_label(f"bits per tenfold {observed(unit)}")
        bar.outline.set_visible(False)
    return ax


def joint_surface(
    u: FloatArray,
    n_train: FloatArray,
    bits: FloatArray,
    *,
    ax: Axes | None = None,
    measured: tuple[FloatArray, FloatArray] | None = None,
    cost: FloatArray | None = None,
    best: tuple[float, float] | None = None,
    unit: str = "UMI per cell",
) -> Axes:
    """Draw a joint law: bits over depth and cells, with lines of equal information and of equal cost.

    Parameters
    ----------
    u, n_train
        The grid's depths (n,) and training sizes (m,).
    bits
        The law on the grid, (m, n); NaN where it says nothing.
    ax
        Where to draw; a new figure by default.
    measured
        Depths and sizes that were measured: dots, so that extrapolation is seen.
    cost
        What each point of the grid costs, (m, n): dotted lines.
    best
        Depth and size to mark with a star.
    unit
        Of u: where it counts no molecules, the picture speaks of observations instead of cells.
    """
    from matplotlib.ticker import LogLocator

    ax = new_axes(ax)
    with style():
        ax.set_xlim(u.min(), u.max())
        ax.set_ylim(n_train.min(), n_train.max())
        ax.set_yscale("log")
        marks.log_ticks(ax)
        filled = ax.contourf(u, n_train, np.ma.masked_invalid(bits), levels=14, cmap="cividis", alpha=0.92)
        lines = ax.contour(u, n_train, np.ma.masked_invalid(bits), levels=7, colors="white", linewidths=0.9)
        ax.clabel(lines, fmt="%.2f bits", fontsize="small")
        if cost is not None:
            steps = LogLocator(subs=(1.0, 3.0))
            equal = ax.contour(u, n_train, cost, locator=steps, colors=INK, linewidths=0.9, linestyles=":")
            ax.clabel(equal, fmt=lambda cost: f"cost {cost:,.0f}", fontsize="small")
        if measured is not None:
            ax.plot(*measured, "o", color="white", markeredgecolor=INK, markersize=4, linestyle="none")
        if best is not None:
            ax.plot([best[0]], [best[1]], "*", color="#d55e00", markeredgecolor="white", markersize=15)
        ax.grid(visible=False)
        ax.yaxis.set_major_formatter(marks.plain)
        ax.set_xlabel(unit)
        ax.set_ylabel(f"training {observed(unit)}")
        ax.figure.colorbar(filled, ax=ax, pad=0.02).set_label("bits")
    return ax
