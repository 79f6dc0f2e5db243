"""Tokens per second of a training step: the corrected Txformer beside the published implementation's way.

``python benchmarks/txformer_speed.py CELLS.h5ad [MAX_TOKENS]``: on one thread, batches of 32 real cells, their 750 most
variable genes; steps of both ways take turns, and the medians are compared. The published way is torch's
``nn.TransformerEncoder`` on cells padded to the window with pads as tokens; it is given our cheaper head, which guesses
hidden tokens only. A token counts if a gene stands behind it. The limit is what the matrix products of the corrected
step would take at the speed of the same products alone.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import anndata
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from noiselaw.prepare import GeneSelection
from noiselaw.represent.transformer import Network, Shape
from noiselaw.represent.txformer_tokens import Cells, Layout, tokenised

BATCH, MASKED, STEPS = 32, 0.15, 5


class Published(nn.Module):
    """Tokens and places through torch's own encoder, every position alike."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(shape.n_genes + 2, 128), nn.Embedding(shape.window, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 512, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(128, shape.n_genes + 2)

    def loss(self, tokens: Any, hidden: Any, targets: Any) -> Any:
        """Return the mean cross-entropy of the hidden tokens."""
        x = self.encoder(self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1])))
        return functional.cross_entropy(self.head(x.flatten(0, 1)[hidden]), targets)


def steps(cells: Cells, shape: Shape) -> tuple[Any, Any]:
    """Return one training step of each way, which take rows of ``cells``."""
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    ours, theirs, rng = Network(shape, *generators), Published(shape), np.random.default_rng(0)
    packed, padded = (Layout(shape, kind, "cpu") for kind in ("packed", "tokens"))
    adams = [torch.optim.Adam(net.parameters(), lr=1e-4, fused=True) for net in (ours, theirs)]

    def corrected(rows: Any) -> None:
        rows = rows[np.argsort(cells.lengths[rows], kind="stable")]
        batch = packed.batch(cells, rows, packed.hide(cells, rows, MASKED, rng))
        adams[0].zero_grad()
        (ours.loss(batch) / len(batch.targets)).backward()
        adams[0].step()

    def published(rows: Any) -> None:
        batch = padded.batch(cells, rows, padded.hide(cells, rows, MASKED, rng))
        adams[1].zero_grad()
        theirs.loss(batch.tokens.view(len(rows), -1), batch.hidden, batch.targets).backward()
        adams[1].step()

    return corrected, published


def seconds(work: Any, *arguments: Any) -> float:
    """Return how long a call takes, in processor time: a busy machine lengthens the other."""
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def limit(n_tokens: int, n_genes: int) -> float:
    """Return the seconds that the matrix products of a corrected step take alone, three for each layer."""
    shapes = 2 * [(128, 384), (128, 128), (128, 512), (512, 128)]
    total = 0.0
    for rows, (left, right) in [(n_tokens, one) for one in shapes] + [(round(MASKED * n_tokens), (128, n_genes + 2))]:
        x, w, y = torch.randn(rows, left), torch.randn(left, right), torch.randn(rows, right)
        for product in (lambda x=x, w=w: x @ w, lambda y=y, w=w: y @ w.T, lambda x=x, y=y: x.T @ y):
            product()
            total += float(np.median([seconds(product) for _ in range(15)]))
    return total


def main(path: str, window: int) -> None:
    """Time both ways in turns, and say what they do."""
    torch.set_num_threads(1)
    data = anndata.read_h5ad(path)
    fitted = GeneSelection().fit(data.X, np.arange(data.n_obs), data.var_names.to_numpy().astype(str))
    ranks = fitted.as_view(fitted.apply(data.X, data.obs_names.to_numpy().astype(str)), "ranks")
    n_genes = len(ranks.features)
    cells = tokenised(ranks.values, min(window, n_genes))
    quarters = np.percentile(cells.lengths, [5, 25, 50, 75, 95]).round()
    print(f"genes detected of {n_genes} (5, 25, 50, 75, 95 %): {quarters}, mean {cells.lengths.mean():.1f}")
    corrected, published = steps(cells, Shape(n_genes, min(window, n_genes)))
    rng, rates = np.random.default_rng(1), {"corrected": [], "published": []}
    for turn in range(STEPS + 1):
        for name, step, times in (("corrected", corrected, 4), ("published", published, 1)):
            for _ in range(times):
                rows = rng.choice(len(cells.lengths), BATCH, replace=False)
                rate = cells.lengths[rows].sum() / seconds(step, rows)
                if turn:  # the first turn warms up
                    rates[name].append(rate)
    ours, theirs = (float(np.median(rates[name])) for name in ("corrected", "published"))
    print(f"real tokens per second: corrected {ours:.0f}, published way {theirs:.0f}: {ours / theirs:.1f} x")
    mean = round(BATCH * cells.lengths.mean())
    alone = limit(mean, n_genes)
    print(f"limit by matrix products: {mean / alone:.0f} tokens per second, of which {ours * alone / mean:.0%} reached")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 750)
