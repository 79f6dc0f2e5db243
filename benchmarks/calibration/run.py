"""Truth against estimate: one row per family, n, seed and probe.

python benchmarks/calibration/run.py --set families --n 1000 3000 --seeds 2 --probes recommended --out table.csv
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

import families

from noiselaw.probes import PROBES


def measure(family, n, seed, name, probe):
    rng = np.random.default_rng([seed, n, 77])
    x, y = family.sample(n, rng)
    start = time.process_time()
    estimate = probe.estimate(x, y, None, np.random.default_rng([seed, 5]))
    return {
        "family": family.name,
        "n": n,
        "seed": seed,
        "probe": name,
        "truth": family.true_bits,
        "bits": estimate.bits,
        "standard_error": estimate.standard_error,
        "extrapolated": estimate.extrapolated_bits,
        "seconds": time.process_time() - start,
        "status": estimate.status,
        "diagnostics": json.dumps(dict(estimate.diagnostics)),
    }


def chosen(which):
    if which == "fresh":
        import fresh

        return fresh.FAMILIES
    if which == "last":
        import last

        return last.FAMILIES
    if which == "unseen":
        import unseen

        return unseen.FAMILIES
    if which == "held_back":
        import held_back

        return held_back.FAMILIES
    return {"families": families.FAMILIES, "nulls": families.NULLS}[which]


def summarise(table):
    table = table.assign(
        shortfall=lambda t: (1 - t["bits"] / t["truth"].where(t["truth"] > 0)) * 100,
        extrapolated_shortfall=lambda t: (1 - t["extrapolated"] / t["truth"].where(t["truth"] > 0)) * 100,
        z=lambda t: (t["bits"] - t["truth"]) / t["standard_error"],
    )
    grouped = table.groupby(["probe", "n", "family"], sort=False)
    shown = grouped[["truth", "bits", "standard_error", "extrapolated", "shortfall", "extrapolated_shortfall"]].mean()
    shown["spread"] = grouped["bits"].std()
    shown["z_max"] = grouped["z"].max()
    shown["seconds"] = grouped["seconds"].mean()
    shown["status"] = grouped["status"].agg(lambda s: ",".join(sorted(set(s))))
    shown = shown.reset_index()
    with pd.option_context("display.width", 220, "display.max_rows", None, "display.max_columns", None):
        print(shown.round(3).to_string(index=False))
    means = shown.groupby(["probe", "n"])[["shortfall", "extrapolated_shortfall", "seconds"]].mean()
    print(means.round(3))
    print("above by more than 2 standard errors:", (table["z"] > 2).mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--set", default="families", choices=["families", "nulls", "held_back", "unseen", "last", "fresh"]
    )
    parser.add_argument("--only", default="", help="families whose name contains this")
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 3000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--probes", nargs="+", default=["recommended"])
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    rows = []
    for name, family in chosen(options.set).items():
        if options.only not in name:
            continue
        for n in options.n:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                for probe in options.probes:
                    strategy = PROBES.build(probe)
                    _, y = family.sample(2, np.random.default_rng(0))
                    if ("labels" if y.ndim == 1 else "continuous") not in strategy.measures:
                        continue
                    rows.append(measure(family, n, seed, probe, strategy))
    table = pd.DataFrame(rows)
    if options.out:
        table.to_csv(options.out, index=False)
    summarise(table)


if __name__ == "__main__":
    main()
