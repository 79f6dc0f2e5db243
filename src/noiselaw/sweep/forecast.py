"""How much work a study is, before it starts: counts of pieces, and time, disk and memory from a short calibration."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.arrays import as_csr
from noiselaw.sweep import condition as work
from noiselaw.sweep.pieces import write_pairs, write_source, write_split
from noiselaw.sweep.store import Store

if TYPE_CHECKING:
    from noiselaw.channels import Channel
    from noiselaw.records import Dataset
    from noiselaw.sweep.conduct import Loaded

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """What a study will take. Seconds, bytes; ``*_left`` counts what the store does not hold yet."""

    conditions: int
    fits: int
    measurements: int
    measurements_left: int
    seconds: float
    disk_bytes: float
    memory_bytes: float


def forecast(loaded: Loaded, store: Store | None, workers: int) -> Forecast:
    """Say what ``loaded`` will take, from one condition (the fullest) done in a temporary folder.

    The calibration fits every model at the largest size and probes it for every signal once; what is measured there is
    scaled by what is left to do. Nothing is written to ``store``.
    """
    grid = loaded.grid
    finished = store.keys("measurements") if store is not None else set()
    left = [item for item in grid.measures if item.key not in finished]
    prepare, each, disk = _calibrate(loaded) if left else (0.0, 0.0, 0.0)
    conditions_left = len({item.embed.condition.key for item in left})
    held, memory = _bytes(loaded.dataset, workers)
    return Forecast(
        conditions=len(grid.conditions),
        fits=len(grid.embeds),
        measurements=len(grid.measures),
        measurements_left=len(left),
        seconds=(prepare * conditions_left + each * len(left)) / workers,
        disk_bytes=held + disk * len(grid.embeds),
        memory_bytes=memory,
    )


def _signal(channel: Channel) -> float:
    """Return what orders levels of one channel from the noisiest on."""
    return channel.level if channel.rises else -channel.level


def _bytes(dataset: Dataset, workers: int) -> tuple[float, float]:
    """Return what the observations take on disk, and what a run takes of memory."""
    if dataset.kind == "images":
        # They stay on disk, mapped; beside torch a worker holds the batches and layers of a network in training.
        return float(dataset.observations.nbytes), 400e6 + 2e9 * workers
    counts = as_csr(dataset.observations)
    held = counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes
    # Each worker holds a noisy copy and its prepared part; the driver holds the counts.
    return float(held), 400e6 * (workers + 1) + held * (1 + 2 * workers)


def _calibrate(loaded: Loaded) -> tuple[float, float, float]:
    """Return seconds to prepare a condition, seconds for each measurement with its fit, and bytes of an embedding."""
    grid = loaded.grid
    fullest = max(grid.conditions, key=lambda item: (_signal(item.channel), -item.seed))
    mine = [item for item in grid.measures if item.embed.condition.key == fullest.key]
    with tempfile.TemporaryDirectory(prefix="noiselaw-") as folder:
        store = Store.create(Path(folder) / "calibration")
        write_source(store, grid.source, loaded.dataset)
        for key, split in grid.splits.items():
            write_split(store, key, split)
        for key, pairs in grid.pairs.items():
            write_pairs(store, key, pairs)
        largest = max(item.embed.size for item in mine)
        sample = [item for item in mine if item.embed.size == largest]
        root = str(store.root)
        began = time.perf_counter()
        work.prepare(root, fullest)
        prepared = time.perf_counter() - began
        began = time.perf_counter()
        for embed in {item.embed.key: item.embed for item in sample}.values():
            work.embed(root, [embed])
        for item in sample:
            work.measure(root, [item])
        sampled = time.perf_counter() - began
        sizes = [np.load(path, mmap_mode="r").nbytes for path in (store.root / "embeddings").glob("*/values.npy")]
    return prepared, sampled / len(sample), float(np.mean(sizes)) if sizes else 0.0
