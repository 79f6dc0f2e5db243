"""The likelihood of counts under scVI's decoder, with its gradients written out. Imports torch.

The formulas are those of ``scvi.distributions`` (Lopez et al. 2018). There every term is evaluated in every entry of a
batch; here the gamma functions are evaluated where there are counts (elsewhere their terms cancel), and once per gene
where they depend on nothing else. That makes half of a training step several times cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import gammaln
from torch.nn.functional import softplus

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CountBatch", "Counts", "Likelihood", "nb_loss", "zinb_loss"]

#: Added inside logarithms, as scvi-tools does.
_EPS = 1e-8


@dataclass(frozen=True, eq=False)
class CountBatch:
    """Counts of some cells on a device: all of them, and those that are not zero.

    Parameters
    ----------
    dense
        (n cells, n genes).
    where
        Position of each count that is not zero in ``dense``, row by row, (n counts,).
    counts
        Those counts, (n counts,).
    constant
        Sum of ln(count!) over them.
    """

    dense: torch.Tensor
    where: torch.Tensor
    counts: torch.Tensor
    constant: float

    def __len__(self) -> int:
        return len(self.dense)


class Counts:
    """Counts in memory (scipy CSR, float32), handed out as batches on ``device``."""

    def __init__(self, matrix: Any, device: str = "cpu") -> None:
        self.matrix = matrix
        self.device = device
        factorials = np.concatenate([[0.0], np.cumsum(gammaln(matrix.data.astype(np.float64) + 1))])
        self._factorials = factorials[matrix.indptr[1:]] - factorials[matrix.indptr[:-1]]

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def batch(self, rows: NDArray[np.intp]) -> CountBatch:
        """Return the cells ``rows``, in that order."""
        part = self.matrix[rows]
        n_cells, n_genes = part.shape
        where = np.repeat(np.arange(n_cells, dtype=np.int64) * n_genes, np.diff(part.indptr)) + part.indices
        dense = np.zeros(n_cells * n_genes, dtype=np.float32)
        dense[where] = part.data
        tensors = (torch.from_numpy(values).to(self.device) for values in (dense, where, part.data))
        flat, places, counts = tensors
        return CountBatch(flat.view(n_cells, n_genes), places, counts, float(self._factorials[rows].sum()))


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Minus the log-likelihood of a batch, in nats, summed over cells and genes, and its gradients.

    ``to_mean`` and ``to_logits`` are (n cells, n genes), ``to_dispersion`` (n genes,); None where none were asked for.
    """

    loss: torch.Tensor
    to_mean: torch.Tensor | None = None
    to_dispersion: torch.Tensor | None = None
    to_logits: torch.Tensor | None = None


def zinb_loss(
    batch: CountBatch, mean: torch.Tensor, dispersion: torch.Tensor, logits: torch.Tensor, *, gradients: bool
) -> Likelihood:
    """Return the loss under a zero-inflated negative binomial.

    Parameters
    ----------
    batch
        The counts.
    mean
        Of the negative binomial, (n cells, n genes).
    dispersion
        Its inverse dispersion (theta), (n genes,).
    logits
        Log odds of an additional zero, (n cells, n genes).
    gradients
        Whether they are wanted.
    """
    mean, dispersion, against = mean.detach(), dispersion.detach(), -logits.detach()
    total, log_ratio = _log_ratio(mean, dispersion)
    # ln of a zero's odds: p(0) under the negative binomial, against an additional zero
    odds = torch.addcmul(against, log_ratio, dispersion)
    there = _There.of(batch, mean, dispersion, total)
    odds_there = _at(odds, batch.where)
    log_likelihood = (
        softplus(odds).sum()
        - softplus(against).sum()
        + (odds_there - softplus(odds_there)).sum()
        + there.log_likelihood
        - batch.constant
    )
    if not gradients:
        return Likelihood(-log_likelihood)
    weight = odds.sigmoid_()
    weight.view(-1).index_fill_(0, batch.where, 1.0)
    to_logits = against.sigmoid_().neg_().add_(weight)
    to_mean, to_dispersion = _negative_binomial_gradients(batch, there, dispersion, total, log_ratio, weight)
    return Likelihood(-log_likelihood, to_mean, to_dispersion, to_logits)


def nb_loss(batch: CountBatch, mean: torch.Tensor, dispersion: torch.Tensor, *, gradients: bool) -> Likelihood:
    """Return the loss under a negative binomial; parameters as for :func:`zinb_loss`."""
    mean, dispersion = mean.detach(), dispersion.detach()
    total, log_ratio = _log_ratio(mean, dispersion)
    there = _There.of(batch, mean, dispersion, total)
    log_likelihood = (log_ratio * dispersion).sum() + there.log_likelihood - batch.constant
    if not gradients:
        return Likelihood(-log_likelihood)
    to_mean, to_dispersion = _negative_binomial_gradients(batch, there, dispersion, total, log_ratio, None)
    return Likelihood(-log_likelihood, to_mean, to_dispersion)


def _at(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Return the entries ``where`` of ``values``, taken row by row; four times as fast as indexing."""
    return values.view(-1).index_select(0, where)


def _log_ratio(mean: torch.Tensor, dispersion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return theta + mean and ln(theta) - ln(theta + mean)."""
    total = (mean + dispersion).add_(_EPS)
    return total, torch.log(total).neg_().add_(torch.log(dispersion + _EPS))


@dataclass(frozen=True, eq=False)
class _There:
    """What counts that are not zero add: per count, but for the log-likelihood."""

    genes: torch.Tensor
    dispersion: torch.Tensor
    mean: torch.Tensor
    total: torch.Tensor
    log_likelihood: torch.Tensor

    @classmethod
    def of(cls, batch: CountBatch, mean: torch.Tensor, dispersion: torch.Tensor, total: torch.Tensor) -> _There:
        genes = batch.where % mean.shape[1]
        mean_there, total_there = _at(mean, batch.where).add_(_EPS), _at(total, batch.where)
        dispersion_there = _at(dispersion, genes)
        log_likelihood = (
            (batch.counts * torch.log(mean_there / total_there)).sum()
            + torch.lgamma(batch.counts + dispersion_there).sum()
            - _at(torch.lgamma(dispersion), genes).sum()
        )
        return cls(genes, dispersion_there, mean_there, total_there, log_likelihood)


def _negative_binomial_gradients(
    batch: CountBatch,
    there: _There,
    dispersion: torch.Tensor,
    total: torch.Tensor,
    log_ratio: torch.Tensor,
    weight: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients to mean and dispersion (overwriting ``total`` and ``log_ratio``).

    ``weight`` is the share of zeros that the negative binomial explains, 1 where a count is.
    """
    to_mean = total.reciprocal_().mul_(dispersion)
    to_dispersion = log_ratio.add_(dispersion / (dispersion + _EPS)).sub_(to_mean)
    if weight is not None:
        to_mean.mul_(weight)
        to_dispersion.mul_(weight)
    inverse = there.total.reciprocal_()
    to_mean.view(-1).index_add_(0, batch.where, batch.counts * (inverse - 1 / there.mean))
    at_genes = torch.digamma(batch.counts + there.dispersion).addcmul_(batch.counts, inverse, value=-1)
    at_genes -= _at(torch.digamma(dispersion), there.genes)
    return to_mean, to_dispersion.sum(0).index_add_(0, there.genes, at_genes).neg_()
