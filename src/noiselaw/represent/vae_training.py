"""How scVI is trained here: scvi-tools' network, optimiser settings and loss, in a plain loop. Imports torch and scvi.

scvi-tools trains through Lightning, from an AnnData object. On the same batches this loop takes the same steps (up to
rounding) without either; what a step costs is then the network's matrix products.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import torch

from noiselaw.errors import InputError
from noiselaw.randomness import draw_seed
from noiselaw.represent.batch import batch_note, settled_batch
from noiselaw.represent.vae import epochs_by_rule
from noiselaw.represent.zinb import Counts, Likelihood, nb_loss, zinb_loss
from noiselaw.training import Fitting, Stopping, batches, choose_device, train

with warnings.catch_warnings():
    # Third-party notices about their own future, shown on import.
    warnings.simplefilter("ignore")
    import scvi

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from noiselaw.records import History
    from noiselaw.represent.vae import VAE
    from noiselaw.represent.zinb import CountBatch

__all__ = ["Network", "divide", "train_vae"]

#: Of the training cells, those that are trained on; the others say when to stop.
_TRAINED_SHARE = 0.9
#: Cells of a batch where nothing else is asked for, as the paper set it.
_USUAL_BATCH = 512


def divide(n_cells: int, batch: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide cells into those trained on and those that say when to stop, as scvi-tools does: nine to one.

    A last batch of one or two cells would give the network's batch normalisation nothing to go by; such cells move to
    the others.
    """
    n_train = _trained_of(n_cells)
    left_over = n_train % batch
    if 0 < left_over < 3 and n_train > batch:
        n_train -= left_over
    order = rng.permutation(n_cells)
    return order[n_cells - n_train :], order[: n_cells - n_train]


def _trained_of(n_cells: int) -> int:
    return min(ceil(_TRAINED_SHARE * n_cells), n_cells - 1)


@dataclass
class Network:
    """scVI's module, and the loss of batches under it.

    Parameters
    ----------
    module
        ``scvi.module.VAE``.
    fitting
        Parts in which a batch is computed where memory is short.
    """

    module: Any
    fitting: Fitting = field(default_factory=Fitting)

    @classmethod
    def build(cls, n_genes: int, options: VAE, device: str) -> Network:
        """Make the network with new weights, drawn from torch's generator."""
        module = scvi.module.VAE(
            n_input=n_genes,
            n_batch=1,
            n_labels=1,
            n_hidden=options.n_hidden,
            n_latent=options.n_latent,
            n_layers=options.n_layers,
            dropout_rate=options.dropout,
            gene_likelihood=options.likelihood,
        )
        return cls(module.to(device))

    def optimiser(self, options: VAE) -> torch.optim.Optimizer:
        """Return Adam with the settings of scvi-tools' training plan."""
        plan = scvi.train.TrainingPlan(self.module)
        return torch.optim.Adam(
            (weight for weight in self.module.parameters() if weight.requires_grad),
            lr=options.learning_rate,
            eps=plan.eps,
            weight_decay=plan.weight_decay,
            fused=next(self.module.parameters()).device.type in ("cpu", "cuda"),
        )

    def losses(self, counts: Counts, rows: NDArray[np.intp], kl_weight: float, *, train: bool) -> torch.Tensor:
        """Return reconstruction loss and KL divergence of cells ``rows`` in nats, each summed over cells, (2,).

        When training, gradients of (reconstruction + ``kl_weight`` KL) per cell are left with the weights.
        """
        found: list[torch.Tensor] = []

        def restart() -> None:
            found.clear()
            self.module.zero_grad()

        def one_part(part: slice) -> None:
            found.append(self._losses(counts.batch(rows[part]), kl_weight, len(rows) if train else 0))

        self.fitting.run(len(rows), one_part, restart)
        return torch.stack(found).sum(0)

    def _losses(self, batch: CountBatch, kl_weight: float, share_of: int) -> torch.Tensor:
        one_batch = torch.zeros(len(batch), 1, device=batch.dense.device)
        inferred = self.module.inference(x=batch.dense, batch_index=one_batch)
        made = self.module.generative(z=inferred["z"], library=inferred["library"], batch_index=one_batch, y=one_batch)
        kl = torch.distributions.kl_divergence(inferred["qz"], made["pz"]).sum()
        px = made["px"]
        dispersion = torch.exp(self.module.px_r)
        found: Likelihood
        if self.module.gene_likelihood == "zinb":
            found = zinb_loss(batch, px.mu, dispersion, px.zi_logits, gradients=share_of > 0)
            wanted = [(px.mu, found.to_mean), (dispersion, found.to_dispersion), (px.zi_logits, found.to_logits)]
        else:
            found = nb_loss(batch, px.mu, dispersion, gradients=share_of > 0)
            wanted = [(px.mu, found.to_mean), (dispersion, found.to_dispersion)]
        if share_of:
            tensors = [tensor for tensor, _ in wanted]
            gradients = [gradient.div_(share_of) for _, gradient in wanted if gradient is not None]
            torch.autograd.backward([*tensors, kl * (kl_weight / share_of)], [*gradients, None])
        return torch.stack([found.loss.detach(), kl.detach()])


