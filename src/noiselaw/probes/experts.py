"""What a classifier is made of: densities of each label, weighed against each other, then corrected by a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.adam import Adam, batches
from noiselaw.probes.discriminant import Discriminant
from noiselaw.probes.folds import deal
from noiselaw.probes.label_net import LabelNet
from noiselaw.probes.parts import Parts
from noiselaw.probes.quadratic import Quadratic
from noiselaw.probes.stacking import log_mix, stacking_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Blend", "smoothed_log_prior"]

#: Directions the quadratic expert sees, the most telling first: its covariances are full.
_QUADRATIC_RANK = 32
#: Pairs that the common covariance is worth to it, beyond the dimension.
_PRIOR_PAIRS = (5.0, 30.0, 150.0)
#: An expert that gains less (nats per pair) is not worth its time.
_WORTHWHILE = 2e-3
_STUDENT_DOF = 8.0
#: Clusters that a label may consist of, and the pairs per label, on average, that make them worth looking for.
_PARTS = (2, 4)
_PAIRS_PER_LABEL = 150
#: With more columns, directions fitted to the pairs that judge the network bear their mark, and it would be believed.
_MANY = 128


@dataclass(frozen=True, eq=False)
class _Experts:
    """The densities fitted to one training set; ``names`` says which."""

    linear: Discriminant
    quadratic: Quadratic | None
    parts: Parts | None
    names: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        x: NDArray[np.float64],
        labels: NDArray[np.intp],
        n_labels: int,
        names: tuple[str, ...],
        linear: Discriminant | None = None,
    ) -> _Experts:
        """Fit to rows (n, d); ``linear`` is what was fitted to them before, and costs most."""
        linear = linear or Discriminant.fit(x, labels, n_labels)
        pairs = [float(name.removeprefix("quadratic ")) for name in names if name.startswith("quadratic")]
        quadratic = None
        if pairs:
            z = linear.coordinates(x)[:, :_QUADRATIC_RANK]
            quadratic = Quadratic.fit(z, labels, n_labels, pairs[0] + z.shape[1])
        several = [int(name.removeprefix("parts ")) for name in names if name.startswith("parts")]
        parts = Parts.fit(x, labels, n_labels, several[0]) if several else None
        return cls(linear, quadratic, parts, names)

    def opinions(self, x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        found = []
        for name in self.names:
            if self.quadratic is not None and name.startswith("quadratic"):
                opinion = self.quadratic.log_density(self.linear.coordinates(x)[:, :_QUADRATIC_RANK])
            elif self.parts is not None and name.startswith("parts"):
                opinion = self.parts.log_density(x)
            else:
                opinion = self.linear.log_density(x, _STUDENT_DOF if name == "student" else np.inf)
            found.append(opinion - opinion.max(axis=1, keepdims=True))
        return found


@dataclass(frozen=True, eq=False)
class Blend:
    """A classifier: prior × Π expert^weight × exp(network), normalised.

    Experts are chosen and weighted, and the network is trained and kept or dropped, on inner folds; units of pairs
    are never divided between those either.
    """

    log_prior: NDArray[np.float64]
    experts: _Experts
    weights: NDArray[np.float64]
    network: LabelNet | None
    seen_by_network: Discriminant

    @classmethod
    def fit(
        cls,
        x: NDArray[np.float64],
        labels: NDArray[np.intp],
        units: NDArray[np.intp],
        n_labels: int,
        rng: np.random.Generator,
    ) -> Blend:
        """Fit on pairs (n,) of one training set."""
        inner = deal(np.unique(units, return_inverse=True)[1].astype(np.intp), 5, rng, labels)
        log_prior = smoothed_log_prior(labels, n_labels)
        names, linear = _worthwhile(x, labels, n_labels, inner, log_prior)
        opinions = [np.empty((len(x), n_labels)) for _ in names]
        for fold in range(int(inner.max()) + 1):
            fit, held = inner != fold, inner == fold
            fitted = _Experts.fit(x[fit], labels[fit], n_labels, names, linear if fold == 0 else None)
            for kept, seen in zip(opinions, fitted.opinions(x[held]), strict=True):
                kept[held] = seen
        weights = stacking_weights(log_prior, opinions, labels)
        experts = _Experts.fit(x, labels, n_labels, names)
        unseen = log_mix(log_prior, opinions, weights).astype(np.float32)
        directions = experts.linear if x.shape[1] <= _MANY else linear
        network = _trained(_inputs(directions, x), unseen, labels, inner == 0, rng)
        return cls(log_prior, experts, weights, network, directions)

    def log_ratio(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log q(label | x) - log q(label), in nats, (m, labels)."""
        log_q = log_mix(self.log_prior, self.experts.opinions(x), self.weights)
        if self.network is not None:
            log_q += self.network(_inputs(self.seen_by_network, x))
            peak = log_q.max(axis=1, keepdims=True)
            log_q -= peak + np.log(np.exp(log_q - peak).sum(axis=1, keepdims=True))
        return np.asarray(log_q - self.log_prior)


