"""Draw docs/pbmc10k.svg and print the tables of docs/pbmc10k.md from a finished run of the PBMC study.

    noiselaw run ../shared/data/citeseq_pbmc10k_hvg4000.h5ad --label cell_type --abundance protein \
        --missing-label unknown --out runs/pbmc
    python benchmarks/pbmc10k.py runs/pbmc docs/pbmc10k.svg
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import noiselaw


def main(folder: Path, picture: Path) -> None:
    table = noiselaw.read_table(folder / "measurements.parquet")
    largest = table[table["n_train"] == table["n_train"].max()]
    by = ["signal", "representation"]
    means = largest.groupby([*by, "level"], as_index=False)[["u", "bits", "standard_error", "ceiling_bits"]].mean()
    wide = means.pivot(index="u", columns=by, values="bits").round(2)
    print(wide.to_string())
    fits = noiselaw.fit_table(largest, law="noise", by=by)
    shown = [c for c in ("I_max", "I_max_low", "I_max_high", "u_bar", "u_bar_low", "u_bar_high", "status") if c in fits]
    print(fits[[*by, *shown]].round(2).to_string(index=False))
    with noiselaw.plot.style():
        figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        for ax, signal in zip(axes, sorted(table["signal"].unique()), strict=True):
            laws = noiselaw.fit_groups(largest[largest["signal"] == signal], by=["representation"])
            noiselaw.plot.noise_curves(table, laws, signal=signal, ax=ax)
            ax.set_title(signal)
        noiselaw.plot.save(figure, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
