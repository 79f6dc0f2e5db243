"""Standard errors against the spread over fresh data: one row per family, from many data sets.

python benchmarks/calibration/errors.py --n 1000 --seeds 24 --out errors.csv
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from families import FAMILIES
from run import measure

from noiselaw.probes import PROBES

CHOSEN = (
    "gaussian 16 of 16x16 2b",
    "half-cube 4 of 16",
    "student 5 dof 3",
    "clonal 300 UMI 16x16, 2000 states",
    "57 labels",
    "5 labels of 4 lobes",
    "cells 30 UMI 64 genes 57 types poisson",
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    rows = [
        measure(FAMILIES[name], options.n, 100 + seed, "recommended", PROBES.build("recommended"))
        for seed in range(options.seeds)
        for name in CHOSEN
        if options.only in name
    ]
    table = pd.DataFrame(rows)
    if options.out:
        table.to_csv(options.out, index=False)
    grouped = table.groupby("family", sort=False)
    shown = pd.DataFrame({"spread": grouped["bits"].std(), "mean error": grouped["standard_error"].mean()})
    shown["ratio"] = shown["spread"] / shown["mean error"]
    # A spread of m numbers is itself known to 1 / sqrt(2 (m - 1)).
    shown["known to"] = shown["ratio"] / np.sqrt(2 * (options.seeds - 1))
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main()
