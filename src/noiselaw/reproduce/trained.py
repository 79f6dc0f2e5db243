"""Figures 6 to 9 and 13 measured again: trainings, their curves, and models trained elsewhere."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import numpy as np
import pandas as pd

from noiselaw.plot import NamedCurve, named_curves, shades
from noiselaw.plot.style import looks
from noiselaw.probes import mutual_information
from noiselaw.randomness import generator
from noiselaw.represent import Txformer
from noiselaw.reproduce.appendix import Series, by_depth, compared, small
from noiselaw.reproduce.compute import counted
from noiselaw.reproduce.drawing import panels
from noiselaw.reproduce.encoded import bench
from noiselaw.reproduce.studies import measure, study
from noiselaw.reproduce.target import Check, Picture, Result
from noiselaw.sweep import Store, load

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from noiselaw.records import Estimate, FloatArray, Prepared
    from noiselaw.represent import Encoder
    from noiselaw.represent.txformer import FittedTxformer
    from noiselaw.reproduce.encoded import Bench
    from noiselaw.reproduce.target import Standing, Workplace

__all__ = ["figure_6", "figure_7", "figure_8", "figure_9", "figure_13"]


def figure_6(work: Workplace) -> Result:
    """Return the training curves of Txformers on noisier and fewer cells."""
    return _curves(work, "curves_txformer", "masked-token loss (bits)", "Reduced: PBMC 10k, at most 1,000 steps.")


def figure_7(work: Workplace) -> Result:
    """Return the training curves of VAEs on noisier and fewer cells."""
    return _curves(work, "curves_vae", "loss (nats per cell)", "Reduced: PBMC 10k; the recommended training.")


def _curves(work: Workplace, name: str, y_label: str, remark: str) -> Result:
    """Run a study and draw the loss curves that were kept with each of its fits."""
    measure(name, work)
    store = Store.open(work.out / name)
    rows: list[dict[str, Any]] = []
    for embed in load(study(name, work)).grid.embeds:
        for curve, values in store.read("embeddings", embed.key).body.get("curves", {}).items():
            at = {"level": embed.condition.channel.level, "n_train": embed.size, "curve": curve}
            rows += [{**at, "point": i, "loss": value} for i, value in enumerate(values, start=1)]
    found = pd.DataFrame(rows)
    chosen = found[found["curve"].str.contains("loss")]
    names = sorted(chosen["curve"].unique())
    figure, axes = panels(1, max(len(names), 1), width=4.6, height=3.4)
    for ax, curve in zip(axes[0], names, strict=True):
        own = list(chosen[chosen["curve"] == curve].groupby(["level", "n_train"]))
        drawn = [
            NamedCurve(
                f"q = {level:g}, {size:,} cells",
                part["point"].to_numpy(float),
                part["loss"].to_numpy(float),
                look,
                joined=True,
            )
            for ((level, size), part), look in zip(own, shades(len(own)), strict=True)
        ]
        named_curves(drawn, ax=ax, x_label="epoch or validation", y_label=y_label, log_x=False)
        ax.set_title(curve.replace("_", " "))
    return Result(found, tuple(_settled(chosen)), (Picture(figure, "The curves kept with each fit."),), (remark,))


def _settled(found: pd.DataFrame) -> list[Check]:
    """Return whether each training ended below where it began: the paper says that none is pathological."""
    checks = []
    for (curve, level, size), part in found.groupby(["curve", "level", "n_train"]):
        fell = float(part["loss"].iloc[0] - part["loss"].iloc[-1])
        holds: Standing = "holds" if fell > 0 else "fails"
        what = f"{curve}, q = {level:g}, {size:,} cells: fall from first to last"
        checks.append(Check(what, fell, holds, "no pathological training", unit="as drawn"))
    return checks


# --------------------------------------------------------------------------------------------------------- figure 8


#: Layers and dimensions, in the paper's order; and which layer is read.
_SIZES = ((2, 128), (2, 256), (6, 128), (6, 256))
_LAYERS = {"Last": 0, "Second to last": -1}
_STEPS = 1_000


def figure_8(work: Workplace) -> Result:
    """Return what Txformers of four sizes keep of proteins, each read at its last two layers."""
    cells = bench(work)
    rows = [
        {"size": f"{layers} layers, {dims} dims", "layer": name, "bits": found.bits, "se": found.standard_error}
        for layers, dims in _SIZES
        for name, values in _two_layers(work, cells, layers, dims).items()
        for found in [mutual_information(values, cells.proteins, kind="continuous")]
    ]
    table = pd.DataFrame(rows).rename(columns={"se": "standard_error"})
    wide = table.pivot_table(index="size", columns="layer", values="bits", sort=False)
    figure, axes = panels(1, 1, width=5.6, height=3.6)
    places, colours = np.arange(len(wide), dtype=float), looks(list(_LAYERS))
    points = [NamedCurve(layer, places, wide[layer].to_numpy(float), colours[layer]) for layer in _LAYERS]
    named_curves(points, ax=axes[0][0], y_label="bits kept about proteins", log_x=False)
    axes[0][0].set_xticks(places, [name.replace(", ", "\n") for name in wide.index])
    axes[0][0].set_xlim(-0.5, len(wide) - 0.5)
    apart = float((wide["Last"] - wide["Second to last"]).abs().max())
    checks = (
        small("range over sizes, last layer", float(np.ptp(wide["Last"])), "no significant differences between sizes"),
        small("last against second to last layer, largest difference", apart, "no appreciable differences"),
        *(_unprinted(row) for row in table.to_dict("records")),
    )
    remark = f"Reduced: PBMC 10k for 30,000 cells; one training each, of {_STEPS:,} steps of 200 tokens a cell at most."
    caption = "Protein information of Txformers by size and layer."
    return Result(table, checks, (Picture(figure, caption),), (remark,))


def _two_layers(work: Workplace, cells: Bench, layers: int, dims: int) -> dict[str, FloatArray]:
    """Return the held-out cells' embeddings by each layer, (n, dims); a training's are kept in the workplace."""
    from noiselaw import __version__

    model = Txformer(layers=layers, dims=dims, max_tokens=200, most_steps=_STEPS, device="cpu")
    train, test = cells.seen_as("ranks")
    asked = sha256(f"{__version__} {model!r} {cells.content}".encode()).hexdigest()
    kept = work.out / "sizes_txformer" / f"{asked[:16]}.npy"
    if kept.is_file():
        return dict(zip(_LAYERS, np.load(kept, allow_pickle=False), strict=True))
    with counted(work.out, "sizes_txformer"):
        trained = model.fit(train, generator(0, "figure-8", f"{layers} layers, {dims} dims"))
        encoder = cast("FittedTxformer", trained)
        read = [encoder.at_layer(layer).embed(test).values for layer in _LAYERS.values()]
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f".{kept.stem}.{uuid4().hex[:8]}.part.npy")
    np.save(part, np.stack(read))
    part.replace(kept)
    return dict(zip(_LAYERS, read, strict=True))


def _unprinted(row: Mapping[Hashable, Any]) -> Check:
    bits, reach = float(row["bits"]), 1.96 * float(row["standard_error"])
    return Check(f"{row['size']}, {row['layer'].lower()} layer", bits, "unprinted", low=bits - reach, high=bits + reach)


# --------------------------------------------------------------------------------------------------------- figure 9


#: Models trained elsewhere, by the folder of their weights; each is a study of its own, run once its weights are there.
_PRETRAINED = {"geneformer": "Geneformer", "scgpt": "scGPT"}
_BASELINES = {
    "random_projection(dims=512)": "Random projection",
    "random_projection_ranks(dims=512)": "Rank random projection",
    "random_projection(dims=128)": "Random projection, 128 dims",
    "random_projection_ranks(dims=128)": "Rank random projection, 128 dims",
    "pca": "PCA",
}


def figure_9(work: Workplace) -> Result:
    """Return what models trained elsewhere keep of proteins, as far as their weights are there, beside baselines."""
    there = [model for model in _PRETRAINED if (work.data / "weights" / model).is_dir()]
    tables = {model: measure(f"foundation_{model}", work) for model in there}
    series = [_kept(_PRETRAINED[model], table) for model, table in tables.items()]
    baselines = measure("foundation", work)
    series += [
        _kept(name, baselines[baselines["representation"] == kind])
        for kind, name in _BASELINES.items()
        if (baselines["representation"] == kind).any()
    ]
    series = [one for one in series if len(one.u)]
    rows, picture = by_depth(series, "Protein information of models trained elsewhere and of their baselines.")
    remarks = [
        "Reduced: PBMC 10k with 14 proteins for the paper's 152,094 cells and 228; no Txformer is trained beside them.",
        "Random projections have 512 dimensions, as run; those of 128, as printed, stand beside them.",
        *(_left_out(model, work) for model in _PRETRAINED if model not in there),
    ]
    left_out = [name for model, name in _PRETRAINED.items() if model not in there]
    partial = "" if not left_out else "baselines only" if not there else f"without {' and '.join(left_out)}"
    return Result(rows, tuple(compared(series)), (picture,), tuple(remarks), partial)


def _kept(name: str, table: pd.DataFrame) -> Series:
    measured = table[np.isfinite(table["bits"].astype(float))].sort_values("u")
    return Series(name, measured["u"].to_numpy(float), measured["bits"].to_numpy(float))


def _left_out(model: str, work: Workplace) -> str:
    """Say that a pretrained model is not in the figure, and how to give its weights."""
    return (
        f"{_PRETRAINED[model]} is left out: its weights are no part of this package, and the folder "
        f"{str(work.data / 'weights' / model)!r} is not there. docs/transformers.md says which files to put into it."
    )


# -------------------------------------------------------------------------------------------------------- figure 13


def _read(checkpoint: Encoder, test: Prepared, cells: Bench) -> Estimate:
    return mutual_information(checkpoint.embed(test).values, cells.proteins, kind="continuous")


_CELLS = 1_000
_EPOCHS = 5


def figure_13(work: Workplace) -> Result:
    """Return validation loss and protein information over the checkpoints of one Txformer on 1,000 cells."""
    cells = bench(work)
    train, test = cells.seen_as("ranks")
    model = Txformer(checkpoints=True, max_tokens=200, epochs=_EPOCHS, patience=_EPOCHS, keep="last", device="cpu")
    encoder = model.fit(train.take(slice(_CELLS)), generator(0, "figure-13"))
    rows = []
    for checkpoint in [*getattr(encoder, "checkpoints", ()), encoder]:
        found, notes = _read(checkpoint, test, cells), checkpoint.history.notes
        named = {name: notes.get(key, np.nan) for name, key in (("steps", "steps"), ("loss", "validation_loss"))}
        rows.append({**named, "bits": found.bits, "standard_error": found.standard_error})
    table = pd.DataFrame(rows).dropna(subset=["loss"])
    figure, axes = panels(1, 1, width=4.8, height=3.6)
    loss, bits = (table[name].to_numpy(float) for name in ("loss", "bits"))
    named_curves(
        [NamedCurve("checkpoints", loss, bits, looks(["txformer"])["txformer"], joined=True)],
        ax=axes[0][0],
        x_label="validation loss (bits a token)",
        y_label="bits kept about proteins",
        log_x=False,
    )
    together = float(table["loss"].corr(table["bits"], method="spearman")) if len(table) > 2 else np.nan
    check = Check(
        "rank correlation of loss and bits over checkpoints",
        together,
        "fails" if together < -0.8 else "holds",
        "not correlated with model loss",
        reason="Judged correlated where bits rise as loss falls: below −0.8.",
        unit="Spearman's ρ",
    )
    remark = f"Reduced: {_CELLS:,} cells of PBMC 10k, 200 tokens, {_EPOCHS} epochs; the recommended probe."
    return Result(table, (check,), (Picture(figure, "One point a checkpoint."),), (remark,))
