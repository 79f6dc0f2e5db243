"""Does the noise law hold for the true information, and where is information lost? Simulated cells answer.

python benchmarks/truth.py law               # Eq. 2 and the two-sided law through exact truths: docs/data.md
python benchmarks/truth.py losses OUT.json   # what state, channel, representation and probe keep (resumes)
python benchmarks/truth.py draw OUT.json docs/losses.svg
python benchmarks/truth.py speed             # cells drawn per second, 10^3 to 10^6
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

import noiselaw
from noiselaw.prepare import GeneSelection
from noiselaw.represent import PCA
from noiselaw.simulate import Cells, Continuum

LEVELS = np.geomspace(0.001, 1, 10)


# --- does Eq. 2 hold for the true information? ------------------------------------------------------------------------


def strengths():
    """Yield a name, a simulator, a signal and what theory says of the signal's ū or k (NaN where it says nothing)."""
    for capacity in (0.5, 1.0, 2.0, 3.0):
        noise = 1 / np.sqrt(4**capacity - 1)
        drawn = Continuum(noise=noise, depth=5000.0).draw()
        yield f"axis, clean Y of {capacity:g} bits", drawn, "axis", drawn.noise_sensitivity("axis")
    for capacity in (0.5, 1.0, 2.0):
        drawn = Continuum(kinship=np.sqrt(1 - 4**-capacity), depth=5000.0).draw()
        for signal in ("clonal", "clonal_profile"):
            known = drawn.half_depth if signal == "clonal" else drawn.noise_sensitivity("clonal")
            yield f"axis, relative of {capacity:g} bits", drawn, signal, known
    for fidelity in (0.6, 0.9, 1.0):
        drawn = Cells(clone_size=2, fidelity=fidelity).draw()
        for signal in ("clonal", "clonal_profile"):
            yield f"8 types, fidelity {fidelity:g}", drawn, signal, float("nan")
    drawn = Cells(patch_size=30).draw()
    for signal in ("spatial", "spatial_profile"):
        yield "8 types, patches of 30", drawn, signal, float("nan")
    for dispersion in (0.0, 0.5):
        drawn = Cells(dispersion=dispersion).draw()
        yield f"8 types, dispersion {dispersion:g}", drawn, "cell_type", float("nan")


def law():
    print("model | signal | state | at full depth | law | rms | largest | I_max | ū or k | theory | status")
    for name, drawn, signal, theory in strengths():
        known = [drawn.truth(level, signal, 10_000) for level in LEVELS]
        bits, u = np.array([item.bits for item in known]), drawn.config.depth * LEVELS
        for form in ("noise", "two_sided"):
            fit = noiselaw.fit_law(form, u, bits, rivals=False)
            best = fit.diagnostics["best"]
            curve = noiselaw.laws.law_of(form)(np.array(list(best.values())), u)
            residual = bits - curve
            scale = list(best.values())[1]
            print(
                f"{name} | {signal} | {drawn.ceiling(signal):.2f} | {bits[-1]:.2f} | {form} | "
                f"{np.sqrt(np.mean(residual**2)):.3f} | {np.abs(residual).max():.3f} | {list(best.values())[0]:.2f} | "
                f"{scale:.3g} | {theory:.3g} | {fit.status}",
                flush=True,
            )


# --- where is it lost? ------------------------------------------------------------------------------------------------

USER = Cells(
    n_cells=3000, n_genes=500, n_types=12, depth=2000.0, separation=0.4, relatedness=0.7, clone_size=2, fidelity=0.9
)
TRAIN, DIMS = 2000, 16
#: Fresh cells that the representation is asked about by signal; a quarter of them shows whether more would say more.
FRESH = {"cell_type": 50_000, "clonal": 25_000, "clonal_profile": 25_000}
DEPTHS = np.geomspace(0.004, 1, 5)
SIGNALS = tuple(FRESH)