def train_vae(matrix: Any, options: VAE, rng: np.random.Generator) -> tuple[Any, History]:
    """Train scVI on counts ``matrix`` (CSR, float32) and return its module with the kept weights, and how it went.

    Raises
    ------
    InputError
        If there are fewer cells than a batch that was asked for, or the loss stops being a number.
    """
    device = choose_device(options.device)
    n_cells = matrix.shape[0]
    batch = settled_batch(options.batch, _USUAL_BATCH, _trained_of(n_cells), "A VAE")
    fit_rows, stop_rows = divide(n_cells, batch, rng)
    counts = Counts(matrix, device)
    epochs = epochs_by_rule(n_cells) if options.max_epochs == "heuristic" else options.max_epochs
    seed = draw_seed(rng)
    curves: dict[str, list[float]] = {"reconstruction_loss": [], "kl": []}
    with _own_generator(seed, device):
        network = Network.build(matrix.shape[1], options, device)
        optimiser = network.optimiser(options)

        def one_epoch(epoch: int) -> float:
            kl_weight = min(1.0, epoch / options.kl_warmup) if options.kl_warmup else 1.0
            total = torch.zeros((), device=device)
            for rows in batches(len(fit_rows), batch, rng):
                reconstruction, kl = network.losses(counts, fit_rows[rows], kl_weight, train=True)
                optimiser.step()
                total += reconstruction + kl_weight * kl
            return float(total) / len(fit_rows)

        def validate() -> float:
            found = torch.zeros(2, device=device)
            for start in range(0, len(stop_rows), batch):
                found += network.losses(counts, stop_rows[start : start + batch], 1.0, train=False)
            reconstruction, kl = (found / len(stop_rows)).tolist()
            curves["reconstruction_loss"].append(reconstruction)
            curves["kl"].append(kl)
            return float(reconstruction + kl)

        try:
            history = train(network.module, one_epoch, validate, Stopping(epochs, options.patience, options.keep))
        except ValueError as error:
            if "to satisfy the constraint" not in str(error):
                raise
            # torch refuses a normal distribution whose mean is no number
            raise InputError(_diverged(len(curves["kl"]) + 1)) from error
    if history.stop_reason == "diverged":
        raise InputError(_diverged(history.epochs))
    history = _described(history, curves, options, fit_rows, stop_rows, network, epochs)
    return network.module, history


def _diverged(epoch: int) -> str:
    return (
        f"The VAE's loss stopped being a number in epoch {epoch}. Lower learning_rate, or look for cells with "
        "extreme counts."
    )


def _described(
    history: History,
    curves: dict[str, list[float]],
    options: VAE,
    fit_rows: NDArray[np.intp],
    stop_rows: NDArray[np.intp],
    network: Network,
    epochs: int,
) -> History:
    kept = history.best_epoch if options.keep == "best" else history.epochs
    notes = {
        **history.notes,
        "kept_epoch": kept,
        "kl_warmup": options.kl_warmup,
        "max_epochs": epochs,
        "cells_trained_on": len(fit_rows),
        "cells_that_stop": len(stop_rows),
        "final_train_loss": history.curves["train_loss"][-1],
        "final_validation_loss": history.curves["validation_loss"][-1],
        "kept_validation_loss": history.curves["validation_loss"][kept - 1],
        "kept_reconstruction_loss": curves["reconstruction_loss"][kept - 1],
        "kept_kl": curves["kl"][kept - 1],
        "device": str(next(network.module.parameters()).device),
    }
    notes |= batch_note(options.batch, _USUAL_BATCH, len(fit_rows))
    if network.fitting.note:
        notes["memory"] = network.fitting.note
    all_curves = {**history.curves, **{name: tuple(curve) for name, curve in curves.items()}}
    return replace(history, notes=notes, curves=all_curves)


@contextmanager
def _own_generator(seed: int, device: str) -> Iterator[None]:
    """Let torch draw from a generator of our own meanwhile; what others draw from stays as it was."""
    kind, _, number = device.partition(":")
    devices = [int(number or torch.cuda.current_device())] if kind == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
