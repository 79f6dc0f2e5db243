"""Masked-token loss against information over a training (the paper's Fig. 13), with the corrected Txformer.

``python benchmarks/txformer_checkpoints.py INTO.csv CELLS.h5ad [STEPS]``: 4,800 real cells up to their 64 highest
genes, the highest learning rate ten times the paper's, a checkpoint at every sixth of the steps, probed on the same
1,000 held-out cells as in ``txformer_scaling.py`` (seed 1). The entropy of tokens is the loss of a model that looks at
nothing.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np
from txformer_scaling import HELD_OUT, real

from noiselaw.prepare import GeneSelection
from noiselaw.probes import PROBES
from noiselaw.randomness import generator
from noiselaw.represent import Txformer

SEED, SIZE, WINDOW = 1, 4800, 64


def main(into: str, path: str, steps: int) -> None:
    """Write one row for each checkpoint and signal."""
    counts, genes, types, proteins = real(path)
    order = generator(SEED, "split").permutation(counts.shape[0])
    test, train = np.sort(order[:HELD_OUT]), order[HELD_OUT:]
    fitted = GeneSelection().fit(counts, train, genes, 1.0)
    prepared = fitted.apply(counts, np.arange(counts.shape[0]).astype(str), 1.0)
    seen, held_out = (fitted.as_view(prepared.take(rows), "ranks") for rows in (train[:SIZE], test))
    read = seen.values.data <= WINDOW
    share = np.bincount(seen.values.indices[read], minlength=seen.values.shape[1]) / read.sum()
    print("entropy of tokens, bits:", -np.sum(share[share > 0] * np.log2(share[share > 0])))
    model = Txformer(
        max_tokens=WINDOW, epochs=1, least_steps=steps, validate_every=steps // 6, patience=6, learning_rate=1e-3,
        checkpoints=True,
    )  # fmt: skip
    began = time.process_time()
    encoder = model.fit(seen, generator(SEED, "fit", SIZE))
    print("processor seconds:", time.process_time() - began, flush=True)
    with Path(into).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow("steps loss signal bits se".split())
        for one in encoder.checkpoints:
            x = one.embed(held_out).values
            for signal, y in (("cell_type", types[test]), ("protein", proteins[test])):
                found = PROBES.build("recommended").estimate(x, y, None, generator(SEED, "probe", signal))
                notes = one.history.notes
                row = [notes["steps"], notes["validation_loss"], signal, found.bits, found.standard_error]
                print(*row, flush=True)
                table.writerow(row)
                file.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3000)
