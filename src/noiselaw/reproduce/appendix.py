"""Figures 8, 9, 10 and 12: why the Txformer keeps little, from the published measurements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noiselaw.errors import InputError
from noiselaw.plot import NamedCurve, looks, named_curves
from noiselaw.reproduce.drawing import UMI, panels
from noiselaw.reproduce.published import read_measurements
from noiselaw.reproduce.target import Check, Picture, Result
from noiselaw.table import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from noiselaw.records import FloatArray

__all__ = [
    "TILED",
    "Series",
    "by_depth",
    "compared",
    "counts_against_ranks",
    "figure_8",
    "figure_9",
    "figure_10",
    "figure_12",
    "small",
    "tiling",
]

SCREEN = "Tx_param_screen.csv"
ZERO_SHOT = ("PBMC_CITEseq_inference_time_scaling.csv", "PBMC_CITEseq_inference_time_scaling_nanoTx.csv")
RANKS = "rank_encoding_info_loss.csv"
#: Fig. 10 as published: bits of PCA tiled 1 to 9 times. The paper's tables hold no row of it.
TILED = (4.418, 4.439, 4.351, 4.419, 4.344, 4.354, 4.364, 4.359, 4.352)
#: Re-running the published probe on the same embeddings moves a value by up to this (standard deviation).
RERUN = 0.04
#: What differences between a few values may come to by that alone.
_SMALL = 3 * RERUN


@dataclass(frozen=True, eq=False)
class Series:
    """What one representation keeps at each depth: ``u`` and ``bits``, (n,), by rising u."""

    name: str
    u: FloatArray
    bits: FloatArray


def by_depth(series: Sequence[Series], caption: str) -> tuple[pd.DataFrame, Picture]:
    """Return the numbers of ``series`` and their picture."""
    colours = looks([one.name for one in series])
    figure, axes = panels(1, 1, width=5.6, height=3.9)
    curves = [NamedCurve(one.name, one.u, one.bits, colours[one.name], joined=True) for one in series]
    named_curves(curves, ax=axes[0][0], x_label=UMI, y_label="bits kept about proteins")
    rows = [{"model": one.name, "u": u, "bits": b} for one in series for u, b in zip(one.u, one.bits, strict=True)]
    return pd.DataFrame(rows), Picture(figure, caption)


# --------------------------------------------------------------------------------------------------------- figure 8


def figure_8(source: Path) -> Result:
    """Return what Txformers of four sizes keep, read from their last two layers."""
    measured = read_measurements(source, SCREEN)
    measured["size"] = [
        f"{layers} layers, {dims} dims"
        for layers, dims in zip(measured["Layers"], measured["Embedding size"], strict=True)
    ]
    wide = measured.pivot_table(index="size", columns="Extract layer", values="MI", sort=False)
    figure, (axes,) = panels(1, 2, width=5.0, height=3.6)
    colours = looks([*map(str, wide.columns)])
    places = np.arange(len(wide), dtype=float)
    points = [
        NamedCurve(str(layer), places, wide[layer].to_numpy(float), colours[str(layer)]) for layer in wide.columns
    ]
    named_curves(points, ax=axes[0], y_label="bits kept about proteins", log_x=False)
    axes[0].set_xticks(places, [name.replace(", ", "\n") for name in wide.index])
    axes[0].set_xlim(-0.5, len(wide) - 0.5)
    losses = _losses(measured)
    sizes = looks(losses)
    trained = [NamedCurve(n, np.arange(1, len(v) + 1.0), v, sizes[n], joined=True) for n, v in losses.items()]
    named_curves(trained, ax=axes[1], x_label="validation", y_label="masked-token loss (nats)", log_x=False)
    last = wide["Last"]
    between = float(last.max() - last.min())
    layers = float((wide["Last"] - wide["Second to last"]).abs().max())
    checks = (
        small("range over sizes, last layer", between, "no significant differences between sizes"),
        small("last against second to last layer, largest difference", layers, "no appreciable differences"),
    )
    caption = "Left: protein information by size and layer. Right: their validation losses, one point a validation."
    remark = (
        f"One training each. Re-running the published probe alone moves a value by .02 to .04 bit, so a range of "
        f"{between:.2f} bits is more than that, but how much of it is the training's own chance cannot be told."
    )
    return Result(measured[["size", "Extract layer", "MI"]], checks, (Picture(figure, caption),), (remark,))


def _losses(measured: pd.DataFrame) -> dict[str, FloatArray]:
    found = {}
    for name, text in zip(measured["size"], measured["Val. loss"].astype(str), strict=True):
        try:
            found[name] = np.asarray(json.loads(text), dtype=float)
        except ValueError as error:
            raise InputError(
                f"{SCREEN} must hold a list of numbers as 'Val. loss'; got {text[:40]!r}. Use the file as published."
            ) from error
    return found


def small(what: str, value: float, statement: str) -> Check:
    """Judge a statement that some difference is small."""
    reason = (
        f"Judged small below {_SMALL:.2f} bits, three times what re-running the published probe alone moves a value by."
    )
    return Check(what, value, "holds" if value <= _SMALL else "fails", statement, reason=reason)


# --------------------------------------------------------------------------------------------------------- figure 9


def figure_9(source: Path) -> Result:
    """Return what zero-shot foundation models, Txformer and random projections keep of proteins."""
    zero_shot, ours = (read_measurements(source, file) for file in ZERO_SHOT)
    # The first file has the full depth in every row; the second has the depth at each level.
    zero_shot["u"] = numbers_of(zero_shot, "UMI per cell") * numbers_of(zero_shot, "Quality")
    ours["u"] = numbers_of(ours, "UMI per cell")
    both = pd.concat([zero_shot, ours], ignore_index=True)
    both["Model"] = both["Model"].replace({"nanoTxformer": "Txformer"})
    names = ["Txformer", "Geneformer", "scGPT", "Random projection", "Rank random projection"]
    series = [Series(n, *_sorted(both[both["Model"] == n])) for n in names if n in set(both["Model"])]
    rows, picture = by_depth(series, "Protein information against depth; 512-dimensional random projections, as run.")
    remarks = (
        "The baselines have 512 dimensions, as run; the paper prints 128.",
        "Txformer is trained on the full PBMC data set, as the figure's caption says.",
    )
    return Result(rows, tuple(compared(series)), (picture,), remarks)


def _sorted(rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    ordered = rows.sort_values("u")
    return ordered["u"].to_numpy(float), numbers_of(ordered, "MI")


def compared(series: Sequence[Series]) -> Iterable[Check]:
    """Yield how the foundation models stand to Txformer, and both to random projections, at full depth."""
    full: Mapping[str, float] = {one.name: float(one.bits[-1]) for one in series}
    if "Txformer" in full:
        for name in ("Geneformer", "scGPT"):
            if name in full:
                off = full[name] - full["Txformer"]
                holds = abs(off) <= 0.5
                yield Check(
                    f"{name} above Txformer, full depth",
                    off,
                    "holds" if holds else "fails",
                    "similar to Txformer",
                    reason="Judged similar within half a bit.",
                )
    if {"Random projection", "Rank random projection"} <= set(full):
        off = full["Random projection"] - full["Rank random projection"]
        yield Check("random projection above that of ranks, full depth", off, "holds" if off > 0 else "fails", "above")
    for name, bits in full.items():
        yield Check(f"{name}, full depth", bits, "unprinted")


# -------------------------------------------------------------------------------------------------------- figure 10


def figure_10(source: Path) -> Result:
    """Return the published probe's values on PCA tiled 1 to 9 times (``source`` holds no table of it)."""
    del source
    result = tiling(np.array(TILED), np.full(len(TILED), np.nan), "as published")
    remark = "These nine numbers were published with the figure; no table of measurements holds them."
    return Result(result.rows, result.checks, result.pictures, (remark,))


