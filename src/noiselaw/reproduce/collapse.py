"""Figures 2 and 3a: what unlimited cells would give, and all curves on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.fit import fit_law
from noiselaw.laws.gaussian import asymptotic_collapse, collapse_coordinate
from noiselaw.laws.gaussian import collapse as exact_collapse
from noiselaw.plot import NamedCurve, named_curves
from noiselaw.plot.style import INK, looks
from noiselaw.reproduce.curves import LEAST, PROTOCOLS, laid, scaling_models
from noiselaw.reproduce.drawing import LOOKS, UMI, panels
from noiselaw.reproduce.target import Check, Picture, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noiselaw.fit.curve import Protocol
    from noiselaw.records import Fit, FloatArray
    from noiselaw.reproduce.grid import Grid

__all__ = ["figure_2", "figure_3a"]


def figure_2(grid: Grid) -> Result:
    """Return I_inf (Eq. 1) at every depth, and Eq. 2 laid through these, by either procedure."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    figure, axes = panels(len(PROTOCOLS), len(grid.signals))
    for line, protocol in zip(axes, PROTOCOLS, strict=True):
        for ax, signal in zip(line, grid.signals, strict=True):
            drawn = []
            for model in scaling_models(grid, signal):
                own = _asymptotes(grid, signal, model, protocol)
                rows += own
                known = [row for row in own if np.isfinite(row["I_inf"])]
                u, bits = (np.array([row[name] for row in known]) for name in ("u", "I_inf"))
                law = fit_law("noise", u, bits, protocol=protocol, rivals=False) if len(u) >= LEAST else None
                drawn.append(NamedCurve(model, u, bits, LOOKS[model], law))
                checks.append(_laid_through(model, signal, protocol, len(known), len(own), law))
            named_curves(drawn, ax=ax, x_label=UMI, y_label="bits with unlimited cells, I_inf")
            ax.set_title(f"{signal} ({protocol})")
    caption = (
        "Above, as published: the best curve of Eq. 1 at every depth, and Eq. 2 through its plateaus. Below: only the "
        "plateaus that the data bound on both sides."
    )
    remark = (
        "Few of these plateaus are determined by ten training sizes: most curves still rise like a logarithm, or are "
        "flat. The published procedure gives a number all the same."
    )
    return Result(pd.DataFrame(rows), tuple(checks), (Picture(figure, caption),), (*grid.remarks, remark))


def _asymptotes(grid: Grid, signal: str, model: str, protocol: Protocol) -> list[dict[str, Any]]:
    """Return I_inf by depth: the best curve's as published, else only where the data bound it on both sides."""
    chosen = grid.rows[(grid.rows["signal"] == signal) & (grid.rows["model"] == model)]
    depths = chosen.groupby("level", sort=True)["u"].mean().to_numpy(float)
    rows = []
    for u, curve in zip(depths, grid.size_curves(signal, model), strict=True):
        fit = laid("size", curve, protocol)
        if fit is None or "best" not in fit.diagnostics:
            continue
        interval = fit.intervals["I_inf"]
        value = fit.diagnostics["best"]["I_inf"] if protocol == "paper" else fit.parameters["I_inf"]
        rows.append(
            {
                "signal": signal, "model": model, "protocol": protocol, "u": float(u), "I_inf": float(value),
                "low": interval.low, "high": interval.high, "status": fit.status, "reason": fit.reason,
            }
        )  # fmt: skip
    return rows


def _laid_through(model: str, signal: str, protocol: Protocol, known: int, depths: int, law: Fit | None) -> Check:
    what = f"{model}, {signal}: I_max of Eq. 2 through I_inf ({protocol}; {known} of {depths} depths)"
    if law is None:
        return Check(what, np.nan, "unprinted", status="too few", reason="Too few plateaus are determined for a law.")
    value, interval = law.parameters["I_max"], law.intervals["I_max"]
    ours, better = (value, np.nan) if protocol == "paper" else (np.nan, value)
    return Check(what, ours, "unprinted", "", better, interval.low, interval.high, law.status, law.reason)


