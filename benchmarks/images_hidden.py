"""What predicted labels say of the true class beside what the last hidden layer says: the tables of docs/images.md.

noiselaw run examples/images_reduced.toml --out runs/images_noise --workers 2
noiselaw run examples/images_hidden.toml --out runs/images_hidden --workers 2
python benchmarks/images_hidden.py runs/images_noise runs/images_hidden
"""

import sys
from pathlib import Path

import noiselaw


def read(folder):
    table = noiselaw.read_table(folder / "measurements.parquet")
    table["problem"] = table["signal"].str.removesuffix(" against all")
    return table


def shown(row, side):
    return f"{row[f'bits_{side}']:.2f} ± {row[f'standard_error_{side}']:.2f}"


def main(labels, hidden):
    both = read(labels).merge(read(hidden), on=["problem", "u"], suffixes=("_label", "_hidden")).sort_values("u")
    print("| u | all classes: predicted label | hidden layer | `watch`: predicted label | hidden layer |")
    print("|---|---|---|---|---|")
    every, watch = (both[both["problem"] == name].to_dict("records") for name in ("all classes", "watch"))
    for one, two in zip(every, watch, strict=True):
        cells = [shown(row, side) for row in (one, two) for side in ("label", "hidden")]
        print(f"| {one['u']:.3g} | {' | '.join(cells)} |")
    gap = both["bits_hidden"] - both["bits_label"]
    for problem, rows in both.assign(gap=gap).groupby("problem"):
        ends = f"{rows['gap'].min():.2f} to {rows['gap'].max():.2f}"
        print(f"{problem}: hidden layer less predicted label, mean {rows['gap'].mean():.2f} ({ends})")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
