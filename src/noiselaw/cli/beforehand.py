"""What ``noiselaw run`` says before it starts: what is to do, how long it takes, what it leaves out."""

from __future__ import annotations

import json
from contextlib import suppress
from math import prod
from typing import TYPE_CHECKING

import typer

from noiselaw.errors import NoiselawError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noiselaw.sweep import Forecast, Loaded, Store

__all__ = [
    "say_how_long",
    "say_what_a_first_look_leaves_out",
    "say_what_is_left_out",
    "say_what_is_to_do",
    "say_what_it_would_take",
]

#: Seconds after which the calibration before a start is given up.
_PATIENCE = 300.0


def say_what_is_to_do(loaded: Loaded, quiet: bool) -> None:
    """Say how large a study is; how long it takes shows after its first conditions, or before it with --dry-run."""
    grid = loaded.grid
    if not quiet:
        dataset = loaded.dataset
        if "counts" in dataset.provenance:
            cells, genes = dataset.observations.shape
            found = dataset.provenance["counts"]
            typer.echo(f"{dataset.name}: {cells:,} cells × {genes:,} genes ({found}).", err=True)
        if dataset.kind == "images":
            images, height, width = dataset.observations.shape[:3]
            typer.echo(f"{dataset.name}: {images:,} images of {height} × {width} pixels.", err=True)
        typer.echo(
            f"{len(grid.measures):,} measurements of {len(grid.embeds):,} fits under {len(grid.conditions):,} "
            "conditions.",
            err=True,
        )


def say_what_a_first_look_leaves_out(taken: Mapping[str, int], full: Mapping[str, int]) -> None:
    """Say of what was chosen for images where nothing was said, and how to get the full study instead."""
    if not taken:
        return
    words = {"image_size": "{} pixels a side", "sizes": "all training images", "seeds": "one seed"}
    chosen = ", ".join(words[name].format(value) for name, value in taken.items())
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in full.items())
    fits = prod(full[name] for name in ("sizes", "seeds") if name in full)
    pixels = (full["image_size"] / taken["image_size"]) ** 2 if "image_size" in full else 1.0
    cost = f"{fits} times the fits" * (fits > 1) + " and " * (fits > 1 and pixels > 1)
    cost += f"{pixels:.1f} times the pixels" * (pixels > 1)
    typer.echo(f"A first look: {chosen}. In full ({cost}): {flags}.", err=True)


def say_how_long(loaded: Loaded, folder: Path, workers: int, *, quiet: bool) -> None:
    """Say how long the study takes, from a calibration that is short beside it; a small one is done as soon."""
    from noiselaw.cli.progress import patient
    from noiselaw.sweep import Store, forecast
    from noiselaw.sweep.forecast import is_quick

    store = Store.open(folder) if (folder / "store.json").is_file() else None
    if quiet or not is_quick(loaded, store):
        return
    typer.echo("Calibrating ...", err=True)
    try:
        with patient("calibrating"):
            expected = forecast(loaded, store, workers, _PATIENCE)
    except NoiselawError as error:  # which is no reason not to start
        typer.echo(f"How long it takes is not known: {str(error).rstrip('.')}.", err=True)
        return
    typer.echo(f"{_time(expected, workers)} for what is left to do.", err=True)


def _time(expected: Forecast, workers: int) -> str:
    return f"About {_duration(expected.seconds)} with {workers} worker{'s' * (workers > 1)} (from a short calibration)"


def say_what_is_left_out(loaded: Loaded, folder: Path) -> None:
    """Say when a folder holds finished measurements that the study does not ask for: they stay, outside its table."""
    from noiselaw.sweep import Store

    if not (folder / "store.json").is_file():
        return
    store = Store.open(folder)
    others = store.keys("measurements") - {item.key for item in loaded.grid.measures}
    if others:
        typer.echo(
            f"{folder} also holds {len(others):,} measurements that this study does not ask for "
            f"({_difference(loaded, store, others)}); they are kept, and come back into its tables when a study asks "
            "for them again.",
            err=True,
        )


def _difference(loaded: Loaded, store: Store, others: set[str]) -> str:
    """Return what the measurements ``others`` of a store have that the study has not: ``level 0.01, 0.1; seed 3``."""
    from noiselaw.errors import StoreError

    rows = []
    for key in others:
        with suppress(StoreError):  # a damaged one is the run's business
            rows.append(store.read("measurements", key).body["row"])
    parts = []
    for name in ("dataset", "signal", "channel", "level", "n_train", "representation", "probe", "seed"):
        asked = {item.row[name] for item in loaded.grid.measures}
        more = sorted({row[name] for row in rows} - asked)
        shown = ", ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in more[:5])
        parts += [f"{name} {shown}{', ...' * (len(more) > 5)}"] if more else []
    return "; ".join(parts) or "of other combinations, data or options"


def say_what_it_would_take(loaded: Loaded, source: Path, folder: Path, workers: int, as_json: bool) -> None:
    """Say what a study would take: counts, time, disk and memory, and which models would fail."""
    from dataclasses import asdict

    from noiselaw.sweep import Store, forecast

    store = Store.open(folder) if (folder / "store.json").is_file() else None
    expected: Forecast = forecast(loaded, store, workers)
    if as_json:
        typer.echo(json.dumps({**asdict(expected), "out": str(folder), "workers": workers}, indent=2))
        return
    typer.echo(
        f"{expected.conditions:,} conditions, {expected.fits:,} fits, {expected.measurements:,} measurements, of which "
        f"{expected.measurements_left:,} are left to do."
    )
    typer.echo(
        f"{_time(expected, workers)}, {expected.disk_bytes / 1e6:,.0f} MB of disk, "
        f"{expected.memory_bytes / 1e9:.1f} GB of memory. Nothing was written."
    )
    for trouble in expected.troubles:
        typer.echo(f"Failed in the calibration, and so not in that time: {trouble}")
    typer.echo(f"Next: noiselaw run {source} --out {folder} (with the same options)")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
