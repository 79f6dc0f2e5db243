"""``noiselaw run``: measure a data set or a study."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noiselaw.cli.beforehand import (
    say_how_long,
    say_what_a_first_look_leaves_out,
    say_what_is_left_out,
    say_what_is_to_do,
    say_what_it_would_take,
)
from noiselaw.errors import UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from noiselaw.signals import Signal
    from noiselaw.sweep import Loaded, Study

__all__ = ["run"]

#: A single whole number up to this is how many training sizes, above it a training size.
_MOST_SIZES = 50
#: A first look at images: the recommended 150 fine-tunings at 240 pixels take a CPU a day, these a part of an hour.
_FIRST_LOOK = {"image_size": 96, "sizes": 1, "seeds": 1}
_FULL = {"image_size": 240, "sizes": 5, "seeds": 3}


def run(
    source: Annotated[
        Path,
        typer.Argument(
            help="A STUDY.toml, cells (.h5ad, .h5mu, .zarr, 10x .h5 or folder), images (a folder of class folders or "
            "a zip of it), or a dataset's name."
        ),
    ],
    label: Annotated[
        list[str] | None, typer.Option(help="Annotation column of labels to ask about. Repeatable.")
    ] = None,
    abundance: Annotated[
        list[str] | None, typer.Option(help="Matrix (obsm key or modality) to ask about. Repeatable.")
    ] = None,
    clonal: Annotated[
        str | None, typer.Option(help="Column of clones: asks about a relative of the cell (see --time).")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column of time points of clonal relatives.")] = None,
    early: Annotated[str | None, typer.Option(help="Time points of the cell, e.g. 2,4.")] = None,
    late: Annotated[str | None, typer.Option(help="Time points of its relative, e.g. 6.")] = None,
    missing_clone: Annotated[
        list[str] | None, typer.Option(help="A value of the clones' column that means none. Repeatable.")
    ] = None,
    spatial: Annotated[
        str | None, typer.Option(help="Matrix of positions (obsm key): asks about one of the nearest cells.")
    ] = None,
    section: Annotated[str | None, typer.Option(help="Column of sections, each with a frame of its own.")] = None,
    k: Annotated[
        int | None, typer.Option("--k", help="Among how many nearest cells the neighbour is drawn; by default 5.")
    ] = None,
    target: Annotated[
        str, typer.Option(help="What to ask of a relative or neighbour: embedding, profile (before the noise), both.")
    ] = "embedding",
    out: Annotated[Path | None, typer.Option(help="The study's folder; by default runs/NAME.")] = None,
    name: Annotated[str | None, typer.Option(help="How tables call the data set; by default the file's name.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where the files of a dataset known by name lie; your cache by default.")
    ] = None,
    counts: Annotated[str, typer.Option(help="Where the counts are: auto, X, raw or layers/NAME.")] = "auto",
    image_size: Annotated[
        int | None, typer.Option(help="Side in pixels that images are brought to; by default 96.")
    ] = None,
    levels: Annotated[
        str | None, typer.Option(help="How many noise levels, log-spaced from 0.001 to 1, or values: 0.01,0.1,1.")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            help="How many training sizes, log-spaced from 200 to all, or numbers: 500,2000; of images all of them."
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="How many replicates; of images one by default.")] = None,
    models: Annotated[str | None, typer.Option(help="Representations, separated by commas.")] = None,
    probe: Annotated[str | None, typer.Option(help="Estimators, separated by commas.")] = None,
    missing_label: Annotated[list[str] | None, typer.Option(help="A label that means missing. Repeatable.")] = None,
    held_out: Annotated[
        float | None, typer.Option(help="Share of cells held out for measuring; by default 0.25.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose groups (donors) stay on one side of the split.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="recommended, or paper (what its authors ran).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Local processes; by default one per core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler (tcp://host:8786), in place of local processes.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            help="Seconds after which a task is ended; one of several points is tried again point by point, a single "
            "one has failed."
        ),
    ] = None,
    gpus: Annotated[
        str | None,
        typer.Option(help="Devices for models that gain from one, separated by commas: 0,1. Workers do the rest."),
    ] = None,
    jobs_per_gpu: Annotated[int, typer.Option(min=1, help="Processes on each device of --gpus.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and write nothing.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do failed measurements again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Measure: thin, prepare, represent, probe, store, fit, report. What is finished is never done again."""
    from noiselaw.sweep import Execution, load, run_loaded

    given = {
        "name": name,
        "protocol": protocol,
        "levels": _levels(levels),
        "sizes": _sizes(sizes),
        "seeds": seeds,
        "models": _names(models),
        "probes": _names(probe),
        "held_out": held_out,
        "group": group,
    }
    clones = {"time": time, "early": _names(early), "late": _names(late), "missing": missing_clone}
    signals = [
        *_of_cells(label or [], missing_label or [], abundance or []),
        *_of_partners(clonal, clones, spatial, {"section": section, "k": k}, target),
    ]
    about = {"counts": counts, "image_size": image_size, "folder": folder}
    # A protocol that is asked for says what it takes.
    shortened = {} if source.suffix == ".toml" or protocol or not _are_images(source) else _shortened(about, given)
    given |= {key: value for key, value in shortened.items() if key in given}
    about |= {key: value for key, value in shortened.items() if key in about}
    study = _study(source, about, signals, missing=bool(missing_label) and not label, given=given)
    out = out or Path("runs") / study.name
    slots = workers or _cores()
    devices = tuple(_names(gpus) or ())
    how = Execution(slots, scheduler, timeout, retry_failed=retry_failed, gpus=devices, jobs_per_gpu=jobs_per_gpu)
    from noiselaw.cli.progress import patient, watching

    # A batch system's walltime ends a job like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with patient("reading the data"):
        loaded = load(study)
    _check_missing_labels(loaded, missing_label or [])
    _check_missing_clones(loaded, clonal, missing_clone or [])
    if not as_json:
        say_what_a_first_look_leaves_out(shortened, {name: _FULL[name] for name in shortened})
    if dry_run:
        with patient("calibrating"):
            say_what_it_would_take(loaded, source, out, slots, as_json)
        return 0
    say_what_is_to_do(loaded, as_json)
    say_what_is_left_out(loaded, out)
    say_how_long(loaded, out, slots, quiet=as_json or scheduler is not None)
    with watching(quiet=as_json) as watcher:
        table = run_loaded(loaded, out, how, watcher)
    with patient("writing the report"):
        return _finish(table, out, as_json)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _of_cells(labels: list[str], missing: list[str], abundances: list[str]) -> list[Signal]:
    from noiselaw.signals import Abundances, Labels

    asked = [Labels(column, missing=tuple(missing)) for column in labels]
    return [*asked, *[Abundances(key) for key in abundances]]


