"""How fast are 1,000 curves fitted with their intervals, beside the authors' way?

    python benchmarks/fit_speed.py [--curves 1000] [--theirs 20]

Ours: ``noiselaw.fit_table``, Eq. 2 with profile-likelihood intervals, one process; once alone, once with the six rival
forms laid beside every fit, each with its top levels hidden in turn. Theirs: lmfit's leastsq from 50 random starts per
curve, on some of the same curves, in the same run; without intervals. Ratios are of processor time per curve.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd

from noiselaw.fit import fit_table
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = 8156.7 * np.logspace(-3, 0, 10)


def curves(count):
    rng = generator(11, "speed")
    rows = []
    for i in range(count):
        theta = np.array([rng.uniform(1.0, 4.0), 10 ** rng.uniform(1.0, 4.0)])
        bits = NoiseLaw()(theta, U) + 0.05 * rng.standard_normal(len(U))
        rows.append(pd.DataFrame({"curve": i, "u": U, "bits": bits}))
    return pd.concat(rows, ignore_index=True)


def timed(what):
    wall, cpu = time.perf_counter(), time.process_time()
    result = what()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def theirs(table, count):
    """Fit as the authors did: (A, B) from 50 random starts."""
    import lmfit

    model = lmfit.Model(lambda u, A, B: 0.5 * np.log2((1 + B * u) / (1 + A * u)), independent_vars=["u"])
    rng = generator(12, "speed")
    found = []
    for _, rows in list(table.groupby("curve"))[:count]:
        best = None
        for _ in range(50):
            start = 10 ** rng.uniform(-5, 0, 2)
            parameters = model.make_params(A={"value": start[0], "min": 0}, B={"value": start[1], "min": 0})
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                fit = model.fit(rows["bits"].to_numpy(), parameters, u=rows["u"].to_numpy(), nan_policy="omit")
            if best is None or fit.chisqr < best.chisqr:
                best = fit
        found.append((best.params["A"].value, best.params["B"].value))
    return np.array(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=int, default=1000)
    parser.add_argument("--theirs", type=int, default=20)
    arguments = parser.parse_args()
    table = curves(arguments.curves)
    fit_table(table[table["curve"] < 2], by=["curve"])
    (ours, wall, cpu), (_, wall_alone, cpu_alone) = (
        timed(lambda: fit_table(table, by=["curve"])),
        timed(lambda: fit_table(table, by=["curve"], rivals=False)),
    )
    (reference, _, cpu_theirs) = timed(lambda: theirs(table, arguments.theirs))
    a, b = reference.T
    identified = (ours["status"] == "ok").to_numpy()[: arguments.theirs]
    gap = np.abs(0.5 * np.log2(b / a) - ours["I_max"].to_numpy()[: arguments.theirs])[identified].max()
    n, m = arguments.curves, arguments.theirs
    print("| way | curves | wall s | processor s | ms per curve | times faster |")
    print("|---|---|---|---|---|---|")
    each = cpu_theirs / m
    rows = (("fit and intervals", wall_alone, cpu_alone), ("the same and six rivals, four times each", wall, cpu))
    for name, elapsed, spent in rows:
        print(f"| {name} | {n} | {elapsed:.1f} | {spent:.1f} | {1e3 * spent / n:.1f} | {each * n / spent:.0f} |")
    print(f"| lmfit leastsq, 50 starts | {m} | | {cpu_theirs:.1f} | {1e3 * each:.0f} | 1 |")
    print(f"\nLargest difference in I_max where the data determine it: {gap:.1e} bits.")


if __name__ == "__main__":
    main()
