"""A critic of continuous pairs, fitted to one training set: a Gaussian base, and networks where they help."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.probes.bounds import Features, Normaliser, nwj_gains, scores
from noiselaw.probes.exchangeable import may_be_exchangeable, turned_round
from noiselaw.probes.known import Known
from noiselaw.probes.linear_base import LIMIT, ridge_canonical, unseen_variates
from noiselaw.probes.margins import Folded, NormalScores
from noiselaw.probes.misfit import is_gaussian, unexplained
from noiselaw.probes.mixture import Mixture
from noiselaw.probes.pair_net import Committee, PairNet, Schedule, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from noiselaw.probes.linear_base import CanonicalBase

    Columns = Callable[[NDArray[np.float64]], NDArray[np.float64]]

__all__ = ["Classes", "FittedCritic", "fit_critic"]

#: Below so many pairs to train on, networks are not tried.
_LEAST_FOR_NETWORKS = 400
#: Networks that are averaged once the first has proved of use.
_MEMBERS = 3
#: Inputs without linear signal enter the networks at this share of the strongest one's size.
_FAINT = 0.25
#: Nats beyond which the plain base is trusted to have found the pairs' main dependence.
_PLAIN = 0.35
#: How many hidden classes are tried, and how much their word may count beside the networks'.
_CLASSES = (8, 16, 32, 64, 128)
_SAYS = (0.5, 1.0)
#: Pairs that a hidden class needs, on average.
_PAIRS_PER_CLASS = 25
_TEMPERATURES = (1.0, 0.8, 0.6, 0.4, 0.2)


@dataclass(frozen=True, eq=False)
class Classes:
    """Hidden classes, seen through the first ``told`` variates, and how much their word counts."""

    mixture: Mixture
    told: int
    say: float

    def beside_x(self, plain: NDArray[np.float32], u: NDArray[np.float64]) -> Features:
        """Return the features of rows of X: those of the networks, ``plain`` (n, k), and those of the classes."""
        return Features(np.float32(1 - self.say) * plain, self.mixture.features_x(u[:, : self.told]), self.say)

    def beside_y(self, plain: NDArray[np.float32], v: NDArray[np.float64]) -> Features:
        """Return the features of rows of Y, likewise."""
        return Features(plain, self.mixture.features_y(v[:, : self.told]), self.say)


@dataclass(frozen=True, eq=False)
class FittedCritic:
    """A critic and its normaliser, or nothing when validation saw no signal; ``value`` is its nats on held pairs."""

    margins: str
    base: CanonicalBase
    view: tuple[Columns, Columns]
    scale: tuple[NDArray[np.float64], NDArray[np.float64]]
    net: Committee
    classes: Classes | None
    normaliser: Normaliser | None
    step: int
    temperature: float
    unexplained: float
    mirrored: bool
    value: float

    def gains(self, x: NDArray[np.float64], y: NDArray[np.float64], units: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what each new pair (m,) adds to the bound, in nats; 0 where validation saw no signal.

        Pairs of one of ``units`` (m,) depend on one another, so that their X and Y are not unrelated.
        """
        if self.normaliser is None:
            return np.zeros(len(x))
        return nwj_gains(self.normaliser, *self.features(x, y), units)

    def features(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32] | Features, NDArray[np.float32] | Features]:
        """Return what the scores of rows of X and of Y are made of."""
        u = self.base.x_variates(self.view[0](x))
        v = self.base.y_variates(self.view[1](y))
        return _features(self.net, self.classes, u, v, self.scale)


@dataclass(frozen=True, eq=False)
class _Based:
    """A base on one kind of margins: its variates of training rows, what each held pair shows (nats), its temperature.

    The rows are twice as many where the pairs were taken both ways round.
    """

    margins: str
    view: tuple[Columns, Columns]
    base: CanonicalBase
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    values: NDArray[np.float64]
    temperature: float

    @property
    def value(self) -> float:
        """Nats that held pairs show."""
        return float(self.values.mean())


