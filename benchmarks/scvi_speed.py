"""scVI's epochs: scvi-tools as the paper's authors called it, this package's loop, and the matrix products alone.

    python benchmarks/scvi_speed.py [CELLS GENES EPOCHS ROUNDS DEPTHS]

One thread, one run, by turns. Times are seconds of processor time for each epoch (a busy machine stretches wall time,
not these), set-up of either included.
"""

import logging
import os
import sys
import time
import warnings

os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})

import anndata
import numpy as np
import torch
from scipy import sparse

from noiselaw.optional import mend_torchvision
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import VAE

BATCH, HIDDEN, LATENT = 512, 512, 16


def simulated(n_cells, n_genes, depth):
    """Counts of 8 types with ``depth`` molecules per cell on average."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.3, 2.0, n_genes) * np.exp(rng.normal(0, 0.7, (8, n_genes)))
    cells = rates[rng.integers(0, 8, n_cells)] * np.exp(rng.normal(0, 0.4, (n_cells, 1)))
    return sparse.csr_matrix(rng.poisson(cells * depth / cells.sum(1).mean()).astype(np.float32))


def seconds(work, *arguments):
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def by_scvi_tools(counts, epochs):
    mend_torchvision()
    import scvi

    cells = anndata.AnnData(counts.copy())
    scvi.model.SCVI.setup_anndata(cells)
    model = scvi.model.SCVI(cells, n_hidden=HIDDEN, n_latent=LATENT, n_layers=1)
    model.train(max_epochs=epochs, batch_size=BATCH, early_stopping=True, enable_progress_bar=False, accelerator="cpu")


def by_noiselaw(counts, epochs):
    n_cells, n_genes = counts.shape
    names, genes = np.arange(n_cells).astype(str), np.arange(n_genes).astype(str)
    prepared = Prepared("counts", counts, names, genes, np.asarray(counts.sum(axis=1)).ravel())
    VAE.as_published(max_epochs=epochs, device="cpu").fit(prepared, generator(0, "benchmark"))


def products(n_cells, n_genes, epochs):
    """Only the large matrix products of the steps: encoder forward and weights; two decoders there and back."""
    x, hidden = torch.rand(BATCH, n_genes), torch.rand(BATCH, HIDDEN)
    inward, outward = torch.rand(n_genes, HIDDEN), torch.rand(HIDDEN, n_genes)
    train, stop = 0.9 * n_cells / BATCH, 0.1 * n_cells / BATCH
    for _ in range(round(epochs * train)):
        x @ inward, hidden.t() @ x, hidden @ outward, hidden @ outward
        hidden.t() @ x, hidden.t() @ x, x @ outward.t(), x @ outward.t()
    for _ in range(round(epochs * stop)):
        x @ inward, hidden @ outward, hidden @ outward
    return 2 * BATCH * n_genes * HIDDEN * (8 * train + 3 * stop)


def main(n_cells=20_000, n_genes=750, epochs=3, rounds=3, *depths):
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    flops = products(n_cells, n_genes, 0)
    for counts in [simulated(n_cells, n_genes, depth) for depth in depths or (580, 58)]:
        for work in (by_scvi_tools, by_noiselaw):
            work(counts[:2000], 1)  # imports
        found = {"scvi-tools": [], "noiselaw": [], "products alone": []}
        for _ in range(rounds):
            found["scvi-tools"].append(seconds(by_scvi_tools, counts, epochs) / epochs)
            found["noiselaw"].append(seconds(by_noiselaw, counts, epochs) / epochs)
            found["products alone"].append(seconds(products, n_cells, n_genes, epochs) / epochs)
        best = {name: min(times) for name, times in found.items()}
        print(f"{n_cells:,} cells x {n_genes} genes, {counts.sum() / n_cells:.0f} molecules per cell, ", end="")
        print(f"{counts.nnz / counts.shape[0] / n_genes:.0%} of entries not zero; {flops / 1e9:.0f} GFLOP for an epoch")
        for name, value in best.items():
            share = f"{best['products alone'] / value:.0%} of it products"
            print(f"  {name:15s} {value:6.2f} s for an epoch, {1 / value:5.2f} epochs/s, {share}")
        print(f"  noiselaw is {best['scvi-tools'] / best['noiselaw']:.2f} times as fast")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
