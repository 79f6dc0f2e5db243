"""Choosing variable genes on training cells, beside scanpy's call on an AnnData of the same cells.

python benchmarks/genes.py [cells] [genes] [molecules per cell]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import scanpy as sc
from scipy import sparse
from threadpoolctl import threadpool_limits

from noiselaw.prepare import GeneSelection


def simulated(cells, genes, depth, seed=0):
    rng = np.random.default_rng(seed)
    share = rng.gamma(0.3, size=genes)
    wobble = rng.random(genes)
    blocks = []
    for start in range(0, cells, 2048):
        rows = min(2048, cells - start)
        rates = depth * share / share.sum() * np.exp(rng.normal(size=(rows, genes)) * wobble)
        blocks.append(sparse.csr_matrix(rng.poisson(rates).astype(np.int32)))
    return sparse.vstack(blocks, format="csr")


def scanpys(counts, train):
    data = sc.AnnData(counts[train])
    sc.pp.filter_genes(data, min_counts=3)
    sc.pp.highly_variable_genes(data, flavor="seurat_v3", n_top_genes=750)
    return data.var_names[data.var["highly_variable"]]


def fastest(work, repeats=3):
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return min(seconds), result


def main(cells=5141, genes=4000, depth=1000):
    counts = simulated(cells, genes, depth)
    train = np.random.default_rng(1).permutation(cells)[: cells * 3 // 4]
    names = np.arange(genes).astype(str)
    with threadpool_limits(1):
        ours, fitted = fastest(lambda: GeneSelection().fit(counts, train, names))
        theirs, chosen = fastest(lambda: scanpys(counts, train))
    print(f"{cells} cells x {genes} genes, {counts.nnz / 1e6:.1f} M non-zeros, {len(train)} training cells")
    same = set(chosen) == set(fitted.features)
    print(f"noiselaw {ours:.3f} s, scanpy {theirs:.3f} s: {theirs / ours:.1f} x; same genes: {same}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
