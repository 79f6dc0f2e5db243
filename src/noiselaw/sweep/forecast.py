"""How much work a study is, before it starts: counts of pieces, and time, disk and memory from a short calibration."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.arrays import as_csr
from noiselaw.errors import InputError, NoiselawError
from noiselaw.randomness import generator
from noiselaw.represent import REPRESENTATIONS
from noiselaw.sweep import condition as work
from noiselaw.sweep.engines import local_processes
from noiselaw.sweep.pieces import write_pairs, write_source, write_split
from noiselaw.sweep.store import Store
from noiselaw.sweep.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noiselaw.channels import Channel
    from noiselaw.records import Dataset
    from noiselaw.sweep.conduct import Loaded
    from noiselaw.sweep.grid import Condition, Embed, Measure

__all__ = ["Forecast", "forecast", "is_quick"]

#: Rounds of two brief trainings, whose difference is what a round takes.
_FEW, _MORE = 1, 3
#: A training not longer than so many brief ones is done in full.
_SHORT = 4
#: A study of so many times the calibration's measurements hardly notices it.
_MANY = 25
#: Observations of a brief training.
_OBSERVATIONS = 1200


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
    #: Why models failed in the calibration, as they would in the study.
    troubles: tuple[str, ...] = ()


def forecast(loaded: Loaded, store: Store | None, workers: int, limit: float | None = None) -> Forecast:
    """Say what ``loaded`` will take, from one condition (the fullest) done in a temporary folder.

    The calibration fits every model at the largest size, those that train for long with a few rounds only, and runs
    each probe for each signal once; what is measured there is scaled by what is left to do. A training that may stop
    early is counted in full, so ``seconds`` is an upper estimate. Nothing is written to ``store``.

    With a ``limit`` (seconds) the calibration is done in a process of its own, which a model that hangs or kills its
    process can then take down alone.

    Raises
    ------
    InputError
        If the calibration did not come to its end within ``limit``, or its process died.
    """
    grid = loaded.grid
    finished = store.keys("measurements") if store is not None else set()
    left = [item for item in grid.measures if item.key not in finished]
    costs = _calibrate(loaded, left, limit) if left else _Costs(0.0, {}, 0.0, 0.0)
    conditions_left = len({item.embed.condition.key for item in left})
    seconds = costs.prepare * conditions_left + sum(costs.fits.values()) + costs.measurements * len(left)
    held, memory = _bytes(loaded.dataset, workers)
    return Forecast(
        conditions=len(grid.conditions),
        fits=len(grid.embeds),
        measurements=len(grid.measures),
        measurements_left=len(left),
        seconds=seconds / workers,
        disk_bytes=held + costs.embedding * len(grid.embeds),
        memory_bytes=memory,
        troubles=costs.troubles,
    )


def is_quick(loaded: Loaded, store: Store | None) -> bool:
    """Say whether a forecast is short beside the study: much is left to do, and what trains can train briefly."""
    finished = store.keys("measurements") if store is not None else set()
    left = [item for item in loaded.grid.measures if item.key not in finished]
    models = {_label(item.embed): item.embed for item in left}
    asked = {(item.row["signal"], item.row["probe"]) for item in left}
    brief = {label: embed.model.brief(embed.size, _FEW) for label, embed in models.items()}
    long = [label for label, (_, cost, whole) in brief.items() if models[label].model.accelerated and whole <= cost]
    return bool(left) and not long and len(left) >= _MANY * len(models) * len(asked)


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


@dataclass(frozen=True)
class _Costs:
    """What the calibration found: seconds for a condition, each fit and measurement; bytes of embeddings; failures."""

    prepare: float
    fits: Mapping[str, float]
    measurements: float
    embedding: float
    troubles: tuple[str, ...] = ()


def _calibrate(loaded: Loaded, left: Sequence[Measure], limit: float | None) -> _Costs:
    """Do the fullest condition of ``left`` in a temporary folder, with brief trainings; each probe once a signal."""
    grid = loaded.grid
    fullest = max((item.embed.condition for item in left), key=lambda one: (_signal(one.channel), -one.seed))
    with tempfile.TemporaryDirectory(prefix="noiselaw-") as folder:
        store = Store.create(Path(folder) / "calibration")
        write_source(store, grid.source, loaded.dataset)
        for key, split in grid.splits.items():
            write_split(store, key, split)
        for key, pairs in grid.pairs.items():
            write_pairs(store, key, pairs)
        if limit is None:
            return _costs(str(store.root), fullest, left)
        return _apart(str(store.root), fullest, left, limit)


def _apart(root: str, fullest: Condition, left: Sequence[Measure], limit: float) -> _Costs:
    """Return what :func:`_costs` returns, from a process that is ended after ``limit`` seconds."""
    engine = local_processes(1)
    executor = engine.start("cpu")
    try:
        return executor.submit(_costs, root, fullest, left).result(timeout=limit)
    except TimeoutError as error:
        raise InputError(f"the calibration took longer than {limit:g} s") from error
    except engine.died as error:
        raise InputError("the calibration killed its process (out of memory, perhaps)") from error
    finally:
        engine.end(executor)


def _costs(root: str, fullest: Condition, left: Sequence[Measure]) -> _Costs:
    """Do one condition of ``left`` in the store at ``root``, and return what its parts took."""
    store = Store.open(root)
    mine = [item for item in left if item.embed.condition.key == fullest.key]
    prepared = _timed(lambda: work.prepare(root, fullest))
    # One embedding of each model, the largest that is left; by model, what a fit takes at any size.
    largest = {_label(item.embed): item.embed for item in sorted(mine, key=lambda item: item.embed.size)}
    takes = {model: _fit_seconds(store, embed) for model, embed in largest.items()}
    fits = {item.embed.key: takes[_label(item.embed)](item.embed.size) for item in left if _label(item.embed) in takes}
    first = next(iter(largest.values())).key
    sample = {(item.pairs, item.row["probe"]): item for item in mine if item.embed.key == first}
    measured = [_timed(lambda item=item: work.measure(root, [item])) for item in sample.values()]  # type: ignore[misc]
    bodies = {model: store.read("embeddings", embed.key).body for model, embed in largest.items()}
    troubles = tuple(f"{model}: {body['error']}" for model, body in bodies.items() if "error" in body)
    sizes = [np.load(path, mmap_mode="r").nbytes for path in (store.root / "embeddings").glob("*/values.npy")]
    return _Costs(prepared, fits, float(np.mean(measured)), float(np.mean(sizes)) if sizes else 0.0, troubles)


def _label(embed: Embed) -> str:
    """Return what a model is called."""
    return REPRESENTATIONS.label(embed.model)


def _fit_seconds(store: Store, embed: Embed) -> Callable[[int], float]:
    """Embed with a brief training, and return what a whole one takes by training size.

    What a round of training takes is the difference between two brief fits on few observations, so that what a fit
    costs beside its rounds (libraries that are read in, the embedding) is counted once and not multiplied.
    """
    model, root = embed.model, str(store.root)
    short, cost, whole = model.brief(embed.size, _FEW)
    if whole <= cost * _SHORT:
        seconds = _timed(lambda: work.embed(root, [embed]))
        return lambda size: seconds
    seconds = _timed(lambda: work.embed(root, [replace(embed, model=short)]))
    each = _seconds_of_a_unit(store, embed)
    return lambda size: seconds + each * max(0.0, model.brief(size, _FEW)[2] - cost)


def _seconds_of_a_unit(store: Store, embed: Embed) -> float:
    """Return seconds for each unit of training cost; 0 where a brief training fails, as then a whole one does."""
    try:
        train, _ = work.views_of(store, embed, store.read("conditions", embed.condition.key))
        train = train.take(slice(min(embed.size, _OBSERVATIONS)))
        brief = [embed.model.brief(len(train), rounds) for rounds in (_FEW, _MORE)]
        took = [_timed(lambda model=model: model.fit(train, generator(0, "forecast"))) for model, _, _ in brief]  # type: ignore[misc]
    except NoiselawError:
        return 0.0
    return max(0.0, took[1] - took[0]) / max(brief[1][1] - brief[0][1], 1.0)


def _timed(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    with one_thread():
        job()
    return time.perf_counter() - began
