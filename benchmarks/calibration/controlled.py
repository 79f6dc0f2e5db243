"""Standard errors for one family, freed of the luck of few data sets by the exact log ratios of the same pairs.

python benchmarks/calibration/controlled.py --family "57 labels" --n 1000 --seeds 16

The mean exact log ratio of a data set needs no probe, and its spread is known from many data sets. What the probe's
estimate has in common with it counts at that spread, and only the rest at that of the few data sets measured.
"""

from __future__ import annotations

import argparse

import numpy as np
from families import FAMILIES
from run import measure

from noiselaw.probes import PROBES


def exact(family, n, seed):
    return family.draw(n, np.random.default_rng([seed, n, 77]))[2].mean() / np.log(2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", default="57 labels")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=120)
    options = parser.parse_args()
    family, probe = FAMILIES[options.family], PROBES.build("recommended")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    spread = np.std([exact(family, options.n, seed) for seed in range(1000, 1400)])
    known = np.array([exact(family, options.n, seed) for seed in seeds])
    rows = [measure(family, options.n, seed, "recommended", probe) for seed in seeds]
    bits, errors = (np.array([row[key] for row in rows]) for key in ("bits", "standard_error"))
    slope, level = np.polyfit(known, bits, 1)
    rest = np.sqrt(np.sum((bits - slope * known - level) ** 2) / (len(bits) - 2))
    controlled = np.hypot(slope * spread, rest)
    print(f"spread {bits.std(ddof=1):.4f}, of the exact mean {known.std(ddof=1):.4f} (400 data sets: {spread:.4f})")
    print(f"slope {slope:.2f}, rest {rest:.4f}, spread with control {controlled:.4f}")
    print(f"mean error {errors.mean():.4f}, ratio {controlled / errors.mean():.2f}")


if __name__ == "__main__":
    main()