def tiling(bits: FloatArray, error: FloatArray, about: str) -> Result:
    """Return how a probe's value moves when 16 components are repeated 1, 2, ... times."""
    times = np.arange(1, len(bits) + 1)
    figure, axes = panels(1, 1, width=5.0, height=3.4)
    named_curves(
        [NamedCurve(about, 16.0 * times, bits, looks(["pca"])["pca"], joined=True)],
        ax=axes[0][0],
        x_label="dimensions (16 components, tiled)",
        y_label="bits kept about proteins",
        log_x=False,
    )
    axes[0][0].set_ylim(0, 1.15 * float(bits.max()))
    rows = pd.DataFrame({"tiled": times, "dimensions": 16 * times, "bits": bits, "standard_error": error})
    moved = float(np.ptp(bits))
    check = small("largest difference between tilings", moved, "remains consistent")
    slope = float(np.polyfit(times, bits, 1)[0] * (len(times) - 1))
    trend = Check("trend from once to all tilings", slope, "unprinted")
    return Result(
        rows, (check, trend), (Picture(figure, "The same 16 components, repeated: no information is added."),)
    )


# -------------------------------------------------------------------------------------------------------- figure 12


def figure_12(source: Path) -> Result:
    """Return what random projections of counts and of ranks keep, by depth."""
    measured = read_measurements(source, RANKS).rename(columns={"UMI per cell": "u"})
    names = {"count": "Random projection", "rank": "Rank random projection"}
    series = [Series(name, *_sorted(measured[measured["Encoding"] == kind])) for kind, name in names.items()]
    rows, picture = by_depth(series, "Protein information of 16-dimensional random projections.")
    return Result(rows, tuple(counts_against_ranks(*series)), (picture,))


def counts_against_ranks(counts: Series, ranks: Series) -> Iterable[Check]:
    """Yield by how much counts keep more than ranks at each depth, the deepest and noisiest judged."""
    for u, off in zip(counts.u, counts.bits - ranks.bits, strict=True):
        what = f"counts above ranks at {u:,.0f} UMI per cell"
        if u == counts.u.max():
            yield Check(what, float(off), "holds" if off > 2 * RERUN else "fails", "counts appreciably outperform")
        elif u == counts.u.min():
            yield Check(
                what,
                float(off),
                "holds" if abs(off) <= _SMALL else "fails",
                "similar for very noisy data",
                reason=f"Judged similar within {_SMALL:.2f} bits.",
            )
        else:
            yield Check(what, float(off), "unprinted")
