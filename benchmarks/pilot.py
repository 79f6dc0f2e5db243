"""How far the planner's predictions are off, and the widths that cover: parts of published grids hidden and predicted.

    python benchmarks/pilot.py ../shared/measurements

Every grid (bits over depth and training size, one for each representation and signal) is cut in several ways; the
planner's outlook is laid through what is left and asked for what was hidden: bits, gains from the corner that is left,
and whether depth or cells are the limit there. Printed: errors, the factor that stretches the half-widths
to hold 95 % (the constants of ``noiselaw.fit.widths``), and the coverage on each data set with factors derived from
the other two alone.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from noiselaw.fit import outlook, widths

TABLES = {
    "PBMC_CITEseq_scaling.csv": ("pbmc", ["Protein MI", "Cell type coarse MI", "Cell type fine MI"]),
    "LARRY_scaling.csv": ("larry", ["Clonal MI"]),
    "MERFISH_scaling.csv": ("merfish", ["Spatial neighborhood MI"]),
}
#: Deepest and largest levels that are left, out of ten each.
CUTS = {
    "pilot 2 % × 2 %": (6, 6),
    "pilot 10 % × 10 %": (7, 7),
    "pilot 21 % × 21 %": (8, 8),
    "pilot 46 % × 46 %": (9, 9),
    "top depth": (9, 10),
    "top 2 depths": (8, 10),
    "top 3 depths": (7, 10),
    "top size": (10, 9),
    "top 3 sizes": (10, 7),
}


def grids(folder):
    for name, (dataset, signals) in TABLES.items():
        table = pd.read_csv(Path(folder) / name)
        for signal in signals:
            for model, rows in table.groupby("Method"):
                if rows["Cell number"].nunique() == 10:
                    columns = (rows["UMI per cell"], rows["Cell number"], rows[signal])
                    yield (dataset, signal, model), tuple(c.to_numpy(float) for c in columns)


def records(folder):
    widths.FLOOR, widths.PER_DECADE = 0.0, 0.0
    for key, (u, n, bits) in grids(folder):
        depths, sizes = np.unique(u), np.unique(n)
        value = {(a, b): c for a, b, c in zip(u, n, bits, strict=True)}
        for cut, (iu, jn) in CUTS.items():
            left = (u <= depths[iu - 1]) & (n <= sizes[jn - 1])
            (found,) = outlook.lay(("u", "N"), (u[left], n[left]), bits[left])
            yield from asked(found, key, cut, value, depths, sizes, iu, jn)
        for size in sizes[-3:]:
            for hidden in (1, 2, 3, 4, 5):
                left = (n == size) & (u <= depths[9 - hidden])
                (found,) = outlook.lay(("u",), (u[left],), bits[left])
                yield from asked_along(found, key, f"depth only, top {hidden}", value, depths, size, 9 - hidden)


def asked(found, key, cut, value, depths, sizes, iu, jn):
    here = (depths[iu - 1], sizes[jn - 1])
    for point, truth in value.items():
        if point[0] > here[0] or point[1] > here[1]:
            yield row(found, key, cut, "bits", [(1.0, point)], truth, here)
            yield row(found, key, cut, "gain", [(1.0, point), (-1.0, here)], truth - value[here], here)


def asked_along(found, key, cut, value, depths, size, last):
    for i in range(last + 1, 10):
        truth, here = value[depths[i], size], (depths[last],)
        yield row(found, key, cut, "bits", [(1.0, (depths[i],))], truth, here)
        gain = truth - value[depths[last], size]
        yield row(found, key, cut, "gain", [(1.0, (depths[i],)), (-1.0, here)], gain, here)


def row(found, key, cut, kind, terms, truth, here):
    told = found.ask(kind, terms)
    half = (told.high - told.low) / 2 / widths.FACTORS[len(found.variables), kind]
    decades = max(np.log10(point[0] / here[0]) for _, point in terms)
    times = [terms[0][1][i] / here[i] for i in range(len(here))]
    return (*key, cut, len(found.variables), kind, truth, told.value, half, max(decades, 0.0), *[*times, 1.0][:2])


NAMES = [
    "dataset",
    "signal",
    "model",
    "cut",
    "variables",
    "kind",
    "truth",
    "value",
    "half",
    "decades",
    "times_u",
    "times_n",
]


def verdicts(table, scale):
    """Ask of every cut whether as many times more depth or cells adds more, with factors of the other data sets."""
    gains = table[(table["kind"] == "gain") & (table["variables"] == 2)]
    told, right, asked = 0, 0, 0
    for (dataset, *_), rows in gains.groupby(["dataset", "signal", "model", "cut"]):
        half = factor(gains[gains["dataset"] != dataset], scale) * scale.loc[rows.index]
        low, high = rows["value"] - half, rows["value"] + half
        deeper = rows[(rows["times_u"] > 1) & (rows["times_n"] == 1)].sort_values("times_u")
        larger = rows[(rows["times_n"] > 1) & (rows["times_u"] == 1)].sort_values("times_n")
        for d, c in zip(deeper.index, larger.index, strict=False):
            asked += 1
            if low[d] > high[c] or low[c] > high[d]:
                told += 1
                right += (low[d] > high[c]) == (table["truth"][d] > table["truth"][c])
    print(f"depth or cells: asked {asked}, told {told}, right {right}")


def factor(rows, scale):
    """The factor that the least favourable data set needs for 95 % of its own hidden values."""
    needed = rows["error"] / scale.loc[rows.index]
    return float(needed.groupby(rows["dataset"]).quantile(0.95).max())


def main(folder):
    floor, per_decade = widths.FLOOR, widths.PER_DECADE
    table = pd.DataFrame(list(records(folder)), columns=NAMES)
    table["error"] = (table["value"] - table["truth"]).abs()
    scale = table["half"] + floor + per_decade * table["decades"]
    print(f"FLOOR {floor}, PER_DECADE {per_decade}")
    for group, rows in table.groupby(["variables", "kind"]):
        chosen, out = factor(rows, scale), []
        for dataset in ("pbmc", "larry", "merfish"):
            inside = rows["dataset"] == dataset
            half = factor(rows[~inside], scale) * scale.loc[rows.index[inside]]
            out.append(f"{dataset} {(rows['error'][inside] <= half).mean():.2f} (± {half.median():.2f})")
        plain = (rows["error"] <= rows["half"]).mean()
        known = (rows["error"] <= chosen * scale.loc[rows.index]).mean()
        print(f"{group}: factor {chosen:.2f}; unstretched cover {plain:.2f}; stretched {known:.2f}; left out:", *out)
    verdicts(table, scale)
    table["inside"] = False
    for _, rows in table.groupby(["variables", "kind"]):
        for dataset in ("pbmc", "larry", "merfish"):
            held = rows.index[rows["dataset"] == dataset]
            half = factor(rows[rows["dataset"] != dataset], scale) * scale.loc[held]
            table.loc[held, "inside"] = table.loc[held, "error"] <= half
            table.loc[held, "width"] = half
    by = table.groupby(["kind", "cut"], sort=False)
    shown = by["error"].quantile([0.5, 0.9]).unstack()
    shown["half-width"], shown["covered"], shown["n"] = by["width"].median(), by["inside"].mean(), by.size()
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main(sys.argv[1])
