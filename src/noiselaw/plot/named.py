"""Curves of any kind under their names, with the laws laid through them: what a figure of many panels is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.fit import predict
from noiselaw.plot import marks
from noiselaw.plot.style import Look, new_axes, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from noiselaw.records import Fit, FloatArray

__all__ = ["NamedCurve", "named_curves", "shades"]

#: More names than this stand beside the Axes.
_INSIDE = 6


@dataclass(frozen=True, eq=False)
class NamedCurve:
    """Points under a name, in one look.

    Parameters
    ----------
    name
        In the legend.
    x, y
        The points, (n,) each, in the units of the axes.
    look
        Colour and marker.
    fit
        The law laid through them, if any.
    joined
        Whether a line goes from point to point, for points without a law.
    """

    name: str
    x: FloatArray
    y: FloatArray
    look: Look
    fit: Fit | None = None
    joined: bool = False


def shades(number: int) -> list[Look]:
    """Return ``number`` looks for an ordered family (ten depths, ten sizes): one marker, from dark to light."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    picked = [to_hex(colormaps["viridis"](share)) for share in np.linspace(0.0, 0.85, max(number, 1))]
    return [Look(colour, "o", colour) for colour in picked]


def named_curves(
    curves: Sequence[NamedCurve],
    *,
    ax: Axes | None = None,
    x_label: str = "",
    y_label: str = "bits",
    log_x: bool = True,
    bands: bool = True,
    legend: bool = True,
) -> Axes:
    """Draw ``curves``; a law is solid where its status is ok, dashed where it is not.

    Parameters
    ----------
    curves
        In the order of the legend.
    ax
        Where to draw; a new figure by default.
    x_label, y_label
        Of the axes.
    log_x
        Whether x is logarithmic.
    bands
        Whether to shade where each law may lie.
    legend
        Whether to name the curves: within the Axes, or beside them where they are many.
    """
    ax = new_axes(ax)
    with style():
        if not curves:
            marks.note(ax, "nothing was measured")
            return ax
        for curve in curves:
            ax.plot(
                curve.x,
                curve.y,
                curve.look.marker,
                color=curve.look.colour,
                linestyle="-" if curve.joined else "none",
                linewidth=1.2,
                markeredgecolor="white",
                markeredgewidth=0.5,
                markersize=4.5,
                zorder=4,
                label=curve.name,
            )
        if log_x:
            marks.log_ticks(ax)
        # Bands reach to the edge of the Axes, so the points must have set them first.
        ax.set_ylim(*ax.get_ylim())
        for curve in curves:
            _law(ax, curve, bands)
        ax.set_xlabel(x_label)
        ax.set_ylabel(y_label)
        if legend:
            beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
            place = beside if len(curves) > _INSIDE else {"loc": "best"}
            ax.legend(**place, fontsize="small", handlelength=1.0, borderaxespad=0.2)
    return ax


def _law(ax: Axes, curve: NamedCurve, band: bool) -> None:
    fit = curve.fit
    if fit is None or "region" not in fit.diagnostics:
        return
    x = np.geomspace(*fit.x_range, 80)
    bits, low, high = predict(fit, x)
    if not np.isfinite(bits).all():
        return
    marks.line(ax, x, bits, curve.look.colour, sure=fit.status == "ok", thin=True)
    if band:
        marks.band(ax, x, low, high, curve.look.colour)
