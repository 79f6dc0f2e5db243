"""PCA at every training size of a condition, beside the largest alone and beside scikit-learn one size at a time.

python benchmarks/pca.py [cells] [genes] [sizes]
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA as Sklearns
from threadpoolctl import threadpool_limits

from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import PCA


def simulated(n, p, seed=0):
    """Log-normalised sparse counts with ten axes of variation."""
    rng = np.random.default_rng(seed)
    loadings, base = 0.7 * rng.normal(size=(10, p)), rng.normal(-2.0, 1.0, size=p)
    blocks = []
    for start in range(0, n, 4096):
        rows = min(4096, n - start)
        counts = rng.poisson(np.exp(np.minimum(rng.normal(size=(rows, 10)) @ loadings + base, 4.0)))
        blocks.append(sparse.csr_matrix(np.log1p(counts).astype(np.float32)))
    values = sparse.vstack(blocks, format="csr")
    return Prepared("lognorm", values, np.arange(n).astype(str), np.arange(p).astype(str), np.ones(n))


def fastest(work, repeats=3):
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def scikit_learns(x, sizes, solver):
    for size in sizes:
        Sklearns(16, svd_solver=solver, random_state=0).fit(x.values[:size].toarray())


def main(cells=5141, genes=750, count=5):
    x = simulated(cells, genes)
    sizes = np.unique(np.geomspace(200, cells, count).round().astype(int)).tolist()
    density = x.values.nnz / np.prod(x.values.shape)
    print(f"{cells} cells x {genes} genes, {density:.0%} non-zero, sizes {sizes}, one thread")
    rng = generator(0, "benchmark")
    with threadpool_limits(1):
        largest = fastest(lambda: PCA().fit(x, rng))
        rows = {
            "noiselaw, largest size alone": largest,
            "noiselaw, all sizes": fastest(lambda: PCA().fit_sizes(x, sizes, rng)),
            "noiselaw, all sizes, one by one": fastest(lambda: [PCA().fit_sizes(x, [size], rng) for size in sizes]),
            "sklearn auto, one by one": fastest(lambda: scikit_learns(x, sizes, "auto"), 1),
            "sklearn covariance_eigh, one by one": fastest(lambda: scikit_learns(x, sizes, "covariance_eigh"), 1),
        }
        if cells <= 10_000:
            rows["sklearn full, one by one"] = fastest(lambda: scikit_learns(x, sizes, "full"), 1)
    for name, seconds in rows.items():
        print(f"{name:38s} {seconds:8.3f} s  {seconds / largest:7.2f} x the largest alone")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
