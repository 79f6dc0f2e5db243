"""What a sweep costs beside its points, and what a second worker gains.

    python benchmarks/overhead.py points [--points 1000] [--seconds 0.5] [--workers 2]
    python benchmarks/overhead.py workers [--study examples/demo.toml]

``points`` runs a study whose fits sleep, and compares its time with theirs. ``workers`` runs a study in new folders
with one process and with two, in turns. Both want a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from noiselaw.probes import Probe
from noiselaw.records import Embedding, Estimate, History
from noiselaw.represent import Encoder, Representation
from noiselaw.signals import Labels
from noiselaw.simulate import Cells
from noiselaw.sweep import Study, run


@dataclass(frozen=True, eq=False)
class Zeros(Encoder):
    history: History

    def _embed(self, prepared):
        return Embedding(np.zeros((len(prepared), 16)))


@dataclass(frozen=True)
class Sleeps(Representation):
    """A fit that takes its time and needs no processor."""

    takes: ClassVar[str] = "counts"
    seconds: float = 0.5
    number: int = 0

    def _fit(self, prepared, rng):
        time.sleep(self.seconds)
        return Zeros(History())


@dataclass(frozen=True)
class NoProbe(Probe):
    measures: ClassVar[frozenset[str]] = frozenset({"labels"})

    def _estimate(self, x, y, groups, rng):
        return Estimate(0.0, standard_error=0.0, n_pairs=len(x))


def points(count, seconds, workers):
    levels, sizes = 10, 10
    models = [Sleeps(seconds, number) for number in range(count // (levels * sizes))]
    study = Study(
        data=Cells(n_cells=1000, n_genes=300),
        signals=[Labels("cell_type")],
        levels=levels,
        sizes=list(np.linspace(100, 700, sizes).astype(int)),
        seeds=1,
        models=models,
        probes=[NoProbe()],
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        table = run(study, Path(folder) / "study", workers=workers)
        took = time.perf_counter() - began
    assert len(table) == count and (table["status"] != "failed").all()
    ideal = count * seconds / workers
    print(f"{count} points of {seconds} s, {workers} workers: {took:.1f} s, {took / ideal - 1:.1%} above {ideal:.0f} s")


def speedup(path):
    for turn in range(2):
        took = {}
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                run(Study.read(path), Path(folder) / "study", workers=workers)
                took[workers] = time.perf_counter() - began
        print(
            f"turn {turn + 1}: one worker {took[1]:.0f} s, two {took[2]:.0f} s, {took[1] / took[2]:.2f} x", flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    first = kinds.add_parser("points")
    first.add_argument("--points", type=int, default=1000)
    first.add_argument("--seconds", type=float, default=0.5)
    first.add_argument("--workers", type=int, default=2)
    second = kinds.add_parser("workers")
    second.add_argument("--study", type=Path, default=Path(__file__).parents[1] / "examples" / "demo.toml")
    given = parser.parse_args()
    if given.kind == "points":
        points(given.points, given.seconds, given.workers)
    else:
        speedup(given.study)
