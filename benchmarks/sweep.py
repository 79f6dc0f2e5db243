"""The demo's sweep beside the same sweep done the authors' way: scanpy, scikit-learn, latentmi, call after call.

    python -m venv peer && peer/bin/pip install torch==2.13.0 latentmi==0.1.3    # needs numpy < 2: a venv of its own
    python -P benchmarks/sweep.py --peer peer/bin/python [--epochs 300]

Their way is timed on six measurements (three levels, two sizes, both representations, both signals) and scaled to the
whole sweep. Ours is the whole sweep with the recommended probe, and those levels and sizes with protocol = "paper".
Processor time of one thread throughout, to which other work on the machine can only add.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

DEMO = Path(__file__).parents[1] / "examples" / "demo.toml"
#: Level, training size, representation and signal of each measurement that is timed.
POINTS = [
    (0.001, 200, "random_projection", "cell_type"),
    (0.001, 1800, "pca", "protein"),
    (0.0631, 200, "pca", "cell_type"),
    (0.0631, 1800, "random_projection", "protein"),
    (1.0, 200, "pca", "protein"),
    (1.0, 1800, "random_projection", "cell_type"),
]

ESTIMATE = """
import contextlib, io, json, sys, time
import numpy as np, torch
from latentmi import lmi
torch.set_num_threads(1)
for path in sys.argv[3:]:
    pairs = np.load(path)
    torch.manual_seed(int(sys.argv[2])); np.random.seed(int(sys.argv[2]))
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        bits, _, _ = lmi.estimate(pairs["x"], pairs["y"], N_dims=8, epochs=int(sys.argv[1]), device="cpu")
    print(json.dumps([float(np.nanmean(bits)), time.process_time() - start]), flush=True)
"""


def authors_way(folder, peer, epochs, seed):
    """Yield (bits, seconds) of each of POINTS: thin, normalise, choose genes, subsample, embed, estimate."""
    import anndata
    import scanpy as sc
    from scipy import sparse
    from sklearn.decomposition import PCA

    from noiselaw.sweep import Study

    dataset = Study.read(DEMO).data.draw().dataset
    counts, labels = sparse.csr_matrix(dataset.observations), dataset.annotations["cell_type"].to_numpy()
    abundances = dataset.matrices["protein"].to_numpy()
    rng = np.random.default_rng(seed)
    order = rng.permutation(counts.shape[0])
    seen, held = order[: 3 * len(order) // 4], order[3 * len(order) // 4 :]
    paths, spent, thinned = [], [], {}
    for number, (level, size, model, signal) in enumerate(POINTS):
        start = time.process_time()
        if level not in thinned:
            adata = anndata.AnnData(counts.astype(np.float32))
            adata.X = sc.pp.downsample_counts(
                adata, total_counts=int(level * counts.sum()), random_state=seed, copy=True
            ).X
            adata.layers["counts"] = adata.X.copy()
            sc.pp.normalize_total(adata, target_sum=1e4)
            sc.pp.log1p(adata)
            sc.pp.highly_variable_genes(adata, n_top_genes=750, flavor="seurat_v3", layer="counts", span=1, subset=True)
            thinned[level] = adata
        x = thinned[level].X.toarray()
        train = x[rng.choice(seen, min(size, len(seen)), replace=False)]
        if model == "pca":
            z = PCA(16).fit(train).transform(x[held])
        else:
            z = x[held] @ rng.normal(size=(x.shape[1], 16))
        y = pd.get_dummies(labels).to_numpy(float)[held] if signal == "cell_type" else abundances[held]
        spent.append(time.process_time() - start)
        paths.append(str(Path(folder) / f"{number}.npz"))
        np.savez(paths[-1], x=z, y=y)
    done = subprocess.run(
        [peer, "-c", ESTIMATE, str(epochs), str(seed), *paths], capture_output=True, text=True, check=True
    )
    for before, line in zip(spent, done.stdout.splitlines(), strict=True):
        bits, seconds = json.loads(line)
        yield bits, before + seconds


def ours(folder, **instead):
    """Run a study in a process of its own with one worker; return its table and the processor seconds it took."""
    from noiselaw.table import read_table

    code = f"from noiselaw.sweep import Study, run; run(Study.read({str(DEMO)!r}, **{instead!r}), {str(folder)!r})"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return read_table(Path(folder) / "measurements.parquet"), after.ru_utime - before.ru_utime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="interpreter that has latentmi")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1, help="of both ways, for the answers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        seeds = [list(authors_way(scratch, given.peer, given.epochs, seed)) for seed in range(given.seeds)]
        theirs = [np.mean([found[i] for found in seeds], axis=0) for i in range(len(POINTS))]
        print("theirs", [round(seconds, 1) for _, seconds in theirs], flush=True)
        whole, recommended = ours(Path(scratch) / "recommended")
        print("recommended", len(whole), round(recommended, 1), flush=True)
        levels = sorted({level for level, *_ in POINTS})
        probes = [{"kind": "latent_mi", "protocol": "as_published", "dims": 8, "max_epochs": given.epochs}]
        table, paper = ours(
            Path(scratch) / "paper",
            protocol="paper",
            levels=levels,
            sizes=[200, 1800],
            seeds=given.seeds,
            probes=probes,
        )
        print("paper", len(table), round(paper, 1), flush=True)
    keys = ["level", "n_train", "representation", "signal"]
    rows = []
    for i, (level, size, model, signal) in enumerate(POINTS):
        mine = table.set_index(keys)["bits"].loc[[(level, size, model, signal)]]
        both = [" / ".join(f"{bits:.2f}" for bits in found) for found in ([one[i][0] for one in seeds], mine)]
        rows.append([level, size, model, signal, *both, theirs[i][1]])
    print(pd.DataFrame(rows, columns=[*keys, "their bits", "our bits (paper)", "their s"]).to_string(index=False))
    each = np.mean([seconds for _, seconds in theirs])
    print(f"theirs, scaled to {len(whole)} measurements: {each * len(whole):,.0f} s ({each:.1f} s each)")
    print(f"ours, recommended: {recommended:,.0f} s, {each * len(whole) / recommended:.1f} x")
    print(f"ours, paper: {paper / len(table):.1f} s each, {each / (paper / len(table)):.1f} x")


if __name__ == "__main__":
    main()
