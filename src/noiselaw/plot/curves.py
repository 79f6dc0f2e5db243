"""Bits against depth and against training size: measurements, their laws, and what bounds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.fit import predict
from noiselaw.plan.words import greatest
from noiselaw.plot import marks
from noiselaw.plot.select import Replicates, ceiling_of, largest_size, one_panel, only, replicates, top_level, unit_of
from noiselaw.plot.style import INK, Look, looks, new_axes, style
from noiselaw.plot.words import observed
from noiselaw.records import Fit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from noiselaw.records import FloatArray

__all__ = ["REACH", "DrawnLaw", "drawn_laws", "noise_curves", "size_curves"]

#: How far past the last measurement a law is drawn (dashed), and only a law that the data determine.
REACH = 10.0


@dataclass(frozen=True, eq=False)
class DrawnLaw:
    """A fitted law as arrays: within what was measured, and beyond."""

    x: FloatArray
    bits: FloatArray
    low: FloatArray
    high: FloatArray
    sure: bool


Fits = Mapping[str, Fit] | Mapping[tuple[Any, ...], Fit]


def by_name(fits: Fits | None) -> dict[str, Fit]:
    """Return ``fits`` by representation, also where ``fit_groups(…, by=["representation"])`` made them.

    Raises
    ------
    UsageError
        If they are grouped by more than that.
    """
    named = {}
    for key, fit in (fits or {}).items():
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != 1:
            raise UsageError(
                f"Fits are looked up by representation; got the key {key!r}. Fit the rows of one picture with "
                'by=["representation"].'
            )
        named[str(parts[0])] = fit
    return named


def drawn_laws(fit: Fit, reach: float) -> list[DrawnLaw]:
    """Return what may be drawn of ``fit``: nothing without a curve, nothing beyond the data unless it is ok."""
    low, high = fit.x_range
    if not 0 < low < high < np.inf or "region" not in fit.diagnostics:
        return []
    sure = fit.status == "ok"
    spans = [(low, high, sure)]
    if sure and reach > 1:
        spans.append((high, high * reach, False))
    drawn = []
    for start, end, solid in spans:
        x = np.geomspace(start, end, 120)
        bits, below, above = predict(fit, x)
        if np.isfinite(bits).all():
            drawn.append(DrawnLaw(x, bits, below, above, solid))
    return drawn


def _curves(
    ax: Axes,
    rows: pd.DataFrame,
    fits: Mapping[str, Fit],
    x: str,
    colours: Mapping[str, Look],
    reach: float,
    besides: Sequence[marks.EndLabel] = (),
) -> None:
    """Draw every representation of ``rows`` against ``x``, with its law, and its name beside those of ``besides``."""
    labels, bands, undrawn = list(besides), [], []
    measured: list[Replicates] = []
    for name, own in rows.groupby("representation", sort=True):
        look = colours[str(name)]
        data = replicates(own, x)
        measured.append(data)
        marks.points(ax, data.every_x, data.every_y, look)
        marks.means(ax, data.x, data.y, data.error, look, str(name))
        laws = drawn_laws(fits[str(name)], reach) if str(name) in fits else []
        for law in laws:
            marks.line(ax, law.x, law.bits, look.colour, sure=law.sure)
        bands += [(law, look.colour, law is not laws[0]) for law in laws]
        undrawn += [str(name)] if str(name) in fits and not laws else []
        end = laws[-1].bits[-1] if laws else data.y[-1]
        labels.append(marks.EndLabel(float(end), str(name), look.text))
    _frame(ax, measured, reach if any(beyond for *_, beyond in bands) else 1.0)
    for law, colour, beyond in bands:
        marks.band(ax, law.x, law.low, law.high, colour, faint=beyond)
    marks.end_labels(ax, labels)
    if undrawn:
        told = f"no law drawn, too few levels: {', '.join(undrawn)}"
        ax.set_title(told, fontsize="small", fontweight="normal")


def _frame(ax: Axes, measured: list[Replicates], reach: float) -> None:
    """Set the limits: all that was measured, zero, room above for intervals, and ``reach`` times beyond the last."""
    x = np.concatenate([data.x for data in measured])
    ax.set_xlim(x.min() / 1.35, x.max() * max(reach, 1.35))
    bottom, top = ax.get_ylim()
    bottom = min(bottom, 0.0)
    ax.set_ylim(bottom, top + 0.06 * (top - bottom))
    marks.log_ticks(ax)
    if reach > 1:
        marks.guide(ax, float(x.max()), "extrapolated")


def _ceiling(ax: Axes, rows: pd.DataFrame) -> None:
    bits = ceiling_of(rows)
    if np.isfinite(bits):
        marks.ceiling(ax, bits, f"ceiling: {bits:.2f} bits (all there is to know)")


def _truth(ax: Axes, truth: pd.DataFrame, signal: str) -> list[marks.EndLabel]:
    """Draw what the noisy observations truly hold, and return its name."""
    own = truth[truth["signal"] == signal] if signal else truth
    if own.empty:
        return []
    data = replicates(own.assign(representation="truth"), "u")
    ax.plot(data.x, data.y, linestyle=":", color=INK, linewidth=1.8, zorder=3.5)
    return [marks.EndLabel(float(data.y[-1]), "truth", INK)]


def _bits_label(rows: pd.DataFrame) -> str:
    signal = only(rows, "signal")
    return f"bits kept about {signal}" if signal else "bits kept"


def noise_curves(
    table: pd.DataFrame,
    fits: Fits | None = None,
    *,
    signal: str | None = None,
    ax: Axes | None = None,
    truth: pd.DataFrame | None = None,
    ceiling: bool = True,
    reach: float = REACH,
    dataset: str | None = None,
    channel: str | None = None,
    probe: str | None = None,
) -> Axes:
    """Draw bits against u at the largest training size, with the noise law of each representation.

    Parameters
    ----------
    table
        Measurements; one dataset, signal, channel and probe must be left by the arguments of these names.
    fits
        By representation, the fitted law (``fit_groups(rows, by=["representation"])``). One whose status is not ok is
        dashed, and never drawn past the data.
    ax
        Where to draw; a new figure by default.
    truth
        Columns ``signal, u, bits`` (and ``level``): the information that the noisy counts truly hold, where known.
    ceiling
        Whether to mark what no representation can exceed.
    reach
        How many times past the last measurement a law that the data determine is drawn (dashed).

    Raises
    ------
    UsageError
        If several signals (datasets, channels, probes) are left, or one that is not there is asked for.
    """
    rows = largest_size(one_panel(table, dataset=dataset, signal=signal, channel=channel, probe=probe))
    ax = new_axes(ax)
    with style():
        if rows.empty:
            marks.note(ax, "nothing could be measured")
            return ax
        if ceiling:
            _ceiling(ax, rows)
        # Where u is bounded, as for blocks of pixels, the curve ends there.
        reach = min(reach, max(greatest(unit_of(rows)) / float(rows["u"].max()), 1.0))
        named = [] if truth is None else _truth(ax, truth, only(rows, "signal"))
        _curves(ax, rows, by_name(fits), "u", looks(sorted(table["representation"].dropna().unique())), reach, named)
        ax.set_xlabel(unit_of(rows) or "u")
        ax.set_ylabel(_bits_label(rows))
    return ax


def size_curves(
    table: pd.DataFrame,
    fits: Fits | None = None,
    *,
    signal: str | None = None,
    ax: Axes | None = None,
    ceiling: bool = True,
    reach: float = REACH,
    dataset: str | None = None,
    channel: str | None = None,
    probe: str | None = None,
) -> Axes:
    """Draw bits against the number of training observations at the least noise, with the size law of each.

    Parameters
    ----------
    table
        Measurements; one dataset, signal, channel and probe must be left by the arguments of these names.
    fits
        By representation, the fitted size law; dashed where its status is not ok.
    signal, dataset, channel, probe
        Which rows to draw.
    ax
        Where to draw; a new figure by default.
    ceiling
        Whether to mark what no representation can exceed, in bits.
    reach
        How many times past the largest training set a law that the data determine is drawn (dashed).

    Raises
    ------
    UsageError
        If several signals (datasets, channels, probes) are left, or one that is not there is asked for.
    """
    rows = top_level(one_panel(table, dataset=dataset, signal=signal, channel=channel, probe=probe))
    ax = new_axes(ax)
    with style():
        if rows.empty or rows["n_train"].isna().all():
            marks.note(ax, "nothing could be measured")
            return ax
        if ceiling:
            _ceiling(ax, rows)
        _curves(ax, rows, by_name(fits), "n_train", looks(sorted(table["representation"].dropna().unique())), reach)
        ax.set_xlabel(f"training {observed(unit_of(rows))}")
        ax.set_ylabel(_bits_label(rows))
    return ax
