"""Curves of every kind on one: the exact collapse of Eq. 2, with no asymptotic form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.laws.noise import bits_from_snr
from noiselaw.plot import marks
from noiselaw.plot.curves import Fits, by_name
from noiselaw.plot.select import largest_size, one_panel, replicates
from noiselaw.plot.style import INK, looks, new_axes, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from noiselaw.records import Fit, FloatArray

__all__ = ["collapse"]


def _rescaled(fit: Fit, u: FloatArray) -> FloatArray:
    """Return z = (û + 4^−I_max) / (1 − 4^−I_max), against which every curve is −½·log2(1 + 1/z)."""
    floor = 4.0 ** -fit.parameters["I_max"]
    return np.asarray((u / fit.parameters["u_bar"] + floor) / (1.0 - floor))


def collapse(
    table: pd.DataFrame,
    fits: Fits,
    *,
    signal: str | None = None,
    ax: Axes | None = None,
    dataset: str | None = None,
    channel: str | None = None,
    probe: str | None = None,
) -> Axes:
    """Draw measurements rescaled by their own noise law, on the one curve that Eq. 2 says they share.

    Parameters
    ----------
    table
        Measurements, bits against u.
    fits
        A noise law by representation; those whose status is not ok are left out and named above the Axes, since their
        scale is not known.
    signal, dataset, channel, probe
        Which rows to draw; one of each must be left.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    UsageError
        As :func:`noiselaw.plot.noise_curves` does.
    """
    rows = largest_size(one_panel(table, dataset=dataset, signal=signal, channel=channel, probe=probe))
    ax = new_axes(ax)
    colours = looks(sorted(table["representation"].dropna().unique()))
    named, left_out, reached = by_name(fits), [], []
    with style():
        for name, own in rows.groupby("representation", sort=True):
            fit = named.get(str(name))
            if fit is None or fit.status != "ok":
                left_out.append(str(name))
                continue
            data, look = replicates(own, "u"), colours[str(name)]
            z, below = _rescaled(fit, data.x), fit.parameters["I_max"]
            marks.points(ax, _rescaled(fit, data.every_x), data.every_y - below, look)
            marks.means(ax, z, data.y - below, data.error, look, str(name))
            reached.append(z)
        ax.set_xlabel("rescaled depth z")
        ax.set_ylabel("bits above the plateau, I − I_max")
        if not reached:
            marks.note(ax, "no curve is determined well enough to be rescaled")
            return ax
        span = np.concatenate(reached)
        z = np.geomspace(span.min() / 1.5, span.max() * 1.5, 200)
        ax.plot(z, -bits_from_snr(1.0 / z), linestyle=":", color=INK, linewidth=1.6, zorder=3, label="Eq. 2")
        marks.log_ticks(ax)
        ax.legend(loc="lower right")
        if left_out:
            ax.set_title(f"left out, not determined: {', '.join(left_out)}", fontsize="small", fontweight="normal")
    return ax
