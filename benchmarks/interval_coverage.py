"""How often do the 95 % intervals hold the truth? Simulated curves whose parameters are known.

    python benchmarks/interval_coverage.py [--curves 2000] [--workers 2]

Ten levels over three decades. Errors are independent, or share half of their variance between the levels of a
replicate, as shared held-out cells make them. Prints a Markdown table: the share of curves with status ok, and how
many intervals in a hundred hold the truth, over all curves (an interval open on one side counts as what it is) and,
in brackets, over those that are ok.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product

import numpy as np

from noiselaw.fit import derive, fit_law
from noiselaw.laws import NoiseLaw
from noiselaw.randomness import generator

U = 8156.7 * np.logspace(-3, 0, 10)
I_MAX = 2.5
SENSITIVITIES = {
    "1/20 of the lowest": U[0] / 20,
    "the lowest": U[0],
    "in the lower third": U[3],
    "in the middle": float(np.sqrt(U[4] * U[5])),
    "in the upper third": U[7],
    "the highest": U[-1],
    "10 × the highest": 10 * U[-1],
    "1,000 × the highest": 1000 * U[-1],
}
NOISES = (0.02, 0.05, 0.1)
# How errors arise and what the fit is told: replicates, share of variance in common, whether standard errors are given.
ERRORS = {
    "one curve, independent, errors unknown": (1, 0.0, False, None),
    "one curve, independent, errors given": (1, 0.0, True, None),
    "3 replicates, independent, errors given": (3, 0.0, True, None),
    "3 replicates, half shared, errors given": (3, 0.5, True, None),
    "3 replicates, half shared, errors unknown": (3, 0.5, False, None),
    "one curve, half shared, errors given": (1, 0.5, True, None),
    "one curve, half shared, errors given, share told": (1, 0.5, True, 0.5),
    "3 replicates, independent, errors unknown": (3, 0.0, False, None),
    "one curve, half shared, errors unknown": (1, 0.5, False, None),
}
QUANTITIES = ("I_max", "u_bar", "bits_lost", "x_for_fraction", "gain")
STATUSES = ("ok", "poorly_constrained", "saturated", "linear_regime", "not_converged", "above_ceiling")


def truth(u_bar):
    law, theta = NoiseLaw(), np.array([I_MAX, u_bar])
    top = U[-1:]
    here, further = float(law(theta, top)[0]), float(law(theta, 10 * top)[0])
    reach = float(law.inverse(theta, np.array(0.9 * I_MAX)))
    return dict(zip(QUANTITIES, (I_MAX, u_bar, I_MAX - here, reach, further - here), strict=True))


def one_setting(setting, curves):
    kind, where, noise = setting
    replicates, shared, given, told = ERRORS[kind]
    u_bar = SENSITIVITIES[where]
    true, exact = truth(u_bar), NoiseLaw()(np.array([I_MAX, u_bar]), U)
    rng = generator(7, "coverage", kind, where, noise)
    u, seeds = np.tile(U, replicates), np.repeat(np.arange(replicates), len(U))
    holds, statuses = np.zeros((curves, len(QUANTITIES)), dtype=bool), []
    for i in range(curves):
        common = np.repeat(rng.standard_normal(replicates), len(U))
        own = rng.standard_normal(len(u))
        bits = np.tile(exact, replicates) + noise * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        fit = fit_law(
            "noise",
            u,
            bits,
            np.full(len(u), noise) if given else None,
            seeds=seeds if replicates > 1 else None,
            shared_error=told,
            rivals=False,
        )
        statuses.append(fit.status)
        for j, name in enumerate(QUANTITIES):
            interval = derive(fit, name).interval
            holds[i, j] = interval.low <= true[name] <= interval.high
    return setting, holds, np.array(statuses)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--errors", nargs="*", default=list(ERRORS), choices=list(ERRORS))
    parser.add_argument("--where", nargs="*", default=list(SENSITIVITIES), choices=list(SENSITIVITIES))
    parser.add_argument("--noises", nargs="*", type=float, default=list(NOISES))
    arguments = parser.parse_args()
    band = 1.96 * 100 * np.sqrt(0.95 * 0.05 / arguments.curves)
    print(f"{arguments.curves:,} curves per setting; the simulation itself is good to ± {band:.1f}.")
    with ProcessPoolExecutor(arguments.workers) as pool:
        for kind in arguments.errors:
            print(f"\n**{kind}**\n")
            print("| ū | noise (bits) | ok % | most other | I_max | ū | bits lost | u for 90 % | gain of 10 × |")
            print("|---|---|---|---|---|---|---|---|---|")
            settings = list(product([kind], arguments.where, arguments.noises))
            for (_, where, noise), holds, statuses in pool.map(partial(one_setting, curves=arguments.curves), settings):
                ok = statuses == "ok"
                shares = {name: float(np.mean(statuses == name)) for name in STATUSES[1:]}
                other = max(shares, key=shares.get)
                rest = f"{other} {100 * shares[other]:.1f}" if shares[other] else ""
                inside = [100 * holds[:, j].mean() for j in range(len(QUANTITIES))]
                known = [100 * holds[ok, j].mean() if ok.mean() >= 0.2 else np.nan for j in range(len(QUANTITIES))]
                cells = " | ".join(f"{a:.1f} ({k:.1f})" for a, k in zip(inside, known, strict=True))
                print(
                    f"| {where} | {noise} | {100 * ok.mean():.1f} | {rest} | {cells.replace('(nan)', '')} |", flush=True
                )


if __name__ == "__main__":
    main()
