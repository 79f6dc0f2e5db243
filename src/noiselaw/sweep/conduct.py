"""A study from its description to its measurements table."""

from __future__ import annotations

import json
import platform
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from noiselaw import io
from noiselaw.arrays import check_counts
from noiselaw.datasets import PublishedDataset
from noiselaw.errors import InputError, StoreError, UsageError
from noiselaw.records import Dataset
from noiselaw.registry import checked, options_of
from noiselaw.simulate import SIMULATORS
from noiselaw.sweep.engines import dask_cluster, in_this_process, local_processes
from noiselaw.sweep.execute import execute, missing
from noiselaw.sweep.grid import Grid, lay_out
from noiselaw.sweep.kinds import check_observations
from noiselaw.sweep.pieces import write_pairs, write_source, write_split
from noiselaw.sweep.sources import CellFile, ImageFiles
from noiselaw.sweep.store import Store, writing
from noiselaw.sweep.study import Study
from noiselaw.sweep.tasks import tasks_of
from noiselaw.table import to_table, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noiselaw.sweep.engines import Engine
    from noiselaw.sweep.progress import Watcher

__all__ = ["Execution", "Loaded", "collect", "load", "run", "run_loaded"]


@dataclass(frozen=True, eq=False)
class Loaded:
    """A study with its data read and every measurement laid out; nothing has been written."""

    study: Study
    dataset: Dataset
    grid: Grid
    truth: pd.DataFrame | None = None


def load(study: Study) -> Loaded:
    """Read a study's data and lay out its measurements, refusing what cannot be measured.

    Raises
    ------
    InputError
        If the data cannot be read, are neither counts nor images, or lack what the study asks about.
    """
    if not isinstance(study, Study):
        raise UsageError(f"Expected a Study; got {type(study).__name__}. Pass noiselaw.Study(data=..., signals=[...]).")
    data, truth = study.data, None
    if isinstance(data, Dataset):
        dataset = data
    elif isinstance(data, CellFile):
        dataset = io.read(data.path, counts=data.counts, modality=data.modality or None, name=study.name)
    elif isinstance(data, ImageFiles):
        dataset = io.read_images(**options_of(data, all_options=True), name=study.name)
    elif isinstance(data, PublishedDataset):
        dataset = data.load()
    elif SIMULATORS.name_of(data) in SIMULATORS.names():
        drawn = data.draw()
        dataset = drawn.dataset
        truth = _truth_table(study, drawn)
    else:
        dataset = io.from_anndata(data, name=study.name)
    check_observations(study, dataset)
    if dataset.kind == "counts":
        check_counts(dataset.observations, dataset.names, dataset.features)
    return Loaded(study, dataset, lay_out(study, dataset), truth)


