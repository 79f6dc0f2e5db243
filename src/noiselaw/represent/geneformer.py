"""Geneformer (Theodoris et al. 2023), zero-shot: genes by rank, read by a BERT."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.optional import require
from noiselaw.represent.foundation import ZeroShot, check_coverage, find_file, folder_of, read_json
from noiselaw.represent.foundation_batches import in_batches, padded
from noiselaw.represent.txformer_tokens import Cells, tokenised
from noiselaw.training import choose_device, in_precision, use_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, IntArray, Prepared
    from noiselaw.represent.foundation import Work

__all__ = ["Geneformer", "Vocabulary"]

#: What is fetched from the hub.
_FILES = ("*.json", "*.json.gz", "model.safetensors")
#: The three dictionaries, in one file or each in its own.
_TABLES = ("token_dictionary", "gene_median_dictionary", "gene_name_id_dict")
#: What to do where they are not there, as in the folder that the hub gives.
_HINT = "They are published as pickles, which are never read: write them once as JSON (docs/transformers.md)."


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Geneformer's dictionaries: a token and a non-zero median for each Ensembl id, an Ensembl id for each symbol."""

    tokens: Mapping[str, int]
    medians: Mapping[str, float]
    names: Mapping[str, str]

    @classmethod
    def read(cls, where: Path) -> Vocabulary:
        """Read them from one JSON file with all three, or from a folder with such a file or one for each."""
        if where.is_file():
            found = read_json(where)
        else:
            together = [path for path in sorted(where.glob("*dicts.json*")) if path.is_file()]
            found = read_json(together[0]) if together else {}
            for name in _TABLES if not together else ():
                found[name] = read_json(
                    find_file(where, (f"{name}*.json", f"{name}*.json.gz"), f"Geneformer's {name}", _HINT)
                )
        missing = [name for name in _TABLES if not isinstance(found.get(name), dict)]
        if missing:
            raise InputError(
                f"Geneformer's dictionaries in {where} lack {', '.join(missing)}. Write all three as JSON."
            )
        return cls(*(found[name] for name in _TABLES))

    def genes(self, features: NDArray[np.str_]) -> list[str]:
        """Return each feature's Ensembl id, "" where it has no token; ids may carry a version."""
        ids = [name.partition(".")[0] if name.startswith("ENSG") else self.names.get(name, "") for name in features]
        return [gene if gene in self.tokens and gene in self.medians else "" for gene in ids]


@dataclass(frozen=True)
class Geneformer(ZeroShot):
    """The mean over a cell's tokens in one layer of a pretrained Geneformer; nothing is trained.

    It reads all genes of a cell: prepare with ``n_genes = "all"`` and ``min_counts = 0``.

    Parameters
    ----------
    weights
        A folder with ``config.json`` and ``model.safetensors``, or a hub id.
    dictionaries
        A JSON file (gzipped or not) with ``token_dictionary``, ``gene_median_dictionary`` and ``gene_name_id_dict``, or
        a folder with these. Empty: they lie with the weights. (They are published as pickles, which are never read.)
    layer
        0 is the last layer, -1 the second to last, as in the model's own tools.
    pool
        ``mean`` over genes, or the ``cls`` token where the model has one.
    max_tokens
        Of a cell with more genes, those ranked highest are read; None takes as many as the model can.
    batch
        Cells at once.
    device, precision, threads
        As for the Txformer.
    folder
        What relative paths are taken from; a study file sets it.
    """

    files: ClassVar[tuple[str, ...]] = _FILES
    weights: str
    dictionaries: str = ""
    layer: Annotated[int, Field(le=0)] = -1
    pool: Literal["mean", "cls"] = "mean"
    max_tokens: Annotated[int, Field(ge=3)] | None = None
    batch: Annotated[int, Field(ge=1)] = 16
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Annotated[int, Field(ge=1)] = 1
    folder: str = field(default="", metadata={"shown": False})

    def _places(self) -> list[str]:
        return [self.weights, *([self.dictionaries] if self.dictionaries else [])]

    def _load(self, features: NDArray[np.str_], seed: int) -> tuple[Work, dict[str, Any]]:
        folder = folder_of(self.weights, _FILES, "Geneformer", self.folder)
        vocabulary = Vocabulary.read(self._placed(self.dictionaries) if self.dictionaries else folder)
        genes = vocabulary.genes(features)
        coverage = check_coverage(np.array(genes) != "", features, vocabulary.names, "Geneformer")
        model = _bert(folder, max(vocabulary.tokens.values()) + 1, self)
        reader = _Reader(genes, vocabulary, model.config, self)
        notes = {
            "genes_in_vocabulary": coverage,
            "special_tokens": "cls, eos" if reader.special else "none",
            "max_tokens": reader.width,
            "layer": self.layer,
            "device": model.device.type,
        }
        return reader.embedding(model), notes