def _as_they_are(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values


def _inputs(variates: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what the networks see: scaled variates, and the log of their length."""
    length = np.sum(variates**2, axis=1)
    radius = np.log((length + 0.1) / variates.shape[1]) / np.sqrt(2 / variates.shape[1])
    return np.column_stack([variates * scale, 0.5 * np.clip(radius, -6, 6)]).astype(np.float32)


def _features(
    net: Committee,
    classes: Classes | None,
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    scale: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float32] | Features, NDArray[np.float32] | Features]:
    one, two = net.features_x(_inputs(u, scale[0])), net.features_y(_inputs(v, scale[1]))
    return (one, two) if classes is None else (classes.beside_x(one, u), classes.beside_y(two, v))


def fit_critic(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    inner: NDArray[np.intp],
    rng: np.random.Generator,
    schedule: Schedule,
    reference: int,
    known: Known,
    networks: bool = True,
    n_units: int | None = None,
) -> FittedCritic:
    """Fit to training pairs (n, d), (n, p); everything is chosen on inner folds (n,). ``known`` is about Y.

    ``n_units`` says how many of the pairs are independent of one another; all are by default.
    """
    candidates = _bases(x, y, inner, known, folded=networks)
    if may_be_exchangeable(x, y):
        mirrored = _based(candidates[0].margins, *turned_round(x, y), inner, Known())
        gain = mirrored.values - candidates[0].values
        # Twice the pairs to learn from are given up only for a loss that held pairs are sure of.
        if gain.mean() > -gain.std() / np.sqrt(len(gain)):
            candidates[0] = mirrored
    fitted = [_with_networks(one, inner, rng, schedule, reference, networks, n_units or len(x)) for one in candidates]
    return max(fitted, key=lambda one: one.value)


def _with_networks(
    candidate: _Based,
    inner: NDArray[np.intp],
    rng: np.random.Generator,
    schedule: Schedule,
    reference: int,
    networks: bool,
    n_units: int,
) -> FittedCritic:
    """Let networks correct one base if they can."""
    base, u, v, n = candidate.base, candidate.u, candidate.v, len(inner)
    # The pairs turned round are trained on, but never held: nothing but their own copies could be learnt from them.
    held = inner == 0
    r = base.correlations * (1 if candidate.temperature > 0 else 0)
    scale = _scales(r, u.shape[1]), _scales(r, v.shape[1])
    one, two = _inputs(u, scale[0]), _inputs(v, scale[1])
    strength = candidate.temperature * r / (1 - r**2) / scale[0][: len(r)] ** 2

    def start() -> PairNet:
        return PairNet.start(one.shape[1], two.shape[1], strength, strength * r, schedule, rng)

    net, step = Committee((start(),)), 0
    seen = _pair_values(net, one[:n][held], two[:n][held])
    if networks and np.sum(~held) >= _LEAST_FOR_NETWORKS:
        trained, last = train(net.members[0], one, two, held, schedule, rng)
        corrected = _pair_values(Committee((trained,)), one[:n][held], two[:n][held])
        gain = corrected - seen
        if last and gain.mean() > gain.std() / np.sqrt(len(gain)):
            # The others start elsewhere, and stop by other pairs.
            others = [train(start(), one, two, inner == fold, schedule, rng)[0] for fold in range(1, _MEMBERS)]
            net, step, seen = Committee((trained, *others)), last, corrected
    told = int(np.sum(r > 0))
    left_over = unexplained(u[:n, :told], v[:n, :told], n_units)
    classes = None
    if networks and not is_gaussian(left_over, n_units) and np.sum(~held) >= _LEAST_FOR_NETWORKS:
        classes, seen = _with_classes(net, u, v, scale, r[:told], held, seen, rng)
    normaliser = None
    if seen.mean() > 2 * seen.std() / np.sqrt(len(seen)):
        rows = rng.permutation(n)[:reference]
        normaliser = Normaliser.fit(*_features(net, classes, u[rows], v[rows], scale))
    return FittedCritic(
        candidate.margins,
        base,
        candidate.view,
        scale,
        net,
        classes,
        normaliser,
        step,
        candidate.temperature,
        left_over,
        len(u) > n,
        float(seen.mean()),
    )


def _with_classes(
    net: Committee,
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    scale: tuple[NDArray[np.float64], NDArray[np.float64]],
    r: NDArray[np.float64],
    held: NDArray[np.bool_],
    seen: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[Classes | None, NDArray[np.float64]]:
    """Return hidden classes if held pairs are better told with them, and the values of those pairs (nats)."""
    told, n, found = len(r), len(held), []
    fit = np.tile(~held, len(u) // n)
    for n_classes in _CLASSES:
        if n_classes * _PAIRS_PER_CLASS <= np.sum(~held):
            mixture = Mixture.fit(u[fit, :told], v[fit, :told], n_classes, np.sqrt(r), rng)
            for say in _SAYS:
                classes = Classes(mixture, told, say)
                values = pair_values(scores(*_features(net, classes, u[:n][held], v[:n][held], scale)))
                found.append((float(values.mean()), classes, values))
    best = max(found, key=lambda one: one[0], default=None)
    if best is None or best[0] - seen.mean() <= (best[2] - seen).std() / np.sqrt(len(seen)):
        return None, seen
    settled = best[1].mixture.settled(u[:, :told], v[:, :told])
    return Classes(settled, told, best[1].say), best[2]


def _bases(
    x: NDArray[np.float64], y: NDArray[np.float64], inner: NDArray[np.intp], known: Known, folded: bool
) -> list[_Based]:
    """Fit the base on columns as they are and on their normal scores; return the one that predicts held pairs better.

    Where neither sees much, and there are few columns, also on scores and their sizes; if that is better still, both
    are returned, because networks may make more of the plain one.
    """
    plain = max(
        (_based("z-scores", x, y, inner, known), _based("normal scores", x, y, inner, known)),
        key=lambda one: one.value,
    )
    if not folded or plain.value > _PLAIN or max(x.shape[1], y.shape[1]) > 2 * LIMIT:
        return [plain]
    sized = _based("folded scores", x, y, inner, known)
    return [plain, sized] if sized.value > plain.value else [plain]


def _based(
    margins: str, x: NDArray[np.float64], y: NDArray[np.float64], inner: NDArray[np.intp], known: Known
) -> _Based:
    about = known.within(margins)
    view: tuple[Columns, Columns] = (_as_they_are, _as_they_are)
    if margins != "z-scores":
        kind: type[NormalScores] | type[Folded] = NormalScores if margins == "normal scores" else Folded
        view = (kind.fit(x), about.get("view", partial(_fitted_view, kind, y)))
    seen_x, seen_y = view[0](x), about.get("values", partial(view[1], y))
    folds, n = np.tile(inner, len(x) // len(inner)), len(inner)
    base = ridge_canonical(seen_x, seen_y, folds, 2 if n > 2500 else int(inner.max()) + 1, about, n)
    u, v = unseen_variates(base, seen_x, seen_y, folds, about)
    held = inner == 0
    values, temperature = _tempered(base.correlations, u[:n][held], v[:n][held])
    return _Based(margins, view, base, u, v, values, temperature)


def _fitted_view(kind: type[NormalScores] | type[Folded], values: NDArray[np.float64]) -> Columns:
    return kind.fit(values)


def _tempered(
    r: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return what held pairs show (nats) at the base's best temperature, and that; zeros and 0 where it is not sure."""
    best, best_temperature = np.zeros(len(u)), 0.0
    strength = r / (1 - r**2)
    k = len(r)
    product = ((u[:, :k] * strength) @ v[:, :k].T).astype(np.float32)
    product -= 0.5 * ((u[:, :k] ** 2) @ (strength * r)).astype(np.float32)[:, None]
    product -= 0.5 * ((v[:, :k] ** 2) @ (strength * r)).astype(np.float32)
    for temperature in _TEMPERATURES:
        values = pair_values(np.float32(temperature) * product)
        if values.mean() <= best.mean() and best_temperature > 0:
            break
        if values.mean() > max(best.mean(), 2 * values.std() / np.sqrt(len(values))):
            best, best_temperature = values, temperature
    return best, best_temperature


def _scales(r: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return the size (n,) at which each variate enters the networks: all alike where there is no linear signal."""
    if not np.any(r > 0):
        return np.ones(n)
    scale = np.full(n, _FAINT)
    scale[: len(r)] = np.maximum(r / r.max(), _FAINT)
    return scale


def _pair_values(net: Committee, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float64]:
    return pair_values(net.features_x(x) @ net.features_y(y).T)


def pair_values(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each pair's part of the symmetric InfoNCE value (nats) of scores (m, m), (m,)."""
    m = len(scores)
    rows = np.log(np.mean(np.exp(scores - (top := scores.max(axis=1, keepdims=True))), axis=1)) + top[:, 0]
    columns = np.log(np.mean(np.exp(scores - (peak := scores.max(axis=0))), axis=0)) + peak
    return np.asarray(scores[np.arange(m), np.arange(m)] - 0.5 * (rows + columns), dtype=np.float64)