# -------------------------------------------------------------------------------------------------------- figure 3a


def figure_3a(grid: Grid, images: Mapping[str, tuple[FloatArray, FloatArray, float]] | None = None) -> Result:
    """Return every measurement rescaled by its own law: as the paper draws it (Eq. 6), and where nothing is asymptotic.

    ``images`` holds by name u, bits and the ceiling of image-classification problems, where there are any.
    """
    series = list(_cells(grid)) + [
        ("MobileNetV2", name, u, bits, fit_law("noise", u, bits, ceiling=ceiling, protocol="paper", rivals=False))
        for name, (u, bits, ceiling) in (images or {}).items()
    ]
    colours = looks(dict.fromkeys(["pca", *[f"{kind}, {name}" for kind, name, *_ in series]]))
    figure, (axes,) = panels(1, 2, width=5.0, height=3.9)
    rows: list[dict[str, Any]] = []
    drawn: tuple[list[NamedCurve], list[NamedCurve]] = ([], [])
    for kind, name, u, bits, fit in series:
        if fit.status != "ok":
            continue
        top, scale = fit.parameters["I_max"], fit.parameters["u_bar"]
        label, lost = f"{kind}, {name}", top - bits
        x_hat, z = u / scale, collapse_coordinate(u / scale, top)
        rows += [
            {"kind": kind, "curve": name, "u": float(a), "u_hat": float(b), "z": float(c), "lost": float(d)}
            for a, b, c, d in zip(u, x_hat, z, lost, strict=True)
        ]
        for panel, x in zip(drawn, (x_hat, z), strict=True):
            panel.append(NamedCurve(label, x, lost, colours[label]))
    found = pd.DataFrame(rows, columns=["kind", "curve", "u", "u_hat", "z", "lost"])
    for ax, panel, column, law, x_label in (
        (axes[0], drawn[0], "u_hat", asymptotic_collapse, "û = u/ū (Eq. 6, dotted, holds where û is large)"),
        (axes[1], drawn[1], "z", exact_collapse, "z = (û + 4^−I_max)/(1 − 4^−I_max) (exact everywhere)"),
    ):
        named_curves(panel, ax=ax, x_label=x_label, y_label="bits lost, I_max − I", legend=ax is axes[1])
        if found.empty:  # named_curves says so
            continue
        x = np.geomspace(found[column].min() / 1.3, found[column].max() * 1.3, 200)
        ax.plot(x, law(x), ":", color=INK, linewidth=1.6, zorder=5)
        ax.set_ylim(-0.15, 1.05 * float(found["lost"].max()) + 0.3)
    omitted = sorted(f"{kind}, {name}" for kind, name, *_, fit in series if fit.status != "ok")
    remark = f"Left out, as in the paper, where I_max is poorly constrained: {'; '.join(omitted)}." if omitted else ""
    caption = (
        "Left: as the paper draws it. Right: on the coordinate where every curve of Eq. 2 is the same, at any depth."
    )
    return Result(
        found, tuple(_distances(found)), (Picture(figure, caption),), tuple(filter(None, (*grid.remarks, remark)))
    )


def _cells(grid: Grid) -> Iterable[tuple[str, str, FloatArray, FloatArray, Fit]]:
    for signal in grid.signals:
        for model in scaling_models(grid, signal):
            curve = grid.largest(signal, model)
            fit = None if curve is None else laid("noise", curve, "paper")
            if curve is not None and fit is not None:
                yield model, signal, curve.x, curve.bits, fit


def _distances(found: pd.DataFrame) -> Iterable[Check]:
    for kind, rows in found.groupby("kind", sort=False):
        for law, column, name in (
            (exact_collapse, "z", "the exact curve"),
            (asymptotic_collapse, "u_hat", "Eq. 6"),
        ):
            off = float(np.sqrt(np.mean((rows["lost"] - law(rows[column].to_numpy(float))) ** 2)))
            yield Check(f"{kind}: distance of its {len(rows)} points from {name}, root mean square", off, "unprinted")
