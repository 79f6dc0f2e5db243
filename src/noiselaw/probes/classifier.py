"""Information about labels, by a calibrated classifier on pairs that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.probes.experts import Blend
from noiselaw.probes.folds import check_folds, deal, tied_values, units_of
from noiselaw.probes.margins import effective_rank
from noiselaw.probes.verdict import estimate_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Estimate

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
        Folds of the cross-fit; every pair is measured once. By default 10 up to 4,000 pairs, 5 beyond.
    """

    n_folds: int | None = None

    revision: ClassVar[int] = 1
    measures: ClassVar[frozenset[str]] = frozenset({"labels"})

    def __post_init__(self) -> None:
        """Refuse a number of folds that leaves nothing to fit on."""
        check_folds(self.n_folds)

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        labels = y.astype(np.intp)
        units = units_of(tied_values(x), labels, groups)
        folds = deal(units, min(self.n_folds or (10 if len(x) <= 4000 else 5), int(units.max()) + 1), rng)
        gain, correct, familiar, blends = np.empty(len(labels)), np.empty(len(labels)), [], []
        for fold in range(int(folds.max()) + 1):
            train, test = folds != fold, folds == fold
            blend = Blend.fit(x[train], labels[train], units[train], int(labels.max()) + 1, rng)
            ratio = blend.log_ratio(x[test])
            gain[test] = label_gain(ratio, labels[test])
            correct[test] = (ratio + blend.log_prior).argmax(axis=1) == labels[test]
            again = rng.permutation(np.flatnonzero(train))[: int(test.sum())]
            familiar.append(float(label_gain(blend.log_ratio(x[again]), labels[again]).mean()))
            blends.append(blend)
        return estimate_of(
            gain,
            float(np.mean(familiar)),
            units,
            folds,
            {
                "effective_rank_x": effective_rank(x),
                "n_labels": int(labels.max()) + 1,
                **_described(blends),
                "accuracy": float(correct.mean()),
            },
        )


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
