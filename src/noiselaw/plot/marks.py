"""Arrays on Axes: the lower storey. Nothing here knows what is drawn, and nothing here computes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.plot.style import GRID, INK, MUTED, Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from noiselaw.records import FloatArray

__all__ = [
    "EndLabel",
    "band",
    "ceiling",
    "end_labels",
    "guide",
    "line",
    "log_ticks",
    "means",
    "note",
    "plain",
    "points",
]


@dataclass(frozen=True)
class EndLabel:
    """A name written beside the end of its curve, at height ``y``."""

    y: float
    text: str
    colour: str


#: More single replicates than this on one curve are pixels in vector files, which else hold a shape for each.
_MANY = 1000


def points(ax: Axes, x: FloatArray, y: FloatArray, look: Look) -> None:
    """Draw single replicates: small, pale, behind everything that summarises them."""
    drawn = ax.plot(x, y, look.marker, color=look.colour, markersize=2.6, alpha=0.4, markeredgewidth=0, zorder=2)
    drawn[0].set_rasterized(len(x) > _MANY)


def means(ax: Axes, x: FloatArray, y: FloatArray, error: FloatArray, look: Look, label: str) -> None:
    """Draw means with ± one standard error; an unknown error draws no bar."""
    ax.errorbar(
        x,
        y,
        yerr=np.where(np.isfinite(error), error, 0.0),
        fmt=look.marker,
        color=look.colour,
        markeredgecolor="white",
        markeredgewidth=0.7,
        elinewidth=1.4,
        zorder=4,
        label=label,
    )


def line(ax: Axes, x: FloatArray, y: FloatArray, colour: str, *, sure: bool, thin: bool = False) -> None:
    """Draw a law: solid where it is ``sure``, dashed where it is not."""
    dashes = "-" if sure else (0, (4, 2.5))
    ax.plot(x, y, linestyle=dashes, color=colour, linewidth=1.2 if thin else 1.8, zorder=3)


def band(ax: Axes, x: FloatArray, low: FloatArray, high: FloatArray, colour: str, *, faint: bool = False) -> None:
    """Shade an interval; an end that is unbounded is shaded to the edge of the Axes."""
    bottom, top = ax.get_ylim()
    floor, roof = np.fmax(low, bottom), np.fmin(high, top)
    ax.fill_between(x, floor, roof, color=colour, alpha=0.09 if faint else 0.17, linewidth=0, zorder=1)
    ax.set_ylim(bottom, top)


def ceiling(ax: Axes, y: float, label: str) -> None:
    """Draw what cannot be exceeded: a dashed line across, named at its left end."""
    ax.axhline(y, color=INK, linestyle=(0, (6, 3)), linewidth=1, zorder=1.5)
    ax.annotate(
        label,
        xy=(0, y),
        xycoords=("axes fraction", "data"),
        xytext=(2, 3),
        textcoords="offset points",
        va="bottom",
        fontsize="small",
        color=INK,
    )


def guide(ax: Axes, x: float, label: str) -> None:
    """Draw a vertical guide at ``x`` (where measuring ended), named along its foot."""
    ax.axvline(x, color=GRID, linewidth=1.2, zorder=0.5)
    ax.annotate(
        label,
        xy=(x, 0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 4),
        textcoords="offset points",
        fontsize="small",
        color=MUTED,
    )


def note(ax: Axes, text: str) -> None:
    """Write ``text`` in the middle of Axes that have nothing to show."""
    ax.annotate(text, xy=(0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=MUTED, wrap=True)


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return ``heights`` (ascending) moved apart to at least ``gap``, each cluster about its own middle."""
    clusters: list[list[float]] = []  # [sum of what its labels want, their number]
    for height in heights:
        clusters.append([height, 1])
        while len(clusters) > 1:
            (low_sum, low_n), (high_sum, high_n) = clusters[-2:]
            if high_sum / high_n - low_sum / low_n >= gap * (low_n + high_n) / 2:
                break
            clusters[-2:] = [[low_sum + high_sum, low_n + high_n]]
    return [
        total / number + gap * (place - (number - 1) / 2) for total, number in clusters for place in range(int(number))
    ]


def end_labels(ax: Axes, labels: Sequence[EndLabel]) -> None:
    """Write names to the right of the Axes, moved apart where their curves end together."""
    from matplotlib.font_manager import FontProperties

    ordered = sorted((label for label in labels if np.isfinite(label.y)), key=lambda label: label.y)
    bottom, top = ax.get_ylim()
    height = ax.get_window_extent().height * 72 / ax.figure.dpi
    rows = max((_folded(label.text).count("\n") + 1 for label in ordered), default=1)
    gap = (0.2 + rows) * FontProperties(size="medium").get_size_in_points() * (top - bottom) / max(height, 1.0)
    for label, y in zip(ordered, _spread([label.y for label in ordered], gap), strict=True):
        ax.annotate(
            _folded(label.text),
            xy=(1, y),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=label.colour,
            fontweight="bold",
            linespacing=0.95,
            annotation_clip=False,
        )


def _folded(text: str, width: int = 12) -> str:
    """Return a long name on several lines, broken after what joins its words."""
    lines = [""]
    for part in re.findall(r"[^_ (,-]*[_ (,-]*", text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines if line)


def log_ticks(ax: Axes) -> None:
    """Make the x-axis logarithmic, with ticks a person reads (1,000 and not 10³)."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set_xscale("log")
    low, high = ax.get_xlim()
    decades = np.log10(high / low)
    steps = (1.0, 2.0, 5.0) if decades < 2.0 else (1.0, 3.0) if decades < 3.2 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(base=10, subs=steps, numticks=20))
    ax.xaxis.set_major_formatter(FuncFormatter(plain))
    ax.xaxis.set_minor_locator(NullLocator())


def plain(value: float, _position: float = 0.0) -> str:
    """Return a tick as people read it: ``1,000``, ``2 M``, ``0.1``."""
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
