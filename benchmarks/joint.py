"""What can be predicted over depth and training size? The published 10 × 10 grids, a part of each hidden.

    python benchmarks/joint.py FOLDER-OF-MEASUREMENTS

For every surface: the median and the 90 % absolute error, in bits, at what was hidden, and for laws how often the fit
is ``ok`` and its own 95 % interval holds. The last rows average the surfaces (weights: one over residual variance),
with 95 % widths learned from the other data sets' grids only.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from noiselaw.fit import fit_law, predict
from noiselaw.fit.surfaces import AVERAGED, SURFACES, lay_surface

GRIDS = {
    "LARRY": ("LARRY_scaling.csv", ["Clonal MI"]),
    "MERFISH": ("MERFISH_scaling.csv", ["Spatial neighborhood MI"]),
    "PBMC": ("PBMC_CITEseq_scaling.csv", ["Protein MI", "Cell type coarse MI", "Cell type fine MI"]),
}
#: The average is made here from its members, whose spread its width rests on.
ALONE = [name for name in SURFACES if name != "average"]


def parts(u, n):
    """Return, by name, which points of a grid are hidden."""
    depth, size = (np.searchsorted(np.unique(v), v) for v in (u, n))
    return {
        "top depth": depth == depth.max(),
        "top size": size == size.max(),
        "deepest and largest 3 × 3": (depth >= depth.max() - 2) & (size >= size.max() - 2),
        "pilot: ≤ 10 % depth, ≤ 10 % cells": (depth > 6) | (size > 6),
    }


def grids(folder):
    for dataset, (file, signals) in GRIDS.items():
        table = pd.read_csv(folder / file)
        for signal in signals:
            for model in ("VAE", "PCA"):
                rows = table[table["Method"] == model]
                yield dataset, *(rows[c].to_numpy(float) for c in ("UMI per cell", "Cell number", signal))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    errors, held, fine, scores, covered, spread_of = {}, {}, {}, {}, {}, {}
    for dataset, u, n, bits in grids(arguments.folder):
        for part, hidden in parts(u, n).items():
            seen = ~hidden
            predicted, weights = {}, {}
            for name in ALONE:
                surface = lay_surface(name, u[seen], n[seen], bits[seen])
                predicted[name] = surface(u[hidden], n[hidden])
                rest = surface(u[seen], n[seen]) - bits[seen]
                weights[name] = 1.0 / (np.mean(rest**2) + 1e-4)
                errors.setdefault((name, part), []).append(np.abs(predicted[name] - bits[hidden]))
                if name.startswith("joint"):
                    fit = fit_law(name, (u[seen], n[seen]), bits[seen], rivals=False)
                    _, low, high = predict(fit, (u[hidden], n[hidden]), kind="measurement")
                    held.setdefault((name, part), []).append((low <= bits[hidden]) & (bits[hidden] <= high))
                    fine.setdefault((name, part), []).append(fit.status == "ok")
            share = np.array([weights[name] for name in AVERAGED])
            share /= share.sum()
            stack = np.stack([predicted[name] for name in AVERAGED])
            mean = share @ stack
            spread = np.sqrt(share @ (stack - mean) ** 2 + 1.0 / max(weights.values()) + 0.05**2)
            errors.setdefault(("average of four", part), []).append(np.abs(mean - bits[hidden]))
            scores.setdefault(part, []).append((dataset, np.abs(mean - bits[hidden]) / spread))
            spread_of.setdefault(part, []).append((dataset, spread))
    for part, found in scores.items():
        holds, widths = [], []
        for name in GRIDS:
            others = np.concatenate([s for d, s in found if d != name])
            width = np.quantile(others, 0.95)
            holds.append(np.concatenate([s <= width for d, s in found if d == name]))
            widths.append(np.concatenate([2 * width * s for d, s in spread_of[part] if d == name]))
        covered[part] = np.concatenate(holds).mean(), np.median(np.concatenate(widths))
    names = list(scores)
    print("| surface | " + " | ".join(f"{part}: median / 90 %" for part in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for name in [*ALONE, "average of four"]:
        cells = []
        for part in names:
            values = np.concatenate(errors[name, part])
            cells.append(f"{np.median(values):.3f} / {np.quantile(values, 0.9):.2f}")
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| law | " + " | ".join(f"{part}: own 95 % holds / fits ok" for part in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for name in [name for name in ALONE if name.startswith("joint")]:
        cells = [
            f"{100 * np.concatenate(held[name, p]).mean():.0f} % / {100 * np.mean(fine[name, p]):.0f} %" for p in names
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    cells = [f"{100 * covered[p][0]:.0f} % (median width {covered[p][1]:.2f})" for p in names]
    print(f"| average of four, widths from other data sets | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
