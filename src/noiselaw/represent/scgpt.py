"""scGPT (Cui et al. 2024), zero-shot: genes with binned values, read by a transformer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.randomness import generator
from noiselaw.represent.foundation import (
    WEIGHTS,
    ZeroShot,
    check_coverage,
    find_file,
    folder_of,
    load_tensors,
    read_json,
)
from noiselaw.represent.foundation_batches import in_batches, padded
from noiselaw.training import choose_device, in_precision, use_bfloat16

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, IntArray, Prepared
    from noiselaw.represent.foundation import Work

__all__ = ["ScGPT", "binned"]

_FILES = ("vocab.json", "args.json", *WEIGHTS)
_SPECIAL = ("<pad>", "<cls>", "<eoc>")
_SETTINGS = ("embsize", "nheads", "d_hid", "nlayers")


@dataclass(frozen=True)
class ScGPT(ZeroShot):
    """A cell's embedding by a pretrained scGPT; nothing is trained.

    It reads all genes of a cell: prepare with ``n_genes = "all"`` and ``min_counts = 0``.

    Parameters
    ----------
    weights
        A folder with ``vocab.json``, ``args.json`` and weights (``.safetensors``, or ``best_model.pt``, of which only
        plain tensors are read), or a hub id.
    vocabulary
        A JSON file of genes and tokens. Empty: ``vocab.json`` beside the weights.
    pool
        The ``cls`` token, or the ``mean`` over genes.
    normalise
        Scale embeddings to length 1, as the model's own tools do.
    max_tokens
        Of a cell with more genes, so many (the ``cls`` token counted) are drawn at random: the same for one cell and
        seed, whatever else is embedded.
    bins
        Values of a cell are binned by its own quantiles; None takes ``n_bins`` of the model (51).
    ties
        Equal values that fill several bins are spread over them at random (``spread``, as the model's own tools do) or
        all put in the highest (``together``).
    batch
        Cells at once.
    device, precision, threads
        As for the Txformer.
    folder
        What relative paths are taken from; a study file sets it.
    """

    files: ClassVar[tuple[str, ...]] = _FILES
    weights: str
    vocabulary: str = ""
    pool: Literal["cls", "mean"] = "cls"
    normalise: bool = True
    max_tokens: Annotated[int, Field(ge=2)] = 1200
    bins: Annotated[int, Field(ge=2)] | None = None
    ties: Literal["spread", "together"] = "spread"
    batch: Annotated[int, Field(ge=1)] = 16
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Annotated[int, Field(ge=1)] = 1
    folder: str = field(default="", metadata={"shown": False})

    def _places(self) -> list[str]:
        return [self.weights, *([self.vocabulary] if self.vocabulary else [])]

    def _load(self, features: NDArray[np.str_], seed: int) -> tuple[Work, dict[str, Any]]:
        torch = require("torch", "scGPT")
        from noiselaw.represent.foundation_scgpt import Network

        folder = folder_of(self.weights, _FILES, "scGPT", self.folder)
        config = _settings(folder)
        names = ("vocab.json", "vocab.json.gz")
        given = self._placed(self.vocabulary) if self.vocabulary else find_file(folder, names, "scGPT's vocabulary")
        vocabulary = _vocabulary(given)
        tokens = np.array([vocabulary.get(name, -1) for name in features])
        coverage = check_coverage(tokens >= 0, features, vocabulary, "scGPT")
        path = find_file(folder, WEIGHTS, "Weights of scGPT")
        with torch.device("meta"):
            network = Network(max(vocabulary.values()) + 1, config)
        network.to_empty(device="cpu")
        heads = network.load(load_tensors(path), path.name)
        device = choose_device(self.device)
        reader = _Reader(tokens, vocabulary, config, self, seed)
        notes = {
            "genes_in_vocabulary": coverage,
            "tensors_of_heads_left": heads,
            "bins": reader.bins,
            "max_tokens": self.max_tokens,
            "device": device,
        }
        return reader.embedding(network.eval().to(device), device), notes


class _Reader:
    """Turns counts into tokens and values, and these into embeddings."""

    def __init__(
        self, tokens: NDArray[np.int64], vocabulary: dict[str, int], config: dict[str, Any], options: ScGPT, seed: int
    ) -> None:
        self.known = np.flatnonzero(tokens >= 0)
        self.tokens = tokens[self.known]
        self.pad, self.cls = vocabulary["<pad>"], vocabulary["<cls>"]
        self.pad_value = float(config.get("pad_value", -2))
        self.bins = options.bins or int(config.get("n_bins", 51))
        self.options, self.seed = options, seed

    def cell(self, name: str, genes: IntArray, counts: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        """Return one cell's tokens and binned values, ``<cls>`` first."""
        rng = generator(self.seed, "cell", name)
        room = self.options.max_tokens - 1
        if len(genes) > room:
            drawn = np.sort(rng.choice(len(genes), room, replace=False))
            genes, counts = genes[drawn], counts[drawn]
        values = binned(counts, self.bins, rng if self.options.ties == "spread" else None)
        return np.concatenate([[self.cls], self.tokens[genes]]), np.concatenate([[self.pad_value], values])

    def embedding(self, network: Any, device: str) -> Work:
        """Return what embeds prepared cells with ``network``."""

        def embed(prepared: Prepared) -> tuple[FloatArray, dict[str, Any]]:
            counts = sparse.csr_matrix(prepared.values, dtype=np.float64)[:, self.known]
            counts.eliminate_zeros()
            counts.sort_indices()
            lengths = np.diff(counts.indptr)

            def some(rows: IntArray) -> Any:
                ends = counts.indptr
                parts = [slice(ends[row], ends[row + 1]) for row in rows]
                cells = [
                    self.cell(str(prepared.names[row]), counts.indices[part], counts.data[part])
                    for row, part in zip(rows, parts, strict=True)
                ]
                return self._embed(network, device, cells)

            values, notes = in_batches(lengths, network.dims, self.options.batch, self.options.threads, some)
            return values, {**notes, "genes_per_cell": float(lengths.mean())}

        return embed

    def _embed(self, network: Any, device: str, cells: list[tuple[NDArray[np.int64], FloatArray]]) -> Any:
        import torch

        from noiselaw.represent.foundation_scgpt import normalised

        tokens = padded([genes for genes, _ in cells], self.pad, torch.int64).to(device)
        values = padded([values for _, values in cells], self.pad_value, torch.float32).to(device)
        padding = tokens == self.pad
        with in_precision(device, bfloat16=use_bfloat16(self.options.precision, device)):
            last = network(tokens, values, padding)
        last = last.float()
        if self.options.pool == "cls":
            pooled = last[:, 0]
        else:
            real = (~padding[:, 1:]).unsqueeze(-1)
            pooled = (last[:, 1:] * real).sum(1) / real.sum(1)
        return normalised(pooled) if self.options.normalise else pooled


def binned(counts: FloatArray, bins: int, rng: np.random.Generator | None) -> FloatArray:
    """Return which of ``bins`` - 1 quantile bins (from 1) each of a cell's non-zero counts falls into.

    With ``rng``, equal counts whose quantiles fill several bins are spread over them; without, all are in the highest.
    """
    edges = np.quantile(counts, np.linspace(0, 1, bins - 1))
    highest = np.digitize(counts, edges)
    if rng is None:
        return highest.astype(np.float64)
    lowest = np.digitize(counts, edges, right=True)
    return np.ceil(rng.random(len(counts)) * (lowest - highest) + highest)


def _settings(folder: Path) -> dict[str, Any]:
    """Return the model's settings, refusing a file that lacks what the network needs."""
    path = find_file(folder, ("args.json",), "scGPT's settings")
    config = read_json(path)
    missing = [name for name in _SETTINGS if name not in config]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}. Use the args.json that came with the weights.")
    return config


def _vocabulary(path: Path) -> dict[str, int]:
    """Return the token of every gene; special tokens that are not in the file follow its last."""
    vocabulary = {name: int(token) for name, token in read_json(path).items()}
    for name in _SPECIAL:
        vocabulary.setdefault(name, max(vocabulary.values(), default=-1) + 1)
    return vocabulary
