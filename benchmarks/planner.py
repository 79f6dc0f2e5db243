"""Do the planner's intervals hold the truth where it is known? Pilots and crossings simulated from laws.

python benchmarks/planner.py [DRAWS]
"""

import sys

import numpy as np
import pandas as pd

from noiselaw.fit.outlook import lay
from noiselaw.laws import LAWS, NoiseLaw, snr_from_bits
from noiselaw.plan import crossing, measured, reach
from noiselaw.randomness import generator

LAWS_OF_GRIDS = ("joint_spike", "joint_estimation", "joint_capacity", "joint", "joint_two_sided")


def theta(name, rng):
    first = [rng.uniform(1, 4), 10 ** rng.uniform(2, 4.5)]
    if name == "joint_spike":
        return [*first, 10 ** rng.uniform(1, 3)]
    rest = [10 ** rng.uniform(0, 2.5), rng.uniform(0.3, 1), rng.uniform(0, 1), rng.uniform(0.7, 1.5)]
    return [*first, *rest][: len(LAWS.build(name).parameters)]


def pilots(name, draws, sd=0.02):
    """Predict the rest of a 10 × 8 grid from its part below about 10 % of depth and 15 % of cells."""
    law, rng = LAWS.build(name), generator(0, "pilots", name)
    u, n = (axis.ravel() for axis in np.meshgrid(np.geomspace(10, 10_000, 10), np.geomspace(100, 100_000, 8)))
    small = (u <= 1100) & (n <= 15_000)
    covered, widths = [], []
    for _ in range(draws):
        truth = law(np.array(theta(name, rng)), u, n)
        noisy = truth + sd * rng.standard_normal(len(u))
        (ahead,) = lay(("u", "N"), (u[small], n[small]), noisy[small])
        _, low, high = ahead.surface(u[~small], n[~small])
        covered.append(np.mean((low <= truth[~small]) & (truth[~small] <= high)))
        widths.append(np.median(high - low) / 2)
    return np.mean(covered), np.median(widths)


def curves(sd, seeds, draws, first=(2.2, 400.0), second=(1.6, 60.0)):
    """Ask where two curves of Eq. 2 cross, and what reaches 90 % of the first."""
    rng, u = generator(0, "curves", sd, seeds), np.geomspace(2, 5000, 10)
    s, t = (float(snr_from_bits(top)) for top in (first[0], second[0]))
    crosses = (t * first[1] - s * second[1]) / (s - t)
    wanted = float(snr_from_bits(0.9 * first[0]))
    enough = first[1] * wanted / (s - wanted)
    known, met, reached = [], [], []
    for _ in range(draws):
        rows = [
            pd.DataFrame(
                {
                    "u": u,
                    "bits": NoiseLaw()(np.array(law), u) + sd * rng.standard_normal(len(u)),
                    "representation": name,
                    "seed": seed,
                }
            )
            for name, law in (("a", first), ("b", second))
            for seed in range(seeds)
        ]
        table = measured(pd.concat(rows))
        found, depth = crossing(table, "a", "b"), reach(table.about(representation="a"), 0.9)
        known.append(found.known and depth.known)
        met.append(found.low <= crosses <= found.high)
        reached.append(depth.low <= enough <= depth.high)
    return np.mean(known), np.mean(met), np.mean(reached)


def main(draws):
    print("pilots: law, covered, median half-width in bits")
    for name in LAWS_OF_GRIDS:
        covered, half = pilots(name, draws)
        print(f"  {name:18} {covered:.3f} {half:.2f}")
    print("curves: noise, seeds, known, crossing covered, depth for 90 % covered")
    for sd, seeds in ((0.02, 1), (0.05, 1), (0.03, 3)):
        print(f"  {sd} {seeds}", *(f"{share:.3f}" for share in curves(sd, seeds, 4 * draws)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
