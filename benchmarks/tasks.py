"""Print the tables of docs/tasks.md and draw its picture from finished runs of examples/*.toml.

for study in protein_small clonal spatial_merfish spatial_starmap; do
    noiselaw run examples/$study.toml --out runs/$study
done
for study in clonal spatial_merfish spatial_starmap; do
    noiselaw run examples/$study.toml --models scvi --levels 0.01,0.0464,0.215,1 --sizes 1 --seeds 2 \\
        --out runs/${study}_vae
done
python benchmarks/tasks.py runs docs/tasks.svg
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import noiselaw

STUDIES = ("protein_small", "clonal", "spatial_merfish", "spatial_starmap")


def main(folder: Path, picture: Path) -> None:
    tables = {}
    for study in STUDIES:
        found = [folder / name / "measurements.parquet" for name in (study, f"{study}_vae")]
        if not found[0].exists():
            continue
        table = pd.concat([noiselaw.read_table(path) for path in found if path.exists()], ignore_index=True)
        tables[study] = table[table["n_train"] == table["n_train"].max()]
        describe(study, tables[study])
    with noiselaw.plot.style():
        figure, axes = plt.subplots(2, 4, figsize=(16, 6.4), layout="constrained")
        for row, table in zip(axes.T, tables.values(), strict=False):
            for ax, signal in zip(row, sorted(table["signal"].unique()), strict=False):
                laws = noiselaw.fit_groups(table[table["signal"] == signal], by=["representation"])
                noiselaw.plot.noise_curves(table, laws, signal=signal, ax=ax)
                ax.set_title(f"{table['dataset'].iloc[0]}: {signal}", fontsize=8)
        if "protein_small" in tables:
            axes[1, 0].set_axis_off()
        noiselaw.plot.save(figure, picture)


def describe(study: str, table) -> None:
    by = ["signal", "representation"]
    warnings = table.loc[table["status"] == "warned", "reason"].str.split(r"[:;.]").str[0].value_counts()
    statuses = table.groupby(by)["status"].value_counts().unstack(fill_value=0)
    print(f"\n== {study}: {len(table)} measurements, pairs {table['n_pairs'].min()} to {table['n_pairs'].max()}")
    means = table.groupby([*by, "level"], as_index=False)[["u", "bits", "standard_error"]].mean()
    means["u"] = means.groupby("level")["u"].transform("mean")
    print(means.pivot(index="u", columns=by, values="bits").round(3).to_string())
    deepest = means.sort_values("u").groupby(by).tail(1)
    print(deepest[[*by, "bits", "standard_error"]].round(3).to_string(index=False))
    print(statuses.to_string())
    print(warnings.to_string())
    for law in ("noise", "two_sided"):
        fits = noiselaw.fit_table(table, law=law, by=by)
        hidden = {"x_low", "x_high", "n_points", "law", "dataset", "channel", "probe", "n_train"}
        shown = [
            c for c in fits.columns if c.startswith(("I_max", "u_bar", "k")) or c in ("status", "residual_sd", "reason")
        ]
        print(fits[[*by, *[c for c in shown if c not in hidden]]].round(3).to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
