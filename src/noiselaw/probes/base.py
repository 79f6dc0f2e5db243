"""The contract of a probe: an estimator of mutual information in bits."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from noiselaw.errors import InputError
from noiselaw.probes.inputs import MIN_GROUPS, check_lengths, group_codes, label_codes, read_target, read_values, tied
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from noiselaw.probes.inputs import Target, Values

__all__ = ["Probe"]


class Probe(ABC):
    """An estimator of I(X; Y) from n pairs. Strategies are frozen dataclasses; they write ``_estimate``.

    The public methods read X, Y and groups once for every probe and answer what needs no estimator, so that a
    strategy sees only what can be measured:

    - X (n, d) float64, finite, every column varying and none repeated;
    - Y labels as codes 0 … K-1, (n,) int64, each label with at least two members, or (n, p) float64 like X;
    - groups as codes 0 … G-1, (n,) int64, or None;
    - at least 50 pairs.

    A constant X or Y holds 0 bits, and the answer says so. Labels with a single member are merged into one (a lone one
    joins the rarest label): a coarser Y, about which X can only hold less. What was left out or merged is counted in
    the diagnostics, as are ties.
    """

    #: Raised when the numbers that it gives for the same seed change.
    revision: ClassVar[int] = 1
    #: Kinds of Y it can measure: "labels", "continuous".
    measures: ClassVar[frozenset[str]]
    #: What it takes X for: numbers ("continuous"), or one symbol per pair ("labels").
    reads: ClassVar[str] = "continuous"

    def estimate(
        self,
        x: Any,
        y: Any,
        groups: Any | None = None,
        rng: np.random.Generator | None = None,
    ) -> Estimate:
        """Estimate I(X; Y) in bits.

        Parameters
        ----------
        x
            (n, d) or (n,): arrays, pandas or scipy sparse.
        y
            (n,) integers, booleans, text or categoricals: labels. (n,) floats or (n, p) numbers: continuous.
        groups
            (n,). Pairs of one group are not independent and never divided between fit and measurement.
        rng
            Source of randomness; one derived from seed 0 by default.

        Raises
        ------
        InputError
            Saying what is wrong with X, Y or groups, or which probes can measure this kind of Y.
        """
        return self.estimate_many([x], y, groups, rng)[0]

    def estimate_many(
        self,
        xs: Sequence[Any],
        y: Any,
        groups: Any | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[Estimate]:
        """Estimate I(X; Y) for many X about one Y: the same numbers as one at a time, the work on Y shared."""
        seed = draw_seed(rng if rng is not None else generator(0, "probe"))
        target = read_target(y)
        self._check_kind(target)
        n_pairs = len(target.values)
        names = ["X"] if len(xs) == 1 else [f"X number {position} of {len(xs)}" for position in range(1, len(xs) + 1)]
        sources = [self._read(x, name, n_pairs) for x, name in zip(xs, names, strict=True)]
        codes = group_codes(groups, n_pairs)
        if codes is not None and len(set(codes.tolist())) < MIN_GROUPS:
            raise InputError(
                f"Groups are kept together when pairs are divided, which needs at least {MIN_GROUPS} groups; got "
                f"{len(set(codes.tolist()))}. Group more finely, or pass no groups."
            )
        if target.values.ndim == 2 and target.values.shape[1] == 0:
            return [_nothing("Y", target, source, n_pairs) for source in sources]
        varying = [position for position, source in enumerate(sources) if source.values.shape[1]]
        found = self._estimate_many([sources[position].values for position in varying], target.values, codes, seed)
        estimates = {
            position: _completed(estimate, target, sources[position], codes)
            for position, estimate in zip(varying, found, strict=True)
        }
        return [
            estimates.get(position) or _nothing("X", target, source, n_pairs) for position, source in enumerate(sources)
        ]

    def _check_kind(self, target: Target) -> None:
        if target.kind in self.measures:
            return
        from noiselaw.probes import PROBES

        able = [name for name, probe in PROBES.builtin.items() if target.kind in probe.measures]
        raise InputError(
            f"The probe {PROBES.name_of(self)!r} measures {' or '.join(sorted(self.measures))}; this Y is "
            f"{target.kind}. Probes that can: {', '.join(able)}."
        )

    def _read(self, x: Any, name: str, n_pairs: int) -> Values:
        if self.reads == "labels":
            x = label_codes(x, name)
        source = read_values(x, name)
        check_lengths(len(source.values), n_pairs, name)
        return source

    def _estimate_many(
        self, xs: Sequence[np.ndarray], y: np.ndarray, groups: np.ndarray | None, seed: int
    ) -> Sequence[Estimate]:
        """Estimate each of ``xs``; override it to share work on Y. Every X gets a generator in the same state."""
        return [self._estimate(x, y, groups, generator(seed, "estimate")) for x in xs]

    @abstractmethod
    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        """Estimate I(X; Y) in bits from input that has been read and checked."""


def _facts(target: Target, source: Values) -> dict[str, Any]:
    return {**{f"{key}_x": count for key, count in source.facts.items()}, **target.facts}


def _nothing(what: str, target: Target, source: Values, n_pairs: int) -> Estimate:
    """Return the estimate for a constant X or Y."""
    return Estimate(
        bits=0.0,
        standard_error=0.0,
        status="warned",
        reason=f"{what} is constant, so X holds 0 bits about Y.",
        ceiling_bits=target.entropy_bits if target.kind == "labels" else 0.0,
        n_pairs=n_pairs,
        diagnostics=_facts(target, source),
    )


def _completed(estimate: Estimate, target: Target, source: Values, groups: np.ndarray | None) -> Estimate:
    """Return what a strategy found with what every estimate tells: its ceiling, ties, and what was left out."""
    n_pairs = len(target.values)
    facts = {
        **_facts(target, source),
        "tied_x": tied(source.values),
        "duplicate_pairs": tied(source.values, target.values),
        "n_groups": n_pairs if groups is None else int(groups.max()) + 1,
    }
    if target.kind == "labels":
        facts["distance_to_ceiling_bits"] = target.entropy_bits - estimate.bits
    if not math.isfinite(estimate.bits) and estimate.status != "failed":
        estimate = replace(estimate, bits=math.nan, status="failed", reason="The estimate is not a finite number.")
    merged = int(target.facts.get("single_member_labels", 0))
    if merged > 0.05 * n_pairs and estimate.status == "ok":
        estimate = replace(
            estimate, status="warned", reason=f"{merged} labels of a single member were merged into one."
        )
    return replace(
        estimate,
        ceiling_bits=target.entropy_bits if target.kind == "labels" else estimate.ceiling_bits,
        n_pairs=estimate.n_pairs or n_pairs,
        diagnostics={**estimate.diagnostics, **facts},
    )
