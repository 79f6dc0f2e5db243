"""Does the noise law hold for the true information, and where is information lost? Simulated cells answer.

python benchmarks/truth.py law               # Eq. 2 and the two-sided law through exact truths: docs/data.md
python benchmarks/truth.py losses OUT.json   # what state, channel, representation and probe keep (resumes)
python benchmarks/truth.py show OUT.json     # its table, and the laws through it
python benchmarks/truth.py draw OUT.json docs/losses.svg
python benchmarks/truth.py tissue            # neighbours held out by blocks and by cells: docs/tasks.md
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
#: Fresh cells that the representation is asked about; the smaller numbers show whether more would say more.
FRESH = (50_000, 100_000, 200_000)
DEPTHS = np.geomspace(0.004, 1, 5)
SIGNALS = ("cell_type", "clonal", "clonal_profile")


def losses(out):
    """Write what the state, the channel, the representation and the probe keep, the cheapest questions first."""
    found = json.loads(out.read_text()) if out.exists() else {}
    drawn = USER.draw()
    for task in (exact, types_kept, relatives_told, relatives_kept):
        for level in (float(level) for level in DEPTHS[::-1]):
            for key, values in task(drawn, level, found, out.parent):
                row = found.setdefault(key, {"level": level, "u": USER.depth * level, "signal": key.split()[0]})
                row |= values
                out.write_text(json.dumps(found, indent=1))
                print(key, {name: round(value, 3) for name, value in values.items()}, flush=True)


def exact(drawn, level, found, folder):
    """Yield what the channel keeps and what the recommended probe sees at the user's number of cells."""
    for signal in SIGNALS:
        key = f"{signal} {level:.4g}"
        if "user" not in found.get(key, {}):
            truth = drawn.truth(level, signal, 50_000)
            mine = slice(TRAIN, USER.n_cells)
            yield (
                key,
                {"state": drawn.ceiling(signal), "channel": truth.bits, "channel_error": truth.standard_error}
                | asked("user", *pairs(signal, *(part[mine] for part in embedded(level, folder)))),
            )


def types_kept(drawn, level, found, folder):
    """Yield what the recommended probe finds about types in 50,000, 100,000 and 200,000 fresh cells."""
    yield from _kept(("cell_type",), level, found, folder)


def relatives_kept(drawn, level, found, folder):
    """Yield the same about relatives, of which fresh cells make half as many pairs."""
    yield from _kept(("clonal", "clonal_profile"), level, found, folder)


def _kept(signals, level, found, folder):
    for n in FRESH:
        for signal in signals:
            key = f"{signal} {level:.4g}"
            if f"kept_{n}" in found.get(key, {}):
                continue
            if signal == "clonal_profile" and level == 1 and f"kept_{n}" in found[f"clonal {level:.4g}"]:
                same = found[f"clonal {level:.4g}"]
                yield key, {name: same[name] for name in same if name.startswith(f"kept_{n}")}
                continue
            fresh = (part[USER.n_cells :][:n] for part in embedded(level, folder))
            yield key, asked(f"kept_{n}", *pairs(signal, *fresh))


def asked(key, x, y):
    began = time.perf_counter()
    estimate = noiselaw.mutual_information(x, y)
    return {
        key: estimate.bits,
        f"{key}_error": estimate.standard_error,
        f"{key}_extrapolated": estimate.extrapolated_bits,
        f"{key}_seconds": time.perf_counter() - began,
    }


def relatives_told(drawn, level, found, folder):
    """Yield what representations keep about relatives, as seen by a critic that is told the types of fresh cells.

    The classifier of the recommended probe, fitted to four fifths of the clones, gives P(type | embedding) of the
    others; their pairs are scored by what types tell, log2 of 1 - w + w · Σ P(type | x) P(type | y) / share, which is
    the exact density ratio where P is. Divided by its average over unrelated pairs it is a lower bound whatever P is
    (Donsker and Varadhan), and it needs no more pairs than a classifier of types needs cells.
    """
    for n in FRESH:
        if f"told_{n}" in found.get(f"clonal_profile {level:.4g}", {}):
            continue
        noisy, clean, labels = (part[USER.n_cells :][:n] for part in embedded(level, folder))
        first = posterior(noisy, labels)
        second = first if level == 1 else posterior(clean, labels)
        for signal, other in (("clonal", first), ("clonal_profile", second)):
            bits, error = scored(first[::2], other[1::2], drawn.same_state)
            yield f"{signal} {level:.4g}", {f"told_{n}": bits, f"told_{n}_error": error}


def posterior(x, labels, n_folds=5):
    """Return P(type | x) of each cell, (n, types), from the cells of other clones."""
    from noiselaw.probes.experts import Blend

    codes = np.unique(labels, return_inverse=True)[1].astype(np.intp)
    clones, rng = np.arange(len(x), dtype=np.intp) // 2, np.random.default_rng(0)
    found = np.empty((len(x), int(codes.max()) + 1))
    for fold in range(n_folds):
        test = clones % n_folds == fold
        blend = Blend.fit(x[~test], codes[~test], np.unique(clones[~test], return_inverse=True)[1], found.shape[1], rng)
        log = blend.log_ratio(x[test]) + blend.log_prior
        found[test] = np.exp(log - log.max(axis=1, keepdims=True))
    return found / found.sum(axis=1, keepdims=True)