def _of_partners(
    clonal: str | None, clones: dict[str, Any], spatial: str | None, tissue: dict[str, Any], target: str
) -> list[Signal]:
    """Return the signals whose Y is another cell, one for each target that is asked for."""
    from noiselaw.signals import SIGNALS

    clones = {key: value for key, value in clones.items() if value}
    tissue = {key: value for key, value in tissue.items() if value is not None}
    said = {"missing": "--missing-clone"}
    for flag, given, needed in (
        *((said.get(key, f"--{key}"), not clonal, "--clonal") for key in clones),
        *((f"--{key}", not spatial, "--spatial") for key in tissue),
        ("--target", target != "embedding" and not (clonal or spatial), "--clonal or --spatial"),
    ):
        if given:
            raise UsageError(f"{flag} says more about {needed}, which was not given. Give both or neither.")
    wanted = ("embedding", "profile") if target == "both" else (target,)
    asked: list[Signal] = []
    for one in wanted:
        if clonal:
            asked.append(SIGNALS.build("clonal", {"clone": clonal, **clones, "target": one}))
        if spatial:
            asked.append(SIGNALS.build("spatial", {"key": spatial, **tissue, "target": one}))
    return asked


def _study(
    source: Path, about: dict[str, Any], signals: list[Signal], *, missing: bool, given: dict[str, Any]
) -> Study:
    """Return the study that the arguments describe: a file's with what was given instead, or a new one."""
    from noiselaw.signals import Labels
    from noiselaw.sweep import Study
    from noiselaw.sweep.sources import kind_of

    options = {key: value for key, value in given.items() if value is not None}
    if source.suffix == ".toml":
        if about != {"counts": "auto", "image_size": None, "folder": None} or missing:
            raise UsageError(
                "--counts, --image-size, --folder and --missing-label belong into the study file when there is one: "
                "counts, size or folder = ... in [data], missing = [...] with the signal."
            )
        return Study.read(source, **options, **({"signals": signals} if signals else {}))
    data = _data(source, **about, asked=bool(signals))
    if not signals and kind_of(data) == "images":
        signals = [Labels("class")]
    return Study(data=data, signals=signals, **options)


def _are_images(source: Path) -> bool:
    """Say whether ``source`` is a dataset of images by name, a folder of class folders or a zip of one."""
    from noiselaw.datasets import DATASETS
    from noiselaw.io import holds_images

    named = str(source) in DATASETS.names() and not source.exists()
    return DATASETS.get(str(source)).kind == "images" if named else holds_images(source)


