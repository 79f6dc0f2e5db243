"""Time and answers of latent MI, side by side with the published package in one run.

    python -m venv peer && peer/bin/pip install torch==2.13.0 latentmi==0.1.3    # needs numpy < 2: a venv of its own
    python -P benchmarks/latent_mi.py speed   --peer peer/bin/python [--pairs 3000,10000] [--epochs 20] [--repeats 3]
    python -P benchmarks/latent_mi.py answers --peer peer/bin/python [--pairs 1000] [--seeds 5] [--out answers.csv]

``speed`` trains both for the same few epochs, in turns, one thread each, and compares the least processor time per
epoch (to which other work on the machine can only add). ``answers`` runs both to their end on the same pairs, ours once
as published in bfloat16, once so in float32, and once mended; every seed redraws pairs, weights and halves.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

import numpy as np

PEER = """
import contextlib, io, json, re, sys, time
import numpy as np, torch
from latentmi import lmi
torch.set_num_threads(1)
path, seed, dims, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
pairs = np.load(path)
torch.manual_seed(seed); np.random.seed(seed)
printed = io.StringIO()
start = time.process_time()
with contextlib.redirect_stdout(printed):
    bits, _, _ = lmi.estimate(pairs["x"], pairs["y"], N_dims=dims, epochs=epochs, device="cpu")
seconds = time.process_time() - start
ran = int(re.findall(r"epoch (\\d+)", printed.getvalue())[-1]) + 1
print(json.dumps({"bits": float(np.nanmean(bits)), "seconds": seconds, "epochs": ran}))
"""

OURS = """
import json, sys, time
import numpy as np, torch
from noiselaw.probes.latent_mi import LatentMI
from noiselaw.probes.paired_autoencoder import PairedAutoencoder
from noiselaw.randomness import generator
path, seed, dims, epochs, protocol, precision = sys.argv[1], *map(int, sys.argv[2:5]), *sys.argv[5:]
pairs = np.load(path)
probe = LatentMI(dims=dims, max_epochs=epochs, protocol=protocol, precision=precision)
start = time.process_time()
found = probe.estimate(pairs["x"], pairs["y"], rng=generator(seed, "probe"))
facts = {"seconds": time.process_time() - start, "epochs": found.diagnostics["epochs"]}
print(json.dumps({"bits": found.bits, "standard_error": found.standard_error, **facts}))
"""


def pairs(case: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    match case:
        case "2 bits, 4 of 16 dims":
            rho = np.sqrt(1 - 4 ** (-2 / 4))
            x, y = rng.normal(size=(2, n, 16))
            y[:, :4] = rho * x[:, :4] + np.sqrt(1 - rho**2) * y[:, :4]
        case "2 hidden dims, 16 columns":
            hidden = rng.normal(size=(n, 2))
            turns = np.random.default_rng(7).normal(size=(2, 2, 16))
            x, y = (hidden @ turn + 1.0 * rng.normal(size=(n, 16)) for turn in turns)
        case "10 labels, one-hot":
            labels = rng.integers(0, 10, n)
            x = 1.0 * np.random.default_rng(7).normal(size=(10, 16))[labels] + rng.normal(size=(n, 16))
            y = np.eye(10)[labels]
        case _:
            raise ValueError(case)
    return x, y


CASES = ["2 bits, 4 of 16 dims", "2 hidden dims, 16 columns", "10 labels, one-hot"]


def run(python: str, code: str, path: Path, *arguments: object) -> dict[str, float]:
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [python, "-P", "-c", code, str(path), *map(str, arguments)]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def products_per_epoch(n: int, columns: int, dims: int, *, published: bool) -> float:
    """Multiplications and additions of an epoch, in 1e9: the arithmetic limit is this over what the processor does."""
    one = columns * 1024 + 1024 * 512 + 512 * 256 + 256 * dims
    trained, validated = (n // 2, n // 2) if published else (0.4 * n, 0.1 * n)
    return 2 * 6 * one * (3 * trained + validated) / 1e9


def speed(options: argparse.Namespace) -> None:
    for n in options.pairs:
        least: dict[tuple[str, int], float] = {}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pairs.npz"
            x, y = pairs(CASES[0], n, 0)
            np.savez(path, x=x, y=y)
            for _ in range(options.repeats):
                for kind, (python, code, more) in kinds(options).items():
                    for epochs in (5, 5 + options.epochs):
                        seconds = run(python, code, path, 0, options.dims, epochs, *more)["seconds"]
                        least[kind, epochs] = min(seconds, least.get((kind, epochs), np.inf))
        # a long training less a short one: starting, encoding and measuring do not count
        each = {kind: (least[kind, 5 + options.epochs] - least[kind, 5]) / options.epochs for kind in kinds(options)}
        gflop = products_per_epoch(n, 16, options.dims, published=True)
        print(f"{n} pairs, 16 + 16 columns, {options.dims} dims; an epoch as published is {gflop:.0f} GFLOP")
        for kind, seconds in each.items():
            print(
                f"  {kind:25} {1000 * seconds:8.1f} ms of one core per epoch   {each['latentmi'] / seconds:5.2f} ×",
                flush=True,
            )


def kinds(options: argparse.Namespace) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    every = {
        "latentmi": (options.peer, PEER, ()),
        "as published, bfloat16": (sys.executable, OURS, ("as_published", "bfloat16")),
        "as published, float32": (sys.executable, OURS, ("as_published", "float32")),
        "mended, bfloat16": (sys.executable, OURS, ("mended", "bfloat16")),
    }
    return {kind: how for kind, how in every.items() if kind not in options.without}


def answers(options: argparse.Namespace) -> None:
    rows = []
    for n in options.pairs:
        for case in CASES:
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "pairs.npz"
                    x, y = pairs(case, n, seed)
                    np.savez(path, x=x, y=y)
                    for kind, (python, code, more) in kinds(options).items():
                        found = run(python, code, path, seed, options.dims, 300, *more)
                        rows.append({"case": case, "pairs": n, "seed": seed, "kind": kind, **found})
            for kind in kinds(options):
                of_kind = [row for row in rows if (row["case"], row["pairs"], row["kind"]) == (case, n, kind)]
                show(case, n, kind, of_kind)
    if options.out:
        with options.out.open("w", newline="") as file:
            columns = ["case", "pairs", "seed", "kind", "bits", "standard_error", "seconds", "epochs"]
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


def show(case: str, n: int, kind: str, rows: list[dict]) -> None:
    bits, seconds, epochs = ([row[name] for row in rows] for name in ("bits", "seconds", "epochs"))
    spread = stdev(bits) if len(bits) > 1 else float("nan")
    error = spread / len(bits) ** 0.5
    print(
        f"{case:27} n={n:<6} {kind:25} {mean(bits):6.3f} ± {error:.3f} bits (sd {spread:.3f})   "
        f"{mean(epochs):5.0f} epochs   {mean(seconds):6.1f} s",
        flush=True,
    )


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "answers"])
    parser.add_argument("--peer", required=True, help="python of the environment that has latentmi")
    parser.add_argument("--pairs", type=numbers, default=[3000])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--dims", type=int, default=8)
    parser.add_argument("--without", nargs="*", default=[], help="kinds to leave out")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    (speed if options.what == "speed" else answers)(options)


if __name__ == "__main__":
    main()
