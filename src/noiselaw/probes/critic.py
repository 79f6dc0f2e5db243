"""Information shared by continuous X and Y, by a critic of pairs on pairs that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.probes.critic_fit import fit_critic
from noiselaw.probes.elliptical import EllipticalCritic, fit_elliptical
from noiselaw.probes.exchangeable import on_one_scale
from noiselaw.probes.folds import check_folds, deal, tied_values, units_of
from noiselaw.probes.known import Known
from noiselaw.probes.margins import effective_rank
from noiselaw.probes.misfit import hidden_dependence, is_gaussian
from noiselaw.probes.pair_net import Schedule
from noiselaw.probes.reduction import WIDEST, Reduction, Remainder, described, missed_by_a_line
from noiselaw.probes.verdict import estimate_of
from noiselaw.randomness import draw_seed, generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.probes.critic_fit import FittedCritic
    from noiselaw.records import Estimate

__all__ = ["Critic"]

#: Share unexplained beyond which hidden classes are likely found in part only.
_MANY_CLASSES = 0.03
#: Chance below which pairs without any fitted signal are said to depend on one another.
_NO_CHANCE = 0.01
#: Principal components of wide X or Y: one for so many training pairs, but so many at least and at most.
_PAIRS_PER_COMPONENT = 10
_LEAST_COMPONENTS, _MOST_COMPONENTS = 64, 96


@dataclass(frozen=True)
class Critic(Probe):
    """Held-out lower bound by a critic: ridge canonical correlation, corrected by what helps on held pairs.

    Small networks may correct it and, where pairs are not Gaussian, hidden classes; where sizes of X and of Y are heavy
    tailed, a Student critic may take its place. Pairs that might as well be turned round are fitted both ways round.

    X or Y of more than 256 columns is seen through at most 96 leading principal components of the training pairs (64
    where both are). ``components_x``, ``columns_x`` and ``variance_kept_x`` say how many of how many, and the status
    whether those of X left out tell about Y too.

    Parameters
    ----------
    n_folds
        Folds of the cross-fit; every pair is measured once. By default 10 up to 4,000 pairs, 5 beyond.
    networks
        Whether networks and hidden classes may correct the Gaussian base.
    steps
        Steps of training, at most.
    reference
        Training pairs that normalise the critic, at most.
    """

    n_folds: int | None = None
    networks: bool = True
    steps: int = 1500
    reference: int = 2000

    revision: ClassVar[int] = 5
    measures: ClassVar[frozenset[str]] = frozenset({"continuous"})

    def __post_init__(self) -> None:
        """Refuse a number of folds that leaves nothing to fit on."""
        check_folds(self.n_folds)

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        return self._measured(x, y, groups, draw_seed(rng), {})

    def _estimate_many(
        self, xs: Sequence[np.ndarray], y: np.ndarray, groups: np.ndarray | None, seed: int
    ) -> Sequence[Estimate]:
        shared: dict[bytes, Known] = {}
        return [self._measured(x, y, groups, draw_seed(generator(seed, "estimate")), shared) for x in xs]

    def _measured(
        self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, seed: int, shared: dict[bytes, Known]
    ) -> Estimate:
        """Estimate about one X; what is known about Y is shared by all X that leave the same pairs together."""
        units = units_of(tied_values(x), tied_values(y), groups)
        n_folds = min(self.n_folds or (10 if len(x) <= 4000 else 5), int(units.max()) + 1)
        folds = deal(units, n_folds, generator(seed, "folds"))
        known = shared.setdefault(units.tobytes(), Known())
        gain, familiar, fitted = np.zeros(len(x)), [], []
        reductions: list[tuple[Reduction | None, Reduction | None]] = []
        remainder = Remainder()
        for fold in range(n_folds):
            train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            # About 1,000 pairs settle what is chosen; more inner folds leave more to fit, but wide data pay for each.
            n_inner = 8 if len(train) > 4000 and max(x.shape[1], y.shape[1]) <= 64 else 5
            within = np.unique(units[train], return_inverse=True)[1].astype(np.intp)
            inner = deal(within, n_inner, generator(seed, "inner", fold))
            of_x, of_y, about = _reductions(x[train], y[train], known.within(fold, n_inner))
            one, two = x if of_x is None else of_x(x), y if of_y is None else of_y(y)
            if of_x is not None and remainder.asks:
                missed = missed_by_a_line(one, two, train)
                remainder.ask(of_x, (x[train], missed[train]), (x[test], missed[test]), units[test])
            if one.shape == two.shape:
                one, two, about = *on_one_scale(one, two, train), about.within("on one scale")
            critic = fit_critic(
                one[train],
                two[train],
                inner,
                generator(seed, "fit", fold),
                Schedule(steps=self.steps),
                self.reference,
                about,
                self.networks,
                int(within.max()) + 1,
            )
            if self.networks:
                fresh = generator(seed, "elliptical", fold)
                rival = fit_elliptical(one[train], two[train], inner, fresh, self.reference, about, critic.mirrored)
                critic = rival if rival is not None and rival.value > critic.value else critic
            gain[test] = critic.gains(one[test], two[test], units[test]) / np.log(2)
            again = generator(seed, "seen", fold).permutation(train)[: len(test)]
            familiar.append(float(critic.gains(one[again], two[again], units[again]).mean() / np.log(2)))
            fitted.append(critic)
            reductions.append((of_x, of_y))
        told = {"effective_rank_x": effective_rank(x), "effective_rank_y": effective_rank(y), **_described(fitted)}
        if gain.mean() <= 2 * gain.std() / np.sqrt(len(gain)):
            told["independence_p_value"] = hidden_dependence(x, y, units, generator(seed, "independence"))
        for name, columns, found in zip("xy", (x.shape[1], y.shape[1]), zip(*reductions, strict=True), strict=True):
            told |= described(name, columns, found)
        doubts = [*_doubts(told, int(units.max()) + 1), *remainder.doubts()]
        return estimate_of(gain, float(np.mean(familiar)), units, folds, told, doubts)


def _reductions(x: np.ndarray, y: np.ndarray, about: Known) -> tuple[Reduction | None, Reduction | None, Known]:
    """Return the leading components of whichever of X (n, d) and Y (n, p) is wide, and what is known of such a Y."""
    wide_x, wide_y = x.shape[1] > WIDEST, y.shape[1] > WIDEST
    # Every damping of one side is tried with every one of the other.
    most = _LEAST_COMPONENTS if wide_x and wide_y else _MOST_COMPONENTS
    kept = min(max(len(x) // _PAIRS_PER_COMPONENT, _LEAST_COMPONENTS), most)
    of_x = Reduction.fit(x, kept) if wide_x else None
    if not wide_y:
        return of_x, None, about
    about = about.within("components", kept)
    return of_x, about.get("reduction", lambda: Reduction.fit(y, kept)), about


def _described(fitted: list[FittedCritic]) -> dict[str, Any]:
    """Return which margins and base the folds chose, and how far the networks were trained."""
    silent = sum(critic.normaliser is None for critic in fitted)
    networks = sum(critic.step > 0 for critic in fitted)
    classes = [critic.classes for critic in fitted if critic.classes is not None]
    base = "networks" if 2 * networks > len(fitted) else "gaussian"
    base = "classes" if 2 * len(classes) > len(fitted) else base
    elliptical = sum(isinstance(critic, EllipticalCritic) for critic in fitted)
    base = "elliptical" if 2 * elliptical > len(fitted) else base
    return {
        "base": "none" if 2 * silent > len(fitted) else base,
        "folds_without_signal": silent,
        "network_folds": networks,
        "class_folds": len(classes),
        "elliptical_folds": elliptical,
        "mirrored_folds": sum(critic.mirrored for critic in fitted),
        "classes": float(np.mean([len(one.mixture.share) for one in classes])) if classes else 0.0,
        "network_steps": float(np.mean([critic.step for critic in fitted])),
        "margins": {kind: sum(c.margins == kind for c in fitted) for kind in sorted({c.margins for c in fitted})},
        "canonical_pairs": float(np.mean([np.sum(critic.base.correlations > 0) for critic in fitted])),
        "dampings": sorted({str(critic.base.dampings) for critic in fitted}),
        "temperature": float(np.mean([critic.temperature for critic in fitted])),
        "unexplained": float(np.mean([critic.unexplained for critic in fitted])),
    }


def _doubts(told: Mapping[str, Any], n_units: int) -> list[str]:
    """Return what speaks against the form of the critic."""
    if told["base"] == "gaussian" and not is_gaussian(told["unexplained"], n_units):
        return [
            "The pairs depend on one another in a way that is not Gaussian, and networks found no better form: "
            "the truth may be higher, however many pairs."
        ]
    if told["base"] == "classes" and told["unexplained"] > _MANY_CLASSES:
        return [
            "The pairs depend on one another through hidden classes, of which few pairs show only the plainest: "
            "the truth may be higher."
        ]
    if told.get("independence_p_value", 1.0) < _NO_CHANCE:
        return [
            "No form that was tried tells much about pairs held out, yet X and Y are not independent "
            f"(distance covariance, p = {told['independence_p_value']:.3f})."
        ]
    return []