def _shortened(about: dict[str, Any], given: dict[str, Any]) -> dict[str, int]:
    """Return what is not said of images, as a first look takes it."""
    said = {**about, **given}
    return {name: value for name, value in _FIRST_LOOK.items() if said[name] is None}


def _data(source: Path, *, counts: str, image_size: int | None, folder: Path | None, asked: bool) -> Any:
    """Return the file or dataset that ``source`` names; cells only where something is ``asked`` about them."""
    from noiselaw.datasets import DATASETS
    from noiselaw.sweep import CellFile, ImageFiles

    named = str(source) in DATASETS.names() and not source.exists()
    images = _are_images(source)
    if images and counts != "auto":
        raise UsageError("--counts says where the counts of cells are; images have none. Leave it out.")
    if not images and image_size is not None:
        raise UsageError(
            f"--image-size is for images, and {source} holds none. Expected a folder, or a zip, with one folder of "
            "images for each class."
        )
    if not named and not images and not asked and source.is_dir() and not any(source.iterdir()):
        raise UsageError(f"The folder {source} is empty. Expected cells, or one folder of images for each class.")
    if not images and not asked:
        raise UsageError(
            "Say what to ask about: --label COLUMN (an annotation column such as cell_type), --abundance KEY (a "
            "matrix such as protein), --clonal COLUMN (clones), --spatial KEY (positions), or pass a STUDY.toml."
            + (" No image was found in the folder." if source.is_dir() and not source.suffix else "")
        )
    if not named and not images and not source.suffix and not source.exists():
        raise UsageError(
            f"There is no file, folder or dataset {str(source)!r}. {nearest(str(source), DATASETS.names())}"
        )
    options: dict[str, Any] = {} if image_size is None else {"size": image_size}
    if folder is not None and not named:
        raise UsageError(f"--folder is for datasets known by name; {str(source)!r} is none. Leave it out.")
    if named:
        options |= {} if folder is None else {"folder": str(folder)}
        return DATASETS.build(str(source), options)
    return ImageFiles(str(source), **options) if images else CellFile(str(source), counts=counts)


def _check_missing_labels(loaded: Loaded, missing: list[str]) -> None:
    """Refuse a missing label that labels nothing: a slip of the pen would measure what was to be left out."""
    from noiselaw.signals import Labels

    columns = [signal.column for signal in loaded.study.signals if isinstance(signal, Labels)]
    there = {str(value) for column in columns for value in loaded.dataset.annotations[column].dropna().unique()}
    for label in missing:
        if label not in there:
            raise UsageError(
                f"--missing-label {label!r} occurs in none of {', '.join(columns)}. {nearest(label, there)}"
            )


def _check_missing_clones(loaded: Loaded, column: str | None, missing: list[str]) -> None:
    """Refuse a value said to mean "no clone" that no cell has: its real spelling would stay one large clone."""
    there = set(loaded.dataset.annotations[column].dropna().astype(str)) if column else set()
    for value in missing:
        if value not in there:
            raise UsageError(f"--missing-clone {value!r} occurs nowhere in {column}. {nearest(value, there)}")


def _levels(text: str | None) -> int | list[float] | None:
    if text is None:
        return None
    try:
        return int(text) if text.strip().isdigit() else [float(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(
            f"--levels is a count or values separated by commas; got {text!r}. Pass 10 or 0.01,0.1,1."
        ) from error


def _sizes(text: str | None) -> int | list[int] | None:
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(
            f"--sizes is a count or whole numbers separated by commas; got {text!r}. Pass 5 or 500,2000."
        ) from error
    return numbers[0] if len(numbers) == 1 and numbers[0] <= _MOST_SIZES else numbers


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _finish(table: pd.DataFrame, folder: Path, as_json: bool) -> int:
    """Write the report and say what came out; 4 where some measurements failed."""
    from noiselaw.report import write_report

    page = write_report(folder)
    failed = int((table["status"] == "failed").sum())
    if as_json:
        summary = {
            "measurements": len(table),
            "failed": failed,
            "table": str(folder / "measurements.parquet"),
            "report": str(page),
        }
        typer.echo(json.dumps(summary, indent=2))
    else:
        typer.echo(f"{len(table):,} measurements ({failed:,} failed): {folder / 'measurements.parquet'} (and .csv)")
        typer.echo(f"Report: {page}")
        if failed:
            typer.echo(f"Next: noiselaw status {folder} (says why some failed)")
        else:
            typer.echo(f"Next: open the report, or: noiselaw plan {folder}")
    return 4 if failed else 0
