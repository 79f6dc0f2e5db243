"""Time and memory of thinning, side by side with scanpy and numpy in one run.

    python benchmarks/thinning.py [--cells 20000 --genes 20000] [--fraction 0.1] [--repeats 3] [--threads 1,2]

Every measurement runs in a process of its own, on simulated cells read from a temporary file; the methods take turns.
Ratios compare the medians of seconds and the least processor time, to which other work on the machine can only add.
Memory is the peak above what the process held before (Linux only, NaN elsewhere).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from scipy import sparse
from scipy.optimize import brentq

METHODS = [
    "noiselaw binomial",
    "noiselaw hypergeometric, matrix",
    "noiselaw hypergeometric, cell",
    "scanpy total_counts",
    "scanpy counts_per_cell",
    "numpy binomial on .data",
]


def simulate(cells: int, genes: int, depth: float = 5400.0, seed: int = 0) -> sparse.csr_matrix:
    """Poisson counts: log-normal depths, and log-normal gene shares such that 14 % of the entries are not zero."""
    rng = np.random.default_rng(seed)
    shape = rng.standard_normal(genes)
    depths = depth * np.exp(0.4 * rng.standard_normal(cells) - 0.08)

    def shares(spread: float) -> np.ndarray:
        weights = np.exp(spread * shape)
        return weights / weights.sum()

    spread = brentq(lambda s: (1 - np.exp(-depth * shares(s))).mean() - 0.1442, 0.1, 8)
    rows = [
        sparse.csr_matrix(rng.poisson(part[:, None] * shares(spread)).astype(np.int32))
        for part in np.array_split(depths, max(1, cells // 500))
    ]
    return sparse.vstack(rows, format="csr")


def _memory(field: str) -> float:
    """A line of /proc/self/status in MB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return next(int(line.split()[1]) / 1e3 for line in status.read_text().splitlines() if line.startswith(field))


def _call(method: str, x: sparse.csr_matrix, fraction: float):
    """A function that thins ``x`` by ``method``; what it needs beforehand is made here."""
    if method.startswith("noiselaw"):
        import noiselaw.channels as channels

        if "binomial" in method:
            return lambda: channels.thin(x, fraction, 0)
        return lambda: channels.thin(x, fraction, 0, "hypergeometric", per=method.split(", ")[1])
    if method.startswith("numpy"):
        return lambda: np.random.default_rng(0).binomial(x.data, fraction)
    import anndata
    import scanpy

    cells = anndata.AnnData(x)
    totals = np.asarray(x.sum(axis=1)).ravel()
    wanted = int(fraction * totals.sum()) if "total" in method else (fraction * totals).astype(int)
    option = method.split()[1]
    # scanpy overwrites its input, which spares it a copy; the others leave theirs untouched.
    return lambda: scanpy.pp.downsample_counts(cells, **{option: wanted}) or cells.X


def measure(method: str, path: str, fraction: float) -> None:
    """Run in a process of its own: print seconds, of a first call on 20 cells too, and MB as JSON."""
    x = sparse.load_npz(path)
    _call(method, x[:20].copy(), fraction)
    start = time.perf_counter()
    _call(method, x[:20].copy(), fraction)()
    first = time.perf_counter() - start
    call = _call(method, x, fraction)
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    before = _memory("VmRSS")
    start, processor = time.perf_counter(), time.process_time()
    result = call()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = _memory("VmHWM") - before
    size = sum(a.nbytes for a in (result.data, result.indices, result.indptr)) if sparse.issparse(result) else 0
    row = {
        "seconds": seconds,
        "processor": processor,
        "first": first,
        "peak": peak,
        "size": (size or result.nbytes) / 1e6,
    }
    print(json.dumps(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--fraction", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--without", help="a method to leave out, e.g. 'scanpy total_counts', the slowest")
    parser.add_argument("--input", help="an .npz of scipy.sparse to thin instead of simulated cells")
    parser.add_argument("--measure", nargs=2, metavar=("METHOD", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure, arguments.fraction)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.input or str(Path(folder) / "cells.npz")
        if not arguments.input:
            sparse.save_npz(path, simulate(arguments.cells, arguments.genes), compressed=False)
        x = sparse.load_npz(path)
        megabytes = (x.data.nbytes + x.indices.nbytes + x.indptr.nbytes) / 1e6
        print(
            f"{x.shape[0]} cells x {x.shape[1]} genes, {x.nnz / 1e6:.1f} M non-zeros, {x.data.sum() / 1e6:.1f} M UMI,"
        )
        print(f"{x.dtype} CSR of {megabytes:.0f} MB, fraction {arguments.fraction}, {os.cpu_count()} processors")
        # What any method must move at least: read the input once.
        start = time.perf_counter()
        for array in (x.data, x.indices):
            array.max()
        print(f"reading the input once, one thread: {time.perf_counter() - start:.3f} s")
        del x
        for threads in arguments.threads.split(","):
            methods = [method for method in METHODS if method != arguments.without]
            compare(methods, path, threads, arguments.fraction, arguments.repeats)


def compare(methods: list[str], path: str, threads: str, fraction: float, repeats: int) -> None:
    """Let the methods take turns, and print medians and ratios to the faster of scanpy's."""
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, threads)}
    rows: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    for _ in range(repeats):
        for method in methods:
            # -P keeps this folder's scripts from shadowing libraries of the same name.
            command = [
                sys.executable,
                "-P",
                "-W",
                "ignore",
                __file__,
                "--fraction",
                str(fraction),
                "--measure",
                method,
                path,
            ]
            out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
            rows[method].append(json.loads(out.splitlines()[-1]))
    middle = {m: {key: median(row[key] for row in rows[m]) for key in rows[m][0]} for m in methods}
    for m in methods:  # other work on the machine only adds to processor time
        middle[m]["processor"] = min(row["processor"] for row in rows[m])
    rival = min((m for m in methods if m.startswith("scanpy")), key=lambda m: middle[m]["seconds"])
    print(f"\n{threads} thread(s), medians of {repeats}; ratios to {rival}")
    heads = ["seconds", "range", "ratio", "least CPU", "ratio", "peak MB", "result MB", "first s"]
    print(
        f"{'method':33}" + "".join(f"{head:>{w}}" for head, w in zip(heads, (9, 15, 8, 10, 8, 9, 11, 9), strict=True))
    )
    for method, row in middle.items():
        seconds = [one["seconds"] for one in rows[method]]
        print(
            f"{method:33}{row['seconds']:9.2f}{min(seconds):8.2f}-{max(seconds):6.2f}"
            f"{middle[rival]['seconds'] / row['seconds']:8.1f}{row['processor']:10.2f}"
            f"{middle[rival]['processor'] / row['processor']:8.1f}"
            f"{row['peak']:9.0f}{row['size']:11.0f}{row['first']:9.2f}"
        )


if __name__ == "__main__":
    main()
