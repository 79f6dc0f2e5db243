"""Information about labels, by a calibrated classifier on pairs that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.probes.bounds import standard_error
from noiselaw.probes.discriminant import Discriminant
from noiselaw.probes.folds import deal, tied_values, units_of
from noiselaw.probes.margins import effective_rank
from noiselaw.probes.stacking import log_mix, stacking_weights
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Classifier"]


@dataclass(frozen=True)
class Classifier(Probe):
    """Held-out lower bound H(Y) - cross-entropy, in bits.

    For any classifier q, H(Y) + E log2 q(Y | X) is at most I(X; Y), with equality for the true posterior. Pairs are
    dealt into folds; the classifier is fitted and calibrated on all but one fold and measured on that one. Its
    calibration may weigh the evidence down to nothing, so that labels which have nothing to do with X read 0.

    Parameters
    ----------
    n_folds
        Folds of the cross-fit; every pair is measured once.
    """

    n_folds: int = 10

    revision: ClassVar[int] = 1
    measures: ClassVar[frozenset[str]] = frozenset({"labels"})

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        x = np.asarray(x, dtype=np.float64)
        labels = y.astype(np.intp)
        units = units_of(tied_values(x), labels, groups)
        folds = deal(units, min(self.n_folds, int(units.max()) + 1), rng)
        n_labels = int(labels.max()) + 1
        gain, accuracy, weights = np.empty(len(labels)), np.empty(len(labels)), []
        for fold in range(int(folds.max()) + 1):
            train, test = folds != fold, folds == fold
            log_q, log_prior, weight = _posterior(x[train], labels[train], units[train], x[test], n_labels, rng)
            gain[test] = label_gain(log_q - log_prior, labels[test])
            accuracy[test] = log_q.argmax(axis=1) == labels[test]
            weights.append(float(weight[0]))
        return Estimate(
            bits=float(gain.mean()),
            standard_error=standard_error(gain, units),
            n_pairs=len(labels),
            diagnostics={
                "effective_rank_x": effective_rank(x),
                "n_folds": int(folds.max()) + 1,
                "n_labels": n_labels,
                "base": "lda" if np.mean(weights) > 0 else "prior",
                "calibration_slope": float(np.mean(weights)),
                "accuracy": float(accuracy.mean()),
            },
        )


def label_gain(ratio: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what each held-out pair adds to the bound, in bits, (m,).

    ``ratio`` (m, labels) is log q(label | x) - log q(label) in nats. The frequencies q(label) of the training pairs
    differ by chance from the true ones, by more the more labels there are; the bound of Nguyen, Wainwright and
    Jordan, E r - E' exp(r) + 1 with E' over unrelated pairs of the held-out fold, holds for any ``ratio``, and is
    exactly 0 for a classifier that ignores X.
    """
    m = len(labels)
    counts = np.bincount(labels, minlength=ratio.shape[1]).astype(float)
    odds = np.exp(ratio)
    own = odds[np.arange(m), labels]
    unrelated = (odds @ counts - own) / max(m - 1, 1)
    return np.asarray((ratio[np.arange(m), labels] - unrelated + 1) / np.log(2))


def _posterior(
    x: NDArray[np.float64],
    labels: NDArray[np.intp],
    units: NDArray[np.intp],
    x_new: NDArray[np.float64],
    n_labels: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Fit on (x, labels), calibrate on inner folds; return log q (nats) for ``x_new``, log prior, weights."""
    inner = deal(np.unique(units, return_inverse=True)[1].astype(np.intp), 5, rng, labels)
    opinion = np.empty((len(x), n_labels))
    for fold in range(int(inner.max()) + 1):
        fit, held = inner != fold, inner == fold
        opinion[held] = Discriminant.fit(x[fit], labels[fit], n_labels).log_density(x[held])
    log_prior = smoothed_log_prior(labels, n_labels)
    weights = stacking_weights(log_prior, [opinion], labels)
    final = Discriminant.fit(x, labels, n_labels).log_density(x_new)
    return log_mix(log_prior, [final], weights), log_prior, weights


def smoothed_log_prior(labels: NDArray[np.intp], n_labels: int) -> NDArray[np.float64]:
    """Return log frequencies (n_labels,), with half a pair added to labels that are absent."""
    counts = np.bincount(labels, minlength=n_labels).astype(float)
    counts[counts == 0] = 0.5
    return np.asarray(np.log(counts / counts.sum()))
