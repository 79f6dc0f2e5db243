"""The recommended probe on the tasks of an independent benchmark, the package ``benchmark-mi`` (Czyż et al. 2023).

The package lives in an environment of its own, which writes pairs and exact values; ours measures them:

OTHER/python benchmarks/calibration/independent.py export --n 3000 --out tasks.npz
python benchmarks/calibration/independent.py measure tasks.npz --out tasks.csv

The first needs ``pip install benchmark-mi "jax==0.4.30" "jaxlib==0.4.30" "tensorflow-probability<0.25" "numpy<2"``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np


def export(options):
    import bmi

    arrays = {}
    for name, task in bmi.BENCHMARK_TASKS.items():
        x, y = task.sample(options.n, seed=options.seed)
        arrays[f"{name}|x"], arrays[f"{name}|y"] = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        arrays[f"{name}|bits"] = np.array(float(task.mutual_information) / np.log(2))
    np.savez_compressed(options.out, **arrays)


def measure(options):
    import pandas as pd

    import noiselaw

    rows = []
    with np.load(options.tasks) as stored:
        for name in dict.fromkeys(key.rsplit("|", 1)[0] for key in stored.files):
            if options.only not in name:
                continue
            start = time.process_time()
            found = noiselaw.mutual_information(stored[f"{name}|x"], stored[f"{name}|y"], seed=options.seed)
            truth = float(stored[f"{name}|bits"])
            row = {
                "task": name,
                "truth": truth,
                "bits": found.bits,
                "standard_error": found.standard_error,
                "extrapolated": found.extrapolated_bits,
                "short %": 100 * (1 - found.bits / truth),
                "status": found.status,
                "seconds": time.process_time() - start,
            }
            rows.append(row)
            print(*(f"{v:.3f}" if isinstance(v, float) else v for v in row.values()), sep=" | ", flush=True)
    table = pd.DataFrame(rows)
    if options.out:
        table.to_csv(options.out, index=False)
    above = (table["bits"] - table["truth"]) / table["standard_error"] > 2
    short = table["short %"]
    print(f"mean short {short.mean():.1f} %, median {short.median():.1f} %, above by 2 SE {above.sum()}")


def main():
    parser = argparse.ArgumentParser()
    modes = parser.add_subparsers(required=True)
    out = modes.add_parser("export")
    out.add_argument("--n", type=int, default=3000)
    out.add_argument("--seed", type=int, default=0)
    out.add_argument("--out", required=True)
    out.set_defaults(run=export)
    taken = modes.add_parser("measure")
    taken.add_argument("tasks")
    taken.add_argument("--seed", type=int, default=0)
    taken.add_argument("--only", default="")
    taken.add_argument("--out", default="")
    taken.set_defaults(run=measure)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
