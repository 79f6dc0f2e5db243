"""How time and memory grow with the number of cells: thinning, preparation, PCA and its embeddings, through a real run.

python benchmarks/scale.py [--cells 10000 100000 1000000] [--genes 2000] [--folder DIR]

Each number of cells is a file (.h5ad, CSR) read backed, and a process of its own; the probe is one that costs nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem
from scipy import sparse

from noiselaw import io
from noiselaw.probes import Probe
from noiselaw.records import Estimate
from noiselaw.signals import Labels
from noiselaw.sweep import Study, run
from noiselaw.table import read_table

_BLOCK = 10_000


@dataclass(frozen=True)
class NoProbe(Probe):
    """Costs nothing, so that everything else is seen."""

    measures: ClassVar[frozenset[str]] = frozenset({"labels"})

    def _estimate(self, x, y, groups, rng):
        return Estimate(0.0, standard_error=0.0, n_pairs=len(x))


def write_cells(path, n, genes, seed=0):
    """Write cells of 20 types, about 400 molecules each, block by block."""
    rng = np.random.default_rng(seed)
    profiles = rng.gamma(0.3, size=(20, genes)) + 0.02
    profiles /= profiles.sum(axis=1, keepdims=True)
    types = rng.integers(20, size=n)
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [n, genes]})
        data, indices = (
            x.create_dataset(name, (0,), maxshape=(None,), dtype=np.int32, chunks=(1 << 18,))
            for name in ("data", "indices")
        )
        indptr = [np.zeros(1, dtype=np.int64)]
        for start in range(0, n, _BLOCK):
            block = types[start : start + _BLOCK]
            depth = 400 * np.exp(rng.normal(0, 0.4, size=(len(block), 1)))
            counts = sparse.csr_array(rng.poisson(depth * profiles[block]).astype(np.int32))
            for target, values in ((data, counts.data), (indices, counts.indices)):
                target.resize((len(target) + len(values),))
                target[-len(values) :] = values
            indptr.append(counts.indptr[1:] + indptr[-1][-1])
        x.create_dataset("indptr", data=np.concatenate(indptr))
        names = pd.Index([f"cell{i}" for i in range(n)])
        write_elem(file, "obs", pd.DataFrame({"cell_type": pd.Categorical(types.astype(str))}, index=names))
        write_elem(file, "var", pd.DataFrame(index=[f"gene{i}" for i in range(genes)]))


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Peak(threading.Thread):
    """The most memory that is this process's own: pages of mapped files, which the system may drop, do not count."""

    def __init__(self):
        super().__init__(daemon=True)
        self.kilobytes = 0

    def run(self):
        while True:
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("RssAnon"):
                    self.kilobytes = max(self.kilobytes, int(line.split()[1]))
            time.sleep(0.02)


def measure(path, folder):
    """Run one condition at a tenth of the depth on all training cells; print what it took."""
    began, processor, peak = time.perf_counter(), cpu(), Peak()
    peak.start()
    dataset = io.read(path, backed=True)
    entries = int(h5py.File(path)["X/data"].shape[0])
    study = Study(
        data=dataset,
        name=f"{len(dataset.names)} cells",
        signals=[Labels("cell_type")],
        levels=[0.1, 1.0],
        sizes=1,
        seeds=1,
        models=["pca"],
        probes=[NoProbe()],
    )
    table = run(study, folder)
    assert (table["status"] == "ok").all(), table["reason"].unique()
    timings = read_table(Path(folder) / "timings.parquet")
    print(
        json.dumps(
            {
                "cells": len(dataset.names),
                "non-zeros": entries,
                "wall s": time.perf_counter() - began,
                "processor s": cpu() - processor,
                "prepare s (both levels)": timings["preparation_seconds"].sum(),
                "fit and embed s (both levels)": timings["fit_seconds"].sum(),
                "peak GB": peak.kilobytes / 1e6,
                "with mapped files": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            }
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--one", nargs=2)
    given = parser.parse_args()
    if given.one:
        measure(*given.one)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        rows = []
        for n in given.cells:
            path = folder / f"cells{n}x{given.genes}.h5ad"
            if not path.is_file():
                write_cells(path, n, given.genes)
            command = [sys.executable, __file__, "--one", str(path), str(Path(scratch) / f"store{n}")]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(pd.DataFrame(rows).round(2).to_string(index=False), flush=True)
        table = pd.DataFrame(rows)
        table["µs of processor per cell"] = table["processor s"] / table["cells"] * 1e6
        print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
