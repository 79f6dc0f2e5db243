"""Does the corrected Txformer gain from more cells where the published one does not?

``python benchmarks/txformer_scaling.py INTO.csv CELLS.h5ad`` trains both presets on three sizes of real cells (with
``obs["cell_type"]`` and ``obsm["protein"]``) and of simulated ones, at full depth, with two seeds, and probes their
embeddings of 1,000 held-out cells. To fit half an hour of one core, cells are read up to their 64 highest genes, and
both presets are run in a tenth of the batches at ten times the learning rate: 600 batches at most, a validation every
100, and for the published one a schedule of 1,000 epochs. PCA, random projections and a network that has seen one batch
stand beside them at the largest size. A run that was ended goes on where it was.
"""

from __future__ import annotations

import csv
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import anndata
import numpy as np

from noiselaw.prepare import GeneSelection
from noiselaw.probes import PROBES
from noiselaw.randomness import generator
from noiselaw.represent import REPRESENTATIONS
from noiselaw.simulate import cells

SIZES = (300, 1200, 4800)
SEEDS = (1, 2)
HELD_OUT = 1000
BUDGET = {"max_tokens": 64, "most_steps": 600, "validate_every": 100, "learning_rate": 1e-3}
CORRECTED: dict[str, Any] = {**BUDGET, "epochs": 1, "least_steps": 600, "patience": 6}
PUBLISHED: dict[str, Any] = {**BUDGET, "preset": "as_published", "epochs": 1000}


def real(path: str) -> tuple[Any, Any, Any, Any]:
    """Return counts, genes, types and proteins of the cells that have a type."""
    data = anndata.read_h5ad(path)
    data = data[(data.obs["cell_type"] != "unknown").to_numpy()]
    genes = data.var_names.to_numpy().astype(str)
    return data.X, genes, data.obs["cell_type"].cat.codes.to_numpy(), np.asarray(data.obsm["protein"], dtype=float)


def simulated() -> tuple[Any, Any, Any, Any]:
    """Return counts, genes, types and proteins of simulated cells, with about as many detected genes."""
    drawn = cells(
        n_cells=max(SIZES) + HELD_OUT, n_genes=1000, n_types=8, depth=150.0, n_proteins=14, seed=1, states_per_type=3
    )
    data = drawn.dataset
    for signal in ("cell_type", "protein"):
        print("truth", signal, drawn.truth(1.0, signal).bits, flush=True)  # noqa: T201
    types = np.unique(data.annotations["cell_type"].to_numpy(), return_inverse=True)[1]
    return data.observations, data.features, types, data.matrices["protein"].to_numpy()


def models(size: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what is fitted at a size: a label, a registered name, its options."""
    both = [("corrected", "txformer", CORRECTED), ("as published", "txformer", PUBLISHED)]
    if size < max(SIZES):
        return both
    untrained = {**CORRECTED, "most_steps": 1}
    others = [("pca 16", "pca", {}), ("random projection 128", "random_projection", {"dims": 128})]
    ranks = ("random projection of ranks 128", "random_projection_ranks", {"dims": 128})
    return [*both, ("one batch", "txformer", untrained), *others, ranks]


def main(into: str, path: str) -> None:
    """Write one row for each embedding and signal; those that stand there already are not made again."""
    known = done(Path(into))
    with Path(into).open("a", newline="") as file:
        table = csv.writer(file)
        if not known:
            table.writerow("data seed n model signal bits se seconds steps stop loss_first loss_best rate".split())
        sources = {"pbmc10k": real(path), "simulated": simulated()}
        for sizes in (SIZES[::2], SIZES[1:2]):  # the ends first
            for seed, (name, source) in product(SEEDS, sources.items()):
                for row in rows(name, source, seed, sizes, known):
                    print(*row, flush=True)  # noqa: T201
                    table.writerow(row)
                    file.flush()


def done(path: Path) -> set[tuple[str, ...]]:
    """Return data, seed, size and model of the rows of an earlier run."""
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        return {tuple(row[:4]) for row in csv.reader(file)}


def rows(name: str, source: tuple[Any, Any, Any, Any], seed: int, sizes: tuple[int, ...], known: Any) -> Any:
    """Yield the rows of one data set and seed."""
    counts, genes, types, proteins = source
    order = generator(seed, "split").permutation(counts.shape[0])
    test, train = np.sort(order[:HELD_OUT]), order[HELD_OUT:]
    fitted = GeneSelection().fit(counts, train, genes, 1.0)
    prepared = fitted.apply(counts, np.arange(counts.shape[0]).astype(str), 1.0)
    for size in sizes:
        for label, kind, options in models(size):
            if (name, str(seed), str(size), label) in known:
                continue
            model = REPRESENTATIONS.build(kind, options)
            began = time.process_time()
            encoder = model.fit(fitted.as_view(prepared.take(train[:size]), model.takes), generator(seed, "fit", size))
            seconds = time.process_time() - began
            x = encoder.embed(fitted.as_view(prepared.take(test), model.takes)).values
            for signal, y in (("cell_type", types[test]), ("protein", proteins[test])):
                found = PROBES.build("recommended").estimate(x, y, None, generator(seed, "probe", signal))
                yield [
                    name,
                    seed,
                    size,
                    label,
                    signal,
                    found.bits,
                    found.standard_error,
                    seconds,
                    *told(encoder.history),
                ]


def told(history: Any) -> list[Any]:
    """Return how a training went: batches, why it stopped, first and best loss in bits, the last learning rate."""
    losses, notes = history.curves.get("validation_loss", (np.nan,)), history.notes
    return [notes.get("steps"), history.stop_reason, losses[0], min(losses), notes.get("last_learning_rate")]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