def scored(first, second, same):
    shares = 0.5 * (first.mean(axis=0) + second.mean(axis=0))
    ratio = 1 - same + same * (first * second / shares).sum(axis=1)
    unrelated = 1 - same + same * (first.mean(axis=0) * second.mean(axis=0) / shares).sum()
    gains = np.log2(ratio / unrelated)
    return float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))


def embedded(level, folder):
    """Return embeddings at a level and at level 1, and types, of the user's cells and the fresh ones; kept on disk."""
    kept = folder / f"embedded_{level:.4g}.npz"
    if not kept.exists():
        np.savez(kept, *embed(USER, level, USER.n_cells + max(FRESH)))
    with np.load(kept) as parts:
        return [parts[name] for name in parts.files]


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
    return np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(labels).astype(str)


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


def kept_by(signal):
    """Return which numbers say what the representation keeps: the probe's, or those of the critic told the types."""
    return "kept" if signal == "cell_type" else "told"


def show(source):
    """Print the table of docs/data.md, and the laws through what channel, representation and probe keep."""
    rows = sorted(json.loads(source.read_text()).values(), key=lambda row: row["u"])
    for signal in SIGNALS:
        mine = [row for row in rows if row["signal"] == signal]
        fresh = [f"{kept_by(signal)}_{n}" for n in FRESH]
        for row in mine:
            least = " | ".join(f"{row[key]:.3f}" for key in fresh[:-1])
            probed = [f"kept_{n}" for n in FRESH if f"kept_{n}" in row]
            blind = [f"{row[key]:.2f} ± {row[key + '_error']:.2f}" for key in probed]
            print(
                f"{signal} | {row['u']:.0f} | {row['state']:.2f} | {row['channel']:.2f} | {least} | "
                f"{row[fresh[-1]]:.3f} ± {row[fresh[-1] + '_error']:.3f} | {', '.join(blind)} | "
                f"{row['user']:.2f} ± {row['user_error']:.2f} | {row['user_extrapolated']:.2f}"
            )
        change = max(abs(row[fresh[-1]] - row[fresh[-2]]) for row in mine)
        print(f"  largest change by the last doubling: {change:.3f}")
        for key in ("channel", fresh[-1], "user"):
            u, bits = np.array([row["u"] for row in mine]), np.array([row[key] for row in mine])
            fit = noiselaw.fit_law("two_sided" if signal == "clonal" else "noise", u, bits, rivals=False)
            print(f"  {key}: {fit.diagnostics['best']}, residual {fit.residual_sd:.3f}, {fit.status}")


# --- neighbours -------------------------------------------------------------------------------------------------------


def tissue():
    """Print what blocks and single cells held out say about neighbours whose true information is known."""
    drawn = Cells(n_cells=8192, n_types=4, patch_size=40).draw()
    known = drawn.truth(1.0, "spatial", 50_000)
    print(f"truth {known.bits:.3f} ± {known.standard_error:.3f}")
    for options in ({}, {"block": 40, "pairs": "all"}, {"hold_out": "cells"}):
        signal = noiselaw.SpatialNeighbours(section="section", **options)
        study = noiselaw.Study(
            data=drawn.dataset, signals=[signal], models=["pca"], levels=[1.0], sizes=1, seeds=2, held_out=0.4
        )
        for row in noiselaw.run(study).itertuples():
            print(options, f"{row.n_pairs} pairs: {row.bits:.3f} ± {row.standard_error:.3f} ({row.status})", flush=True)


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
        figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained", sharex=True)
        for ax, (signal, title) in zip(axes, titles.items(), strict=True):
            mine = sorted((row for row in rows if row["signal"] == signal), key=lambda row: row["u"])
            u = [row["u"] for row in mine]
            ax.axhline(mine[0]["state"], color="0.6", linestyle=":", label="in the state")
            for key, label in (
                ("channel", "after the channel (exact)"),
                (f"{kept_by(signal)}_{max(FRESH)}", f"in the representation ({max(FRESH):,} fresh cells)"),
                ("user", f"seen by the probe ({USER.n_cells - TRAIN:,} cells)"),
            ):
                bits, error = ([row[key + end] for row in mine] for end in ("", "_error"))
                ax.errorbar(u, bits, 1.96 * np.array(error), marker="o", markersize=3, label=label)
            ax.set(xscale="log", xlabel="UMI per cell", title=title)
            ax.set_xticks([10, 100, 1000], ["10", "100", "1,000"])
            ax.minorticks_off()
        axes[0].set_ylabel("bits")
        lines = axes[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
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
    {"law": law, "losses": losses, "show": show, "draw": draw, "tissue": tissue, "speed": speed}[sys.argv[1]](
        *map(Path, sys.argv[2:])
    )
