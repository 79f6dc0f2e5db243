"""Latent MI: nearest-neighbour information between learned compressions of both sides (Gowri et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from noiselaw.optional import require
from noiselaw.probes.base import Probe
from noiselaw.probes.ksg import neighbour_estimate, standardised
from noiselaw.randomness import draw_seed
from noiselaw.training import Stopping, batches, train, with_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from numpy.typing import NDArray

    from noiselaw.records import Estimate, History

__all__ = ["LatentMI"]

_CLIP = 10.0
_MEASURED_SHARE = 0.5
#: Of the pairs not measured, those that only say when to stop.
_STOPPING_SHARE = 0.2
#: The published estimator validates on as many pairs as it trains on, which is a quarter of its cost. Looking every
#: fifth epoch moves the end of the training by a few of some 250 epochs.
_PUBLISHED_EVERY = 5
#: Breaks ties in the published estimator.
_JITTER = 1e-10


@dataclass(frozen=True, eq=False)
class _Parts:
    """Rows that train, rows that stop the training, rows that are measured."""

    train: NDArray[np.intp]
    stop: NDArray[np.intp]
    measure: NDArray[np.intp]


@dataclass(frozen=True)
class LatentMI(Probe):
    """Latent MI, in bits.

    Columns are z-scored and clipped at ±10; half of the pairs train a pair of autoencoders; the other half is encoded
    and measured by Kraskov's estimator with the third neighbour. It is no bound, and falls far short of the truth where
    many noise dimensions compete. Its standard error covers the pairs measured, not the training, which moves a value
    by .02 to .04 bits.

    Parameters
    ----------
    dims
        Latent dimensions of each side. The paper prints 16; its PBMC numbers were run with 8.
    protocol
        ``mended``: the best weights are restored, dropout is off while validating, and a tenth of the pairs, neither
        trained on nor measured, says when to stop. ``as_published`` repeats the package ``latentmi`` 0.1: the last
        weights, dropout on while validating, on the very half that is measured.
    max_epochs, patience, learning_rate, batch
        Of the training.
    precision
        ``auto`` multiplies in bfloat16 where the processor does that in hardware (weights stay float32).
    threads
        Of torch; another number may change the last digits.
    """

    dims: Annotated[int, Field(ge=1, le=128)] = 16
    protocol: Literal["mended", "as_published"] = "mended"
    max_epochs: Annotated[int, Field(ge=1)] = 300
    patience: Annotated[int, Field(ge=1)] = 30
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    batch: Annotated[int, Field(ge=2)] = 512
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    threads: Annotated[int, Field(ge=1)] = 1

    measures: ClassVar[frozenset[str]] = frozenset({"labels", "continuous"})

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        torch = require("torch", "The probe 'latent_mi'")
        if y.ndim == 1:
            y = np.eye(int(y.max()) + 1)[y]
        sides = [torch.from_numpy(np.clip(standardised(side), -_CLIP, _CLIP).astype(np.float32)) for side in (x, y)]
        parts = self._divided(len(x), groups, rng)
        with with_threads(self.threads):
            model, history = self._trained(sides[0], sides[1], parts, rng)
            latents = model.encode(*(side[parts.measure] for side in sides))
        z_x, z_y = (latent.numpy().astype(np.float64) for latent in latents)
        if self.protocol == "as_published":
            z_x, z_y = z_x + _JITTER * rng.random(z_x.shape), z_y + _JITTER * rng.random(z_y.shape)
        measured_groups = None if groups is None else np.unique(groups[parts.measure], return_inverse=True)[1]
        return _described(neighbour_estimate(z_x, z_y, measured_groups, rng), history, parts, self)

    def _divided(self, n_pairs: int, groups: np.ndarray | None, rng: np.random.Generator) -> _Parts:
        """Divide the pairs, groups undivided."""
        units = np.arange(n_pairs) if groups is None else groups
        place = rng.permutation(int(units.max()) + 1)[units]
        order = np.argsort(place, kind="stable")
        n_train = _boundary(place[order], int(n_pairs * (1 - _MEASURED_SHARE)))
        if self.protocol == "as_published":
            return _Parts(order[:n_train], order[n_train:], order[n_train:])
        n_fit = _boundary(place[order][:n_train], int(n_train * (1 - _STOPPING_SHARE)))
        return _Parts(order[:n_fit], order[n_fit:n_train], order[n_train:])

    def _trained(
        self, x: torch.Tensor, y: torch.Tensor, parts: _Parts, rng: np.random.Generator
    ) -> tuple[Any, History]:
        import torch

        from noiselaw.probes.paired_autoencoder import PairedAutoencoder

        published = self.protocol == "as_published"
        dtype = torch.bfloat16 if _use_bfloat16(self.precision) else torch.float32
        model = PairedAutoencoder(x.shape[1], y.shape[1], self.dims, self.batch, draw_seed(rng), dtype)
        adam = torch.optim.Adam([model.weights], lr=self.learning_rate, eps=1e-7, fused=True)

        def losses(rows: NDArray[np.intp], *, gradients: bool) -> Iterator[tuple[int, float]]:
            for chosen in batches(len(rows), self.batch, rng):
                taken = torch.from_numpy(rows[chosen])
                yield len(taken), model.loss(x[taken], y[taken], gradients=gradients)

        def one_epoch(epoch: int) -> float:
            total = 0.0
            for n_rows, loss in losses(parts.train, gradients=True):
                adam.step()
                model.refresh()
                total += n_rows * loss
            return total / len(parts.train)

        def validate() -> float:
            found = list(losses(parts.stop, gradients=False))
            if published:  # the mean over batches, of which the last is smaller
                return float(np.mean([loss for _, loss in found]))
            return sum(n_rows * loss for n_rows, loss in found) / len(parts.stop)

        every = _PUBLISHED_EVERY if published else 1
        stopping = Stopping(self.max_epochs, self.patience, "last" if published else "best", every)
        return model, train(model, one_epoch, validate, stopping, validate_in_training_mode=published)


def _boundary(places: NDArray[np.intp], wanted: int) -> int:
    """Return where to cut near ``wanted`` so that no group is divided (unless there is one); ``places`` are sorted."""
    before, after = (int(np.searchsorted(places, places[wanted], side=side)) for side in ("left", "right"))
    if before > 0:
        return before
    return after if after < len(places) else wanted


def _described(estimate: Estimate, history: History, parts: _Parts, probe: LatentMI) -> Estimate:
    facts = {
        "protocol": probe.protocol,
        "precision": "bfloat16" if _use_bfloat16(probe.precision) else "float32",
        "pairs_trained_on": len(parts.train),
        "pairs_that_stop": len(parts.stop),
        "epochs": history.epochs,
        "best_epoch": history.best_epoch,
        "stop_reason": history.stop_reason,
        "best_validation_loss": float(np.nanmin(history.curves["validation_loss"])),
    }
    estimate = replace(estimate, diagnostics={**estimate.diagnostics, **facts})
    if history.stop_reason == "diverged":
        return replace(estimate, status="warned", reason="The training diverged; the weights before that were kept.")
    return estimate


def _use_bfloat16(precision: str) -> bool:
    """Return whether products run in bfloat16: as asked, or where the processor has instructions for them."""
    if precision != "auto":
        return precision == "bfloat16"
    import torch

    asked = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return any(supported is not None and bool(supported()) for supported in asked)
