"""What do the forms predict for depths they did not see? The published measurements, their highest levels hidden.

    python benchmarks/holdout.py FOLDER-OF-MEASUREMENTS

Every curve (data set × signal × model × training size) loses its top one, two and three levels; each form is fitted to
the rest. Prints, as Markdown: the median error of each form and how often its own 95 % interval (profile likelihood and
scatter) holds the hidden measurement; the same for the averaged forecast with a width learned from the other data sets
only; and the factor that all data sets give, beside the one that noiselaw.fit.widths ships.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from noiselaw.fit import fit_law, predict, widths
from noiselaw.fit.adequacy import FORMS, lay, pad
from noiselaw.fit.outlook import lay as look_ahead
from noiselaw.fit.points import points_of
from noiselaw.laws import LAWS

CELLS = {
    "LARRY": ("LARRY_scaling.csv", ["Clonal MI"]),
    "MERFISH": ("MERFISH_scaling.csv", ["Spatial neighborhood MI"]),
    "PBMC": ("PBMC_CITEseq_scaling.csv", ["Protein MI", "Cell type coarse MI", "Cell type fine MI"]),
}
HIDE = (1, 2, 3)


def curves(folder):
    """Yield (data set, at the largest training size?, u, bits) of every published curve."""
    for dataset, (file, signals) in CELLS.items():
        table = pd.read_csv(folder / file)
        for signal in signals:
            for (_, fraction), rows in table.groupby(["Method", "Fraction"]):
                yield dataset, fraction == 1.0, rows["UMI per cell"], rows[signal]
    harmony = pd.read_csv(folder / "PBMC_CITEseq_Harmony_scaling.csv")
    for signal in CELLS["PBMC"][1]:
        yield "PBMC", True, harmony["UMI per cell"], harmony[signal]
    for _, rows in pd.read_csv(folder / "PBMC_CITEseq_inference_time_scaling_nanoTx.csv").groupby("Model"):
        yield "PBMC", True, rows["UMI per cell"], rows["MI"]
    for _, rows in pd.read_csv(folder / "PBMC_CITEseq_inference_time_scaling.csv").groupby("Model"):
        yield "PBMC", True, rows["UMI per cell"] * rows["Quality"], rows["MI"]
    for _, rows in pd.read_csv(folder / "Caltech101_Gaussian.csv").groupby("Class label"):
        yield "Caltech101", True, rows["Scale"] ** -2.0, rows["MI"]
    for _, rows in pd.read_csv(folder / "Caltech101_resolution.csv").groupby("Class label"):
        yield "Caltech101", True, 1.0 / rows["Factor"], rows["MI"]


def own_intervals(found):
    """Return, by form and number hidden, whether each hidden measurement lies in the form's own interval."""
    held = {(form, hide): [] for form in FORMS for hide in HIDE}
    for _, _, u, bits in found:
        for form in FORMS:
            for hide in HIDE:
                if len(u) - hide < 4:
                    continue
                fit = fit_law(form, u[:-hide], bits[:-hide], rivals=False)
                _, low, high = (
                    predict(fit, u[-hide:], kind="measurement") if "region" in fit.diagnostics else [np.nan] * 3
                )
                held[form, hide].extend((low <= bits[-hide:]) & (bits[-hide:] <= high))
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="leave out the forms' own intervals")
    arguments = parser.parse_args()
    found = []
    for dataset, full, u, bits in curves(arguments.folder):
        order = np.argsort(u.to_numpy())
        found.append((dataset, full, u.to_numpy(float)[order], bits.to_numpy(float)[order]))
    full = np.array([c[1] for c in found])
    padded = pad([points_of(LAWS.build("noise"), u, bits) for _, _, u, bits in found])
    laid = {form: lay(LAWS.build(form), padded) for form in FORMS}
    levels = (padded.weight > 0).sum(axis=1)

    def hidden_errors(form, hide, k):
        """Return each curve's error at its k-th level from the top; NaN if too few levels are left."""
        at = (padded.from_top == k) & (padded.weight > 0)
        errors = np.nanmean(np.where(at, laid[form].errors[:, hide], np.nan), axis=1)
        return np.where(levels - hide > len(laid[form].theta), errors, np.nan)

    held = {} if arguments.quick else own_intervals(found)
    print(f"{len(found)} curves, {int(full.sum())} of them at the largest training size.\n")
    print("| form | top 1 | top 2 | top 3 | largest size: top 1 | top 2 | top 3 | own 95 %: top 1 | top 2 | top 3 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    rows = {
        form: [np.mean([np.abs(hidden_errors(form, h, k)) for k in range(h)], axis=0) for h in HIDE] for form in FORMS
    }
    ahead = forecasts(found)
    per_curve = ahead.groupby(["hide", "curve"])["error"].mean()
    rows["averaged forecast"] = [per_curve[h].reindex(range(len(found))).to_numpy() for h in HIDE]
    coverage = ahead.groupby("hide")["held"].mean()
    for name, errors in rows.items():
        cells = [f"{np.nanmedian(e):.3f}" for e in errors] + [f"{np.nanmedian(e[full]):.3f}" for e in errors]
        if name in FORMS:
            cells += [f"{100 * np.mean(held[name, h]):.0f} %" if held else "" for h in HIDE]
        else:
            cells += [f"{100 * coverage[h]:.0f} %" for h in HIDE]
        print(f"| {name} | {' | '.join(cells)} |")
    half = ahead.groupby("hide")["half"].median().round(2)
    print(f"\nMedian half-width of the forecast, its factor learned from the other data sets: {half.to_dict()} bits.")
    print("Held, by data set left out:", ahead.groupby("dataset")["held"].mean().round(3).to_dict())
    print(f"Factor from all data sets: {ahead.attrs['factor']:.2f}; shipped: {widths.FACTORS[1, 'bits']}")


def forecasts(found):
    """Return each hidden measurement's error, the half-width with a factor from the other data sets, and if it held."""
    rows = []
    for i, (dataset, _, u, bits) in enumerate(found):
        for hide in HIDE:
            if len(u) - hide < 4:
                continue
            (ahead,) = look_ahead(("u",), (u[:-hide],), bits[:-hide])
            value, low, _ = ahead.surface(u[-hide:])
            plain = (value - low) / widths.FACTORS[1, "bits"]
            rows += [(i, dataset, hide, *pair) for pair in zip(np.abs(value - bits[-hide:]), plain, strict=True)]
    table = pd.DataFrame(rows, columns=["curve", "dataset", "hide", "error", "half"])
    # Each data set must be held; the least favourable decides.
    needed = (table["error"] / table["half"]).groupby(table["dataset"]).quantile(0.95)
    table.attrs["factor"] = float(needed.max())
    table["half"] *= table["dataset"].map({name: needed.drop(name).max() for name in needed.index})
    table["held"] = table["error"] <= table["half"]
    return table


if __name__ == "__main__":
    main()