def smoothed_log_prior(labels: NDArray[np.intp], n_labels: int) -> NDArray[np.float64]:
    """Return log frequencies (n_labels,), with half a pair given to labels that are absent."""
    counts = np.bincount(labels, minlength=n_labels).astype(float)
    counts[counts == 0] = 0.5
    return np.asarray(np.log(counts / counts.sum()))


def _worthwhile(
    x: NDArray[np.float64],
    labels: NDArray[np.intp],
    n_labels: int,
    inner: NDArray[np.intp],
    log_prior: NDArray[np.float64],
) -> tuple[tuple[str, ...], Discriminant]:
    """Return the experts worth blending, judged on the first inner fold, and the linear one fitted without it."""
    fit, held = inner != 0, inner == 0
    rows, truth = np.arange(int(held.sum())), labels[held]

    def value(names: tuple[str, ...]) -> float:
        seen = [known[name] for name in names]
        return float(log_mix(log_prior, seen, stacking_weights(log_prior, seen, truth))[rows, truth].mean())

    known = {}
    linear = Discriminant.fit(x[fit], labels[fit], n_labels)
    quadratic = tuple(f"quadratic {pairs:g}" for pairs in _PRIOR_PAIRS)
    parts = tuple(f"parts {several}" for several in _PARTS if len(x) >= _PAIRS_PER_LABEL * n_labels)
    for extra in ("student", *quadratic, *parts):
        fitted = _Experts.fit(x[fit], labels[fit], n_labels, ("linear", extra), linear)
        known["linear"], known[extra] = fitted.opinions(x[held])
    names: tuple[str, ...] = ("linear",)
    best = value(names)
    for rivals in (("student",), quadratic, parts):
        gain, name = max(((value((*names, rival)) - best, rival) for rival in rivals), default=(0.0, ""))
        if gain > _WORTHWHILE:
            names, best = (*names, name), best + gain
    return names, linear


def _inputs(linear: Discriminant, x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what the network sees: coordinates that tell classes apart, and the others made small."""
    z = linear.coordinates(x)
    telling = np.sqrt(np.maximum(linear.means.var(axis=0), 0))
    scaled = np.clip(z * np.maximum(telling / max(telling.max(), 1e-12), 0.25), -16, 16)
    return np.asarray(scaled, dtype=np.float32)


def _trained(
    inputs: NDArray[np.float32],
    log_odds: NDArray[np.float32],
    labels: NDArray[np.intp],
    held: NDArray[np.bool_],
    rng: np.random.Generator,
    steps: int = 800,
    check: int = 20,
    patience: int = 3,
) -> LabelNet | None:
    """Train on the pairs not ``held``; return the network if it predicts those better than ``log_odds`` alone."""
    fit = np.flatnonzero(~held)
    if len(fit) < 200:
        return None
    x, odds, y = inputs[held], log_odds[held], labels[held]
    before = odds[np.arange(len(y)), y].astype(np.float64)
    start = LabelNet.start(inputs.shape[1], log_odds.shape[1], 64, rng)
    adam = Adam([weights.copy() for weights in start.weights], 5e-3, steps, decay=0.3)
    current = LabelNet(tuple(adam.weights))
    best, best_value, best_step = None, before.mean(), 0
    for step, rows in zip(range(1, steps + 1), batches(len(fit), 256, rng), strict=False):
        adam.ascend(current.gradient(inputs[fit[rows]], log_odds[fit[rows]], labels[fit[rows]]))
        if step % check == 0:
            seen = current.log_probability(x, odds, y)
            if seen.mean() > best_value:
                gain = seen - before
                sure = gain.mean() > 2 * gain.std() / np.sqrt(len(gain))
                best = LabelNet(tuple(weights.copy() for weights in adam.weights)) if sure else best
                best_value, best_step = seen.mean(), step
            elif step - best_step >= patience * check:
                break
    return best