def losses(out):
    found = json.loads(out.read_text()) if out.exists() else {}
    drawn = USER.draw()
    for level in DEPTHS[::-1]:
        todo = [signal for signal in SIGNALS if f"{signal} {level:.4g}" not in found]
        if not todo:
            continue
        embedded, clean, labels = embed(drawn.config, float(level), max(FRESH.values()) + USER.n_cells)
        for signal in todo:
            row = {"signal": signal, "level": float(level), "u": USER.depth * float(level)}
            truth = drawn.truth(float(level), signal, 50_000)
            row |= {"state": drawn.ceiling(signal), "channel": truth.bits, "channel_error": truth.standard_error}
            mine, fresh = slice(TRAIN, USER.n_cells), slice(USER.n_cells, None)
            for key, rows, n in [
                ("user", mine, USER.n_cells - TRAIN),
                ("kept_quarter", fresh, FRESH[signal] // 4),
                ("kept", fresh, FRESH[signal]),
            ]:
                began = time.perf_counter()
                x, y = pairs(signal, embedded[rows][:n], clean[rows][:n], labels[rows][:n])
                estimate = noiselaw.mutual_information(x, y)
                row |= {key: estimate.bits, f"{key}_error": estimate.standard_error}
                row |= {
                    f"{key}_extrapolated": estimate.extrapolated_bits,
                    f"{key}_seconds": time.perf_counter() - began,
                }
            found[f"{signal} {level:.4g}"] = row
            out.write_text(json.dumps(found, indent=1))
            print(
                {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}, flush=True
            )


def embed(config, level, n_cells):
    """Return what models of the first cells make of many at a level and at level 1, and the types of all."""
    drawn = Cells(**{**vars(config), "n_cells": n_cells}).draw()
    parts = [[], []]
    labels, models = [], [None, None]
    for blocks in zip(drawn.stream(level), drawn.stream(1.0), strict=True):
        labels.append(blocks[0].annotations["cell_type"].astype(str).to_numpy())
        for side, block in enumerate(blocks):
            parts[side].append(block)
            if models[side] is None and sum(len(part.names) for part in parts[side]) >= TRAIN:
                models[side] = fitted(parts[side])
            if models[side] is not None:
                parts[side] = [
                    part if isinstance(part, np.ndarray) else applied(models[side], part) for part in parts[side]
                ]
    return np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(labels)


def fitted(parts):
    from scipy.sparse import vstack

    counts = vstack([part.observations for part in parts], format="csr")[:TRAIN]
    genes = GeneSelection().fit(counts, np.arange(TRAIN), parts[0].features)
    names = np.concatenate([part.names for part in parts])[:TRAIN]
    view = genes.as_view(genes.apply(counts, names), "lognorm")
    return genes, PCA(dims=DIMS).fit(view, np.random.default_rng(0))


def applied(model, part):
    genes, encoder = model
    view = genes.as_view(genes.apply(part.observations, part.names), "lognorm")
    return encoder.embed(view).values


def pairs(signal, embedded, clean, labels):
    """Cells come clone by clone, two by two."""
    if signal == "cell_type":
        return embedded, labels
    n = len(embedded) // 2 * 2
    return embedded[:n:2], (embedded if signal == "clonal" else clean)[1:n:2]


def show(source):
    """Print the table of docs/data.md, and Eq. 2 through what the channel, the representation and the probe keep."""
    rows = sorted(json.loads(source.read_text()).values(), key=lambda row: row["u"])
    for signal in SIGNALS:
        mine = [row for row in rows if row["signal"] == signal]
        for row in mine:
            keys = ("channel", "told" if "told" in row else "kept", "kept", "user")
            kept = " | ".join(f"{row[key]:.2f} ± {row[key + '_error']:.2f}" for key in keys)
            print(f"{signal} | {row['u']:.0f} | {row['state']:.2f} | {kept} | {row['kept_quarter']:.2f} | ", end="")
            print(f"{row['kept_extrapolated']:.2f} | {row['user_extrapolated']:.2f}")
        for key in ("channel", "kept", "user"):
            u, bits = np.array([row["u"] for row in mine]), np.array([row[key] for row in mine])
            fit = noiselaw.fit_law("two_sided" if signal == "clonal" else "noise", u, bits, rivals=False)
            print(f"  {key}: {fit.diagnostics['best']}, residual {fit.residual_sd:.3f}, {fit.status}")


def told(out):
    """Add what representations keep about relatives as seen by a critic that is told the types of other fresh cells.

    A classifier of types, fitted to half of the fresh cells, gives P(type | embedding); pairs of the other half are
    scored by what their types would tell, log2 of 1 - w + w · Σ P(type | x) P(type | y) / share. Divided by its
    average over unrelated pairs this is a lower bound too (Donsker and Varadhan), and needs far fewer pairs than a
    critic that knows nothing of types.
    """
    found = json.loads(out.read_text())
    drawn = USER.draw()
    for level in DEPTHS:
        x, y, labels = (part[USER.n_cells :] for part in embed(drawn.config, float(level), 50_000 + USER.n_cells))
        half = len(labels) // 2
        noisy, clean = (posterior(side[:half], labels[:half], side[half:]) for side in (x, y))
        for signal, others in (("clonal", noisy), ("clonal_profile", clean)):
            row = found[f"{signal} {level:.4g}"]
            bits, error = scored(noisy[::2], others[1::2], drawn.same_state)
            row |= {"told": bits, "told_error": error}
            print(f"{signal} {level:.4g}: told {bits:.3f} ± {error:.3f}, blind {row['kept']:.3f}", flush=True)
        out.write_text(json.dumps(found, indent=1))


def posterior(train, labels, test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    model = make_pipeline(StandardScaler(), PolynomialFeatures(2), StandardScaler(), LogisticRegression(max_iter=200))
    return model.fit(train, labels).predict_proba(test)


def scored(first, second, same):
    shares = 0.5 * (first.mean(axis=0) + second.mean(axis=0))
    ratio = 1 - same + same * (first * second / shares).sum(axis=1)
    unrelated = 1 - same + same * (first.mean(axis=0) * second.mean(axis=0) / shares).sum()
    gains = np.log2(ratio / unrelated)
    return float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))