class _Reader:
    """Turns counts into tokens, and tokens into embeddings."""

    def __init__(self, genes: list[str], vocabulary: Vocabulary, config: Any, options: Geneformer) -> None:
        self.tokens = vocabulary.tokens
        self.options = options
        self.special = "<cls>" in self.tokens and "<eos>" in self.tokens
        if options.pool == "cls" and not self.special:
            raise InputError('This Geneformer has no <cls> token. Use pool = "mean".')
        if not 0 <= config.num_hidden_layers + options.layer:
            raise InputError(f"This Geneformer has {config.num_hidden_layers} layers; got layer = {options.layer}.")
        self.width = min(options.max_tokens or config.max_position_embeddings, config.max_position_embeddings)
        known = list(dict.fromkeys(gene for gene in genes if gene))
        place = {gene: column for column, gene in enumerate(known)}
        rows = [row for row, gene in enumerate(genes) if gene]
        # Counts of symbols that mean one gene are added.
        self.to_known = sparse.csr_matrix(
            (np.ones(len(rows)), (rows, [place[genes[row]] for row in rows])), shape=(len(genes), len(known))
        )
        self.ids = np.array([self.tokens[gene] for gene in known])
        self.medians = np.array([float(vocabulary.medians[gene]) for gene in known])

    def cells(self, prepared: Prepared) -> Cells:
        """Return each cell's tokens: genes in order of count over median, the highest first."""
        counts = sparse.csr_matrix(sparse.csr_matrix(prepared.values, dtype=np.float64) @ self.to_known)
        counts.eliminate_zeros()
        counts.sort_indices()
        counts.data /= -self.medians[counts.indices]
        found = tokenised(counts, self.width - 2 * self.special)
        return Cells(self.ids[found.tokens], found.starts)

    def embedding(self, model: Any) -> Work:
        """Return what embeds prepared cells with ``model``."""

        def embed(prepared: Prepared) -> tuple[FloatArray, dict[str, Any]]:
            cells = self.cells(prepared)

            def some(rows: IntArray) -> Any:
                return self._embed(model, [cells.tokens[cells.starts[row] : cells.starts[row + 1]] for row in rows])

            dims = model.config.hidden_size
            values, notes = in_batches(cells.lengths, dims, self.options.batch, self.options.threads, some)
            return values, {**notes, "tokens_per_cell": float(cells.lengths.mean())}

        return embed

    def _embed(self, model: Any, genes: list[IntArray]) -> Any:
        torch = require("torch", "Geneformer")
        ends = (self.tokens["<cls>"], self.tokens["<eos>"]) if self.special else ()
        sequences = [np.concatenate([ends[:1], one, ends[1:]]).astype(np.int64) for one in genes]
        tokens = padded(sequences, self.tokens["<pad>"], torch.int64).to(model.device)
        lengths = torch.tensor([len(one) for one in sequences], device=model.device).unsqueeze(1)
        place = torch.arange(tokens.shape[1], device=model.device)
        device = model.device.type
        with in_precision(device, bfloat16=use_bfloat16(self.options.precision, device)):
            states = model(tokens, attention_mask=place < lengths, output_hidden_states=True).hidden_states
        layer = states[model.config.num_hidden_layers + self.options.layer].float()
        if self.options.pool == "cls":
            return layer[:, 0]
        real = ((place >= self.special) & (place < lengths - int(self.special))).unsqueeze(-1)
        return (layer * real).sum(1) / real.sum(1)


def _bert(folder: Path, n_tokens: int, options: Geneformer) -> Any:
    """Load the network, refusing weights that are not all there."""
    transformers, safetensors = (require(name, "Geneformer") for name in ("transformers", "safetensors"))
    find_file(folder, ("config.json",), "Geneformer's config")
    find_file(folder, ("model.safetensors", "model.safetensors.index.json"), "Geneformer's weights")
    try:
        with _without_bars(transformers.utils.logging):
            model, told = transformers.BertForMaskedLM.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(f"The weights in {folder} could not be read as a Geneformer ({reason}).") from error
    missing = sorted(key for key in told["missing_keys"] if key.startswith("bert."))
    if missing:
        raise InputError(
            f"The weights in {folder} lack {len(missing)} tensors of a Geneformer, first {missing[0]}. Is it another "
            "model's folder?"
        )
    if model.config.vocab_size < n_tokens:
        raise InputError(
            f"The dictionary has tokens up to {n_tokens - 1}, the model only {model.config.vocab_size}. Use the "
            "dictionaries of this version of Geneformer."
        )
    return model.bert.eval().to(choose_device(options.device))


@contextmanager
def _without_bars(logging: Any) -> Iterator[None]:
    """Let transformers show no progress bar meanwhile: a sweep loads weights many times, and says how far it is."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
