"""What a budget buys, and what a plateau depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.plot import marks
from noiselaw.plot.style import PALETTE, Look, looks, new_axes, style
from noiselaw.plot.words import deepened, observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from noiselaw.records import Fit, FloatArray

__all__ = ["asymptotes", "budget_curve"]


def budget_curve(
    cells: FloatArray,
    bits: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    ax: Axes | None = None,
    best: float | None = None,
    nearly: tuple[float, float] | None = None,
    unit: str = "UMI per cell",
) -> Axes:
    """Draw the bits that one budget buys when it is spread over more or fewer cells (or images).

    Parameters
    ----------
    cells, bits, low, high
        Numbers of cells with the bits expected and their interval, each (n,).
    ax
        Where to draw; a new figure by default.
    best
        The number of cells to mark as best.
    nearly
        The range of cells within 5 % of the best, shaded.
    unit
        Of u: the picture speaks of cells and depth, or of observations and signal-to-noise where it counts no
        molecules.
    """
    ax = new_axes(ax)
    with style():
        marks.line(ax, cells, bits, PALETTE[0], sure=True)
        marks.log_ticks(ax)
        reached = np.concatenate([bits, low, high])
        ax.set_ylim(*_padded(reached[np.isfinite(reached)]))
        marks.band(ax, cells, low, high, PALETTE[0])
        if nearly is not None:
            ax.axvspan(*nearly, color=PALETTE[2], alpha=0.12, linewidth=0, zorder=0.4, label="within 5 % of the best")
        if best is not None:
            height = float(np.interp(best, cells, bits))
            label = f"best: {best:,.0f} {observed(unit)}"
            ax.plot([best], [height], "*", color=PALETTE[1], markersize=14, zorder=5, label=label)
        if nearly is not None or best is not None:
            ax.legend(loc="lower center")
        ax.set_xlabel(f"{observed(unit)} that train (the rest of the budget buys {deepened(unit)})")
        ax.set_ylabel("bits")
    return ax


def _padded(values: FloatArray) -> tuple[float, float]:
    room = 0.08 * float(np.ptp(values)) or 0.1
    return float(values.min()) - room, float(values.max()) + room


def asymptotes(fits: Mapping[str, Mapping[float, Fit]], *, ax: Axes | None = None, unit: str = "UMI per cell") -> Axes:
    """Draw what unlimited cells would give, I_inf of the size law, against depth (the paper's Fig. 2).

    Parameters
    ----------
    fits
        By representation, by u: fits of the size law. Those whose status is not ok are drawn hollow, without interval.
    ax
        Where to draw; a new figure by default.
    unit
        Of u: where it counts no molecules, the picture speaks of observations instead of cells.
    """
    ax = new_axes(ax)
    colours = looks(sorted(fits))
    with style():
        for name in sorted(fits):
            _asymptote(ax, fits[name], colours[name], name)
        if not fits:
            marks.note(ax, "there is no size law to show")
            return ax
        marks.log_ticks(ax)
        ax.legend(loc="best")
        ax.set_xlabel(unit)
        ax.set_ylabel(f"bits with unlimited {observed(unit)}, I_inf")
    return ax


def _asymptote(ax: Axes, fits: Mapping[float, Fit], look: Look, name: str) -> None:
    sure = {u: fit for u, fit in fits.items() if fit.status == "ok"}
    x = np.array(sorted(sure))
    y = np.array([sure[u].parameters["I_inf"] for u in x])
    ends = [sure[u].intervals["I_inf"] for u in x]
    reach = np.array([[value - end.low, end.high - value] for value, end in zip(y, ends, strict=True)]).reshape(-1, 2)
    doubtful = {u: fit.parameters["I_inf"] for u, fit in fits.items() if u not in sure}
    shown = {u: value for u, value in doubtful.items() if np.isfinite(value)}
    ax.errorbar(
        x,
        y,
        yerr=np.where(np.isfinite(reach), reach, 0.0).T.clip(min=0.0),
        fmt=f"{look.marker}-",
        color=look.colour,
        elinewidth=1.4,
        linewidth=1.2,
        label=name if len(x) or shown else f"{name}: not determined",
    )
    ax.plot(list(shown), list(shown.values()), look.marker, color=look.colour, markerfacecolor="none", linestyle="none")