# --- picture and speed ------------------------------------------------------------------------------------------------


def draw(source, picture):
    import matplotlib.pyplot as plt

    rows = list(json.loads(source.read_text()).values())
    titles = {
        "cell_type": "cell type",
        "clonal": "relative, as noisy (two-sided)",
        "clonal_profile": "relative, clean profile",
    }
    with noiselaw.plot.style():
        figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained", sharex=True)
        for ax, (signal, title) in zip(axes, titles.items(), strict=True):
            mine = sorted((row for row in rows if row["signal"] == signal), key=lambda row: row["u"])
            u = [row["u"] for row in mine]
            ax.axhline(mine[0]["state"], color="0.6", linestyle=":", label="in the state")
            for key, label in (
                ("channel", "after the channel (exact)"),
                ("told" if signal != "cell_type" else "kept", "in the representation (fresh cells)"),
                ("user", f"seen by the probe ({USER.n_cells - TRAIN:,} cells)"),
            ):
                bits, error = ([row[key + end] for row in mine] for end in ("", "_error"))
                ax.errorbar(u, bits, 1.96 * np.array(error), marker="o", markersize=3, label=label)
            ax.set(xscale="log", xlabel="UMI per cell", title=title)
            ax.set_xticks([10, 100, 1000], ["10", "100", "1,000"])
            ax.minorticks_off()
        axes[0].set_ylabel("bits")
        axes[1].legend(fontsize=7, frameon=False, loc=(0.02, 0.6))
        noiselaw.plot.save(figure, picture)


def speed():
    for exponent in (3, 4, 5, 6):
        drawn = Cells(n_cells=10**exponent, n_proteins=10, clone_size=4).draw()
        began, molecules = time.perf_counter(), 0
        for block in drawn.stream():
            molecules += int(block.observations.sum())
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"10^{exponent} cells: {seconds:.1f} s, {10**exponent / seconds:,.0f} cells/s, {memory:.2f} GB", flush=True
        )


if __name__ == "__main__":
    {"law": law, "losses": losses, "told": told, "show": show, "draw": draw, "speed": speed}[sys.argv[1]](
        *map(Path, sys.argv[2:])
    )
