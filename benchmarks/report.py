"""How long does a report take, and how large is it, by the number of curves?

    OMP_NUM_THREADS=1 python benchmarks/report.py [--signals 1 12 40] [--models 5]

Tables are made from Eq. 2 with noise: 10 levels × 5 sizes × 3 replicates for each curve, 9,000 rows at 12 signals
× 5 models. Told: wall-clock and processor seconds of ``write_report``, and the page's size.
"""

import argparse
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np

from noiselaw.randomness import generator
from noiselaw.report import write_report
from noiselaw.table import to_table

LEVELS, SIZES, SEEDS = np.logspace(-3, 0, 10), np.geomspace(200, 7500, 5).round().astype(int), range(3)


def table(signals, models):
    rng = generator(5, "report")
    rows = []
    for signal, model in product(range(signals), range(models)):
        top, half = 1.5 + rng.random(), 10 ** rng.uniform(2, 3.5)
        for level, size, seed in product(LEVELS, SIZES, SEEDS):
            u = 8000.0 * level * (1 + 0.01 * rng.standard_normal())
            bits = 0.5 * np.log2(1 + (4**top - 1) * u / (u + half)) - (size / 60) ** -0.8 * min(1.0, u / 500)
            rows.append(
                {
                    "dataset": "made", "signal": f"signal {signal}", "channel": "binomial", "level": level, "u": u,
                    "u_unit": "UMI per cell", "n_train": int(size), "n_test": 2500, "representation": f"model {model}",
                    "probe": "recommended", "seed": seed, "bits": bits + 0.02 * rng.standard_normal(),
                    "standard_error": 0.02, "n_pairs": 2500, "status": "ok", "reason": "", "diagnostics": "{}",
                }
            )  # fmt: skip
    return to_table(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, nargs="+", default=[1, 12, 40])
    parser.add_argument("--models", type=int, default=5)
    asked = parser.parse_args()
    print("curves  measurements  wall s  processor s  MB")
    with tempfile.TemporaryDirectory() as folder:
        for signals in asked.signals:
            rows = table(signals, asked.models)
            wall, cpu = time.perf_counter(), time.process_time()
            page = write_report(rows, Path(folder) / "report.html")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            size = page.stat().st_size / 1e6
            print(f"{signals * asked.models:6d}  {len(rows):12,d}  {wall:6.1f}  {cpu:11.1f}  {size:.1f}", flush=True)


if __name__ == "__main__":
    main()
