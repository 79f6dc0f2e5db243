"""Figure 5, ours beside the published measurements: print the tables of docs/images.md and draw its picture.

noiselaw run examples/images_reduced.toml --out runs/images_noise --workers 2
noiselaw run examples/images_reduced_pixelation.toml --out runs/images_pixelation --workers 2
python benchmarks/images.py runs/images_noise runs/images_pixelation ../shared/measurements docs/images.svg
"""

import sys
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullLocator

import noiselaw

#: The five classes as Caltech101 numbers them, and all of them at once.
CLASSES = {
    "all": "all classes", "5": "airplanes", "3": "Motorbikes", "0": "Faces", "1": "Faces_easy", "94": "watch"
}  # fmt: skip
#: Sides of the paper's images, in pixels.
PAPER = 240
PANELS = {"pixelation": "u = 1/f", "Gaussian noise": "u = 1/σ²"}


def published(folder):
    """Return the paper's own measurements in columns like ours."""
    tables = []
    for noise, file, column in (
        ("pixelation", "Caltech101_resolution.csv", "Factor"),
        ("Gaussian noise", "Caltech101_Gaussian.csv", "Scale"),
    ):
        found = pd.read_csv(folder / file, dtype={"Class label": str})
        labels = found[found["Class label"] != "all"].groupby("Class label")["N instances of label"].first()
        entropy = -(labels / labels.sum() * np.log2(labels / labels.sum())).sum()
        found["problem"] = found["Class label"].map(CLASSES)
        found["ceiling_bits"] = np.where(found["Class label"] == "all", entropy, 1.0)
        found["u"] = 1 / found[column] ** (2 if column == "Scale" else 1)
        tables.append(found.assign(noise=noise, source="published", bits=found["MI"]))
    return pd.concat(tables)


def ours(noise, folder):
    """Return a run's table, blocks of pixels as they would be on the paper's 240 pixels a side."""
    table = noiselaw.read_table(folder / "measurements.parquet")
    table = table[table["status"] != "failed"].copy()
    study = tomllib.loads((folder / "study.toml").read_text())
    if noise == "pixelation":
        table["u"] *= study["data"].get("size", PAPER) / PAPER
    table["problem"] = table["signal"].str.removesuffix(" against all")
    return table.assign(noise=noise, source="ours")


def fitted(tables):
    """Return Eq. 2 through each problem of each source, u as the authors have it and squared."""
    found = []
    for (noise, source), table in tables.groupby(["noise", "source"], sort=False):
        error = "standard_error" if source == "ours" else None
        powers = (1, 2) if noise == "pixelation" else (1,)
        for power in powers:
            x = table.assign(u=table["u"] ** power)
            fits = noiselaw.fit_table(
                x, law="noise", x="u", by=["problem"], error=error, ceiling="ceiling_bits", rivals=False
            )
            ceilings = table.groupby("problem")["ceiling_bits"].first()
            known = fits.assign(ceiling_bits=fits["problem"].map(ceilings))
            found.append(known.assign(noise=noise, source=source, power=power))
    return pd.concat(found, ignore_index=True)


def interval(row, name, digits):
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    ends = (f"{end:.{digits}g}" if np.isfinite(end) else "∞" if end > 0 else "0" for end in (low, high))
    return f"{row[name]:.{digits}g} [{', '.join(ends)}]"


def describe(fits):
    """Print the tables of the page."""
    for noise, of_noise in fits.groupby("noise", sort=False):
        print(f"\n| {noise} | source | ū | I_max (bits) | ceiling | status |\n|---|---|---|---|---|---|")
        first = of_noise[of_noise["power"] == 1]
        for problem in CLASSES.values():
            for row in first[first["problem"] == problem].to_dict("records"):
                print(
                    f"| {problem} | {row['source']} | {interval(row, 'u_bar', 2)} | {interval(row, 'I_max', 3)} | "
                    f"{row['ceiling_bits']:.3f} | {row['status']} |"
                )
        for source, rows in first[first["problem"] != "all classes"].groupby("source"):
            # One that is bounded from below only is the most sensitive that there is.
            known = rows.assign(order=rows["u_bar"].where(rows["u_bar"].notna(), rows["u_bar_high"]))
            order = known.sort_values("order", ascending=False)["problem"].tolist()
            print(f"most sensitive first, {source}: {', '.join(order)}")
    squares = fits[fits["noise"] == "pixelation"]
    print("\n| pixelation | source | residual SD, u = 1/f | u = 1/f² | I_max, 1/f | 1/f² |\n|---|---|---|---|---|---|")
    for (problem, source), rows in squares.groupby(["problem", "source"], sort=False):
        one, two = (rows[rows["power"] == power].iloc[0] for power in (1, 2))
        print(
            f"| {problem} | {source} | {one['residual_sd']:.3f} | {two['residual_sd']:.3f} | {one['I_max']:.3g} | "
            f"{two['I_max']:.3g} |"
        )


def main(noise, pixelation, measurements, picture):
    tables = [ours("pixelation", pixelation), ours("Gaussian noise", noise), published(measurements)]
    columns = ["noise", "source", "problem", "u", "bits", "standard_error", "ceiling_bits"]
    table = pd.concat([one.reindex(columns=columns) for one in tables], ignore_index=True)
    print(table[table["source"] == "ours"].pivot_table(index=["noise", "u"], columns="problem", values="bits").round(3))
    fits = fitted(table)
    describe(fits)
    with noiselaw.plot.style():
        figure, axes = plt.subplots(2, 6, figsize=(15, 5.2), layout="constrained", sharex="row")
        for row, (panel, label) in zip(axes, PANELS.items(), strict=True):
            for ax, problem in zip(row, CLASSES.values(), strict=True):
                draw(ax, table, fits, panel, problem)
                ax.set_xlabel(label)
            row[0].set_ylabel(f"{panel}\nbits about the true class")
        axes[0, 0].legend(fontsize=7, loc="lower right")
        noiselaw.plot.save(figure, picture)


def draw(ax, table, fits, panel, problem):
    for source, colour, marker in (("published", "#767676", "s"), ("ours", "#0072b2", "o")):
        chosen = [(one["noise"] == panel) & (one["problem"] == problem) & (one["source"] == source)
                  for one in (table, fits)]  # fmt: skip
        points = table[chosen[0]].sort_values("u")
        if points.empty:
            continue
        ax.errorbar(
            points["u"], points["bits"], points["standard_error"].fillna(0), fmt=marker, ms=3.5, lw=1, color=colour,
            label=source,
        )  # fmt: skip
        law = fits[chosen[1] & (fits["power"] == 1)].iloc[0]
        u = np.geomspace(points["u"].min(), points["u"].max(), 200)
        ax.plot(u, 0.5 * np.log2(1 + (4 ** law["I_max"] - 1) * u / (u + law["u_bar"])), color=colour, lw=1)
        ax.axhline(points["ceiling_bits"].iloc[0], color="#767676", lw=0.6, ls=":")
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=4))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_title(problem if problem == "all classes" else f"{problem} against all", fontsize=9)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