def _truth_table(study: Study, drawn: Any) -> pd.DataFrame:
    """Return the true information in the counts at every level, where the simulator knows it."""
    rows = []
    for signal in study.signal_names:
        for level in study.levels:
            try:
                known = drawn.truth(level, signal)
            except InputError:
                break  # a signal that the simulator does not know by this name
            rows.append({"signal": signal, "level": level, "bits": known.bits, "standard_error": known.standard_error})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Execution:
    """How the work is done; nothing here can change a number.

    Parameters
    ----------
    workers
        Local processes. One works in this process, unless ``timeout`` asks for one that can be ended.
    scheduler
        Address of a Dask scheduler, in place of local processes.
    timeout
        Seconds after which one task (a fit, say) is ended and counted as failed; None to wait for ever.
    keep_embeddings
        Keep them, so that a new signal or probe needs no new fits.
    retry_failed
        Do failed measurements again.
    gpus
        Devices (as ``CUDA_VISIBLE_DEVICES`` names them) whose processes fit the models that gain from one; the
        ``workers`` do everything else. Without any, each worker sees every device.
    jobs_per_gpu
        Processes on each of ``gpus``.
    """

    workers: int = 1
    scheduler: str | None = None
    timeout: float | None = None
    keep_embeddings: bool = True
    retry_failed: bool = False
    gpus: tuple[str, ...] = ()
    jobs_per_gpu: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is written."""
        if self.workers < 1:
            raise UsageError(f"workers must be at least 1; got {self.workers}.")
        if self.jobs_per_gpu < 1:
            raise UsageError(f"jobs_per_gpu must be at least 1; got {self.jobs_per_gpu}.")
        if len(set(self.gpus)) < len(self.gpus):
            raise UsageError(f"gpus are different devices, e.g. ('0', '1'); got {self.gpus!r}.")
        if self.gpus and self.scheduler is not None:
            raise UsageError(
                "gpus are devices of local processes; on a Dask cluster start workers with --resources GPU=1, and "
                "models that gain from a GPU run there."
            )
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"timeout must be a positive number of seconds; got {self.timeout}.")
        if self.timeout is not None and self.scheduler is not None:
            raise UsageError(
                "A timeout needs local processes, which can be ended; a Dask cluster has limits of its own."
            )

    def engine(self) -> Engine:
        """Return where the work runs."""
        if self.scheduler is not None:
            return dask_cluster(self.scheduler)
        if self.workers == 1 and self.timeout is None and not self.gpus:
            return in_this_process()
        return local_processes(self.workers, self.gpus, self.jobs_per_gpu)


def run(
    study: Study, out: str | Path | None = None, *, workers: int = 1, watcher: Watcher | None = None, **execution: Any
) -> pd.DataFrame:
    """Measure a study and return its measurements table.

    Parameters
    ----------
    study
        What to measure.
    out
        The study's folder. What is finished there is not done again; without one, nothing is kept.
    workers
        Local processes. More than one starts new interpreters, so a script needs
        ``if __name__ == "__main__":``. The numbers do not depend on it.
    watcher
        Hears how far the work has come.
    **execution
        Other fields of :class:`Execution`.

    Raises
    ------
    InputError
        If the data cannot be measured; nothing has been written then.
    StoreError
        If ``out`` belongs to other data, or cannot be written.
    """
    how = checked(Execution, {"workers": workers, **execution}, "run()")
    return run_loaded(load(study), out, how, watcher)


def run_loaded(loaded: Loaded, out: str | Path | None, how: Execution, watcher: Watcher | None = None) -> pd.DataFrame:
    """Measure a study whose data are loaded: see :func:`run`."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="noiselaw-") as folder:
            return run_loaded(loaded, Path(folder) / "study", how, watcher)
    engine = how.engine()
    store = Store.create(out)
    store.tidy()
    _register(store, loaded)
    missing(loaded.grid, store)  # puts damaged measurements aside
    if how.retry_failed:
        _forget_failed(store, loaded.grid)
    tasks = tasks_of(loaded.grid, store)
    try:
        execute(tasks, store, engine, watcher, keep_embeddings=how.keep_embeddings, timeout=how.timeout)
    finally:
        # After Ctrl-C as after the end: the tables show what there is.
        table = collect(store)
    return table


def _register(store: Store, loaded: Loaded) -> None:
    """Write what a study is and what its workers read; refuse a store that holds other data."""
    study, grid = loaded.study, loaded.grid
    before = plan_of(store)
    if before is not None and before["source"] != grid.source:
        raise StoreError(
            f"{store.root} measures other data: its counts have hash {before['source']}, those of {study.name} have "
            f"{grid.source}. If the input was changed on purpose, run into a new folder."
        )
    write_source(store, grid.source, loaded.dataset)
    for key, split in grid.splits.items():
        write_split(store, key, split)
    for key, pairs in grid.pairs.items():
        write_pairs(store, key, pairs)
    plan = {
        "source": grid.source,
        "provenance": provenance(loaded),
        "truth": [] if loaded.truth is None else loaded.truth.to_dict("records"),
        "measurements": [{"key": item.key, **item.row} for item in grid.measures],
    }
    store.write_text("study.toml", study.to_toml())
    store.write_text("plan.json", json.dumps(plan))


