"""Information about labels, by a calibrated classifier on pairs that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.probes.discriminant import Discriminant
from noiselaw.probes.experts import Blend, smoothed_log_prior
from noiselaw.probes.folds import check_folds, deal, holdout, tied_values, units_of
from noiselaw.probes.margins import effective_rank
from noiselaw.probes.reduction import WIDEST, Reduction, Remainder, described
from noiselaw.probes.stacking import log_mix, stacking_weights
from noiselaw.probes.verdict import estimate_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Estimate

__all__ = ["Classifier"]

#: How many principal components of wide X are tried, as far as there are so many training pairs for each.
_COMPONENTS = (16, 32, 64, 128, 256, 512)
_PAIRS_PER_COMPONENT = 4


@dataclass(frozen=True)
class Classifier(Probe):
    """Held-out lower bound H(Y) - cross-entropy, in bits.

    For any classifier q, H(Y) + E log2 q(Y | X) is at most I(X; Y), with equality for the true posterior. Pairs are
    dealt into folds; the classifier is fitted and calibrated on all but one fold and measured on that one. Its
    calibration may weigh the evidence down to nothing, so that labels which have nothing to do with X read 0.

    X of more than 256 columns is seen through the leading principal components of the training pairs, as many as tell
    pairs held out of those the most. ``components_x``, ``columns_x`` and ``variance_kept_x`` say how many of how many,
    and the status whether those left out tell about Y too.

    Parameters
    ----------
    n_folds
        Folds of the cross-fit; every pair is measured once. By default 10 up to 4,000 pairs, 5 beyond.
    """

    n_folds: int | None = None

    revision: ClassVar[int] = 3
    measures: ClassVar[frozenset[str]] = frozenset({"labels"})

    def __post_init__(self) -> None:
        """Refuse a number of folds that leaves nothing to fit on."""
        check_folds(self.n_folds)

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        labels = y.astype(np.intp)
        units = units_of(tied_values(x), labels, groups)
        folds = deal(units, min(self.n_folds or (10 if len(x) <= 4000 else 5), int(units.max()) + 1), rng)
        n_labels = int(labels.max()) + 1
        gain, correct, familiar, blends = np.empty(len(labels)), np.empty(len(labels)), [], []
        reductions, remainder = [], Remainder()
        for fold in range(int(folds.max()) + 1):
            train, test = folds != fold, folds == fold
            reduction, seen = None, x
            if x.shape[1] > WIDEST:
                reduction = _reduction(x[train], labels[train], units[train], n_labels, rng)
                seen = reduction(x)
            blend = Blend.fit(seen[train], labels[train], units[train], n_labels, rng)
            ratio = blend.log_ratio(seen[test])
            gain[test] = label_gain(ratio, labels[test])
            correct[test] = (ratio + blend.log_prior).argmax(axis=1) == labels[test]
            if reduction is not None and remainder.asks:
                missed = np.eye(n_labels)[labels] - np.exp(blend.log_ratio(seen) + blend.log_prior)
                remainder.ask(reduction, (x[train], missed[train]), (x[test], missed[test]), units[test])
            again = rng.permutation(np.flatnonzero(train))[: int(test.sum())]
            familiar.append(float(label_gain(blend.log_ratio(seen[again]), labels[again]).mean()))
            blends.append(blend)
            reductions.append(reduction)
        return estimate_of(
            gain,
            float(np.mean(familiar)),
            units,
            folds,
            {
                "effective_rank_x": effective_rank(x),
                "n_labels": n_labels,
                **_described(blends),
                "accuracy": float(correct.mean()),
                **described("x", x.shape[1], reductions),
            },
            remainder.doubts(),
        )


def _reduction(
    x: NDArray[np.float64],
    labels: NDArray[np.intp],
    units: NDArray[np.intp],
    n_labels: int,
    rng: np.random.Generator,
) -> Reduction:
    """Return as many principal components of training pairs (n, d) as tell the labels of some held out the best."""
    tried = [k for k in _COMPONENTS if k == _COMPONENTS[0] or k * _PAIRS_PER_COMPONENT <= len(x)]
    reduction = Reduction.fit(x, tried[-1])
    z, log_prior = reduction(x), smoothed_log_prior(labels, n_labels)
    held = holdout(np.unique(units, return_inverse=True)[1].astype(np.intp), 0.25, rng, labels)
    rows, truth = np.arange(int(held.sum())), labels[held]

    def values(k: int) -> NDArray[np.float64]:
        opinions = [Discriminant.fit(z[~held, :k], labels[~held], n_labels).log_density(z[held, :k])]
        return log_mix(log_prior, opinions, stacking_weights(log_prior, opinions, truth))[rows, truth]

    found = {k: values(k) for k in tried}
    best = max(found.values(), key=lambda one: float(one.mean()))
    # The fewest that are not surely worse: with many, little is told well.
    return reduction.first(next(k for k, one in found.items() if _not_surely_less(one - best)))


def _not_surely_less(gap: NDArray[np.float64]) -> bool:
    return bool(gap.mean() >= -gap.std() / np.sqrt(len(gap)))


def _described(blends: list[Blend]) -> dict[str, Any]:
    """Return which experts the folds chose, their mean weights, and how often the network was kept."""
    weights: dict[str, float] = {}
    for blend in blends:
        for name, weight in zip(blend.experts.names, blend.weights, strict=True):
            weights[name] = weights.get(name, 0.0) + float(weight) / len(blends)
    networks = sum(blend.network is not None for blend in blends)
    return {
        "base": max(weights, key=lambda name: weights[name]) if max(weights.values()) > 0 else "prior",
        "calibration_slope": sum(weights.values()),
        "expert_weights": weights,
        "network_folds": networks,
    }


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
