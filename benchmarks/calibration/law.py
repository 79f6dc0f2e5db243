"""What the noise law reads from each probe, against the law through the true bits: simulated depths, truth exact.

python benchmarks/calibration/law.py --probes recommended gaussian ksg mixed_ksg --out law.csv
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import pandas as pd
from families import embed, profiles
from truth import log_poisson, ratio_of_labels, rotation

import noiselaw
from noiselaw.probes import PROBES

DEPTHS = np.geomspace(3, 1000, 8)


def shares(n_types):
    share = np.random.default_rng(12).dirichlet(np.full(n_types, 1.0)) + 2e-3
    return share / share.sum()


def types(depth, n, rng, n_types=20, genes=40):
    """Labels of cells, X their counts at ``depth``."""
    rates, share = profiles(n_types, genes, 11, 0.5, depth), shares(n_types)
    state = rng.choice(n_types, n, p=share)
    counts = rng.poisson(rates[state]).astype(float)
    return embed(counts), state, ratio_of_labels(log_poisson(counts, rates), state, share)


def axes(depth, n, rng, bits=(2.0,), halves=(30.0,), d=16, bend=lambda x: x):
    """Gaussian axes among 16 columns, each as the law has it: ``bits`` and ``halves`` are their I_max and ū."""
    x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d))
    own = np.zeros(n)
    for column, (capacity, half) in enumerate(zip(bits, halves, strict=True)):
        ratio = (4**capacity - 1) * depth / (depth + half)
        r = np.sqrt(ratio / (1 + ratio))
        y[:, column] = r * x[:, column] + np.sqrt(1 - r * r) * y[:, column]
        missed = (y[:, column] - r * x[:, column]) ** 2 / (1 - r * r)
        own += 0.5 * np.log1p(ratio) + 0.5 * (y[:, column] ** 2 - missed)
    return bend(x @ rotation(d, 1)), bend(y @ rotation(d, 2)), own


CASES = {
    "one axis of 16 x 16": axes,
    "four axes of 16 x 16": partial(axes, bits=(1.2, 0.8, 0.6, 0.4), halves=(20.0, 30.0, 40.0, 60.0)),
    "four axes, bent": partial(
        axes, bits=(1.2, 0.8, 0.6, 0.4), halves=(20.0, 30.0, 40.0, 60.0), bend=lambda x: x + 0.4 * np.sin(2 * x)
    ),
    "20 types, 40 genes": types,
}


def law(depths, bits):
    fit = noiselaw.fit_law("noise", depths, bits, rivals=False)
    best = dict(fit.diagnostics["best"])
    return {"I_max": best.get("I_max"), "u_half": next(v for k, v in best.items() if k != "I_max"), "fit": fit.status}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probes", nargs="+", default=["recommended", "gaussian", "ksg", "mixed_ksg"])
    parser.add_argument("--only", default="")
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    rows, points = [], []
    for name, draw in CASES.items():
        if options.only not in name:
            continue
        truth = []
        for depth in DEPTHS:
            rng = np.random.default_rng(7)
            truth.append(np.mean([draw(depth, 4000, rng)[2].mean() for _ in range(20)]) / np.log(2))
        rows.append({"case": name, "read by": "truth", "at full depth": truth[-1], **law(DEPTHS, truth)})
        for probe in options.probes:
            strategy = PROBES.build(probe)
            labels = draw(100.0, 2, np.random.default_rng(0))[1].ndim == 1
            if ("labels" if labels else "continuous") not in strategy.measures:
                continue
            estimates = [strategy.estimate(*draw(depth, options.n, np.random.default_rng(8))[:2]) for depth in DEPTHS]
            bits = [estimate.bits for estimate in estimates]
            rows.append({"case": name, "read by": probe, "at full depth": bits[-1], **law(DEPTHS, bits)})
            points += [
                {"case": name, "probe": probe, "depth": depth, "truth": true, "bits": found}
                for depth, true, found in zip(DEPTHS, truth, bits, strict=True)
            ]
            if probe == "recommended":
                more = [estimate.extrapolated_bits for estimate in estimates]
                rows.append({"case": name, "read by": "extrapolated", "at full depth": more[-1], **law(DEPTHS, more)})
        print(pd.DataFrame(rows).round(3).to_string(index=False), flush=True)
    if options.out:
        pd.DataFrame(points).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