def plan_of(store: Store) -> dict[str, Any] | None:
    """Return which measurements the store's study asks for, or None before its first run."""
    if not (store.root / "plan.json").is_file():
        return None
    try:
        plan: dict[str, Any] = json.loads(store.read_text("plan.json"))
    except ValueError as error:
        raise StoreError(
            f"{store.root / 'plan.json'} is damaged. Remove it and run again: what is finished is kept."
        ) from error
    return plan


def provenance(loaded: Loaded) -> dict[str, Any]:
    """Return where the numbers of a study come from."""
    dataset, grid = loaded.dataset, loaded.grid
    packages = {}
    for name in (
        "noiselaw",
        "numpy",
        "scipy",
        "pandas",
        "anndata",
        "scanpy",
        "scikit-learn",
        "scikit-misc",
        "numba",
        "torch",
        "torchvision",
        "timm",
        "pillow",
    ):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "noiselaw_version": packages.get("noiselaw", ""),
        "python": platform.python_version(),
        "packages": packages,
        "machine": f"{platform.system()} {platform.machine()}",
        "study": loaded.study.to_toml(),
        "seeds": loaded.study.seeds,
        "sizes": list(grid.sizes),
        "input": {
            **dict(dataset.provenance),
            "counts_hash": grid.source,
            **_extent(dataset),
        },
        "dropped": {name: dict(reasons) for name, reasons in grid.dropped.items()},
    }


def _extent(dataset: Dataset) -> dict[str, int]:
    """Return how many observations there are, and how large they are."""
    shape = [int(length) for length in dataset.observations.shape]
    if dataset.kind == "images":
        return {"n_observations": shape[0], "height": shape[1], "width": shape[2]}
    return {"n_observations": shape[0], "n_features": shape[1]}


def collect(store: Store) -> pd.DataFrame:
    """Gather the finished measurements of the store's study, write its tables, return the measurements.

    Raises
    ------
    StoreError
        If no run has been started in the store.
    """
    plan = plan_of(store)
    if plan is None:
        raise StoreError(f"{store.root} has no plan.json: no run has been started there. Start one: noiselaw run.")
    rows, timings = [], []
    for asked in plan["measurements"]:
        if not store.has("measurements", asked["key"]):
            continue
        body = store.read("measurements", asked["key"]).body
        rows.append({**body["row"], "diagnostics": json.dumps(body["row"]["diagnostics"], sort_keys=True)})
        seconds = {f"{part}_seconds": value for part, value in body["seconds"].items()}
        identifying = {key: value for key, value in asked.items() if key != "key"}
        timings.append({**identifying, **seconds})
    table = to_table(rows)
    with writing(store.root):
        write_table(table, store.root / "measurements.parquet", plan["provenance"])
        write_table(table, store.root / "measurements.csv")
        write_table(pd.DataFrame(timings), store.root / "timings.parquet")
        if plan["truth"]:
            realised = table.groupby("level", as_index=False)["u"].mean()
            write_table(pd.DataFrame(plan["truth"]).merge(realised, on="level"), store.root / "truth.parquet")
    return table


def _forget_failed(store: Store, grid: Grid) -> None:
    """Remove failed measurements, and the failed fits and conditions behind them, so that they are done again."""
    for item in grid.measures:
        if store.has("measurements", item.key):
            row: Mapping[str, Any] = store.read("measurements", item.key).body["row"]
            if row["status"] == "failed":
                store.remove("measurements", item.key)
    for embed in grid.embeds:
        if store.has("embeddings", embed.key) and "error" in store.read("embeddings", embed.key).body:
            store.remove("embeddings", embed.key)
        condition = embed.condition.key
        if store.has("conditions", condition) and "error" in store.read("conditions", condition).body:
            store.remove("conditions", condition)
