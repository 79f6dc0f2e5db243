"""The contract of a probe, as a check."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.randomness import generator
from noiselaw.testing.promises import Promises

if TYPE_CHECKING:
    from noiselaw.records import Estimate

__all__ = ["check_probe"]

_STATUSES = {"ok", "warned", "failed"}


def check_probe(probe: Probe, *, n_pairs: int = 240, study_file: bool = True) -> None:
    """Check that a probe keeps every promise of its contract, on each kind of Y that it says it measures.

    Parameters
    ----------
    probe
        It estimates some fifteen times for each kind of Y, so make it quick.
    n_pairs
        How many pairs each estimate is made from, at least 100.
    study_file
        Whether a study file must be able to hold it.

    Raises
    ------
    BrokenPromise
        Naming the first promise that it breaks.
    """
    with Promises.of(probe, Probe, study_file=study_file) as promises:
        _check(promises, probe, n_pairs)


def _check(promises: Promises, probe: Probe, n_pairs: int) -> None:
    kinds = set(probe.measures)
    known = bool(kinds) and kinds <= {"labels", "continuous"}
    promises.holds(known, 'it says what it measures: "labels", "continuous"', f"It says {kinds}.")
    for kind in sorted(kinds):
        x, y = _pairs(probe, kind, n_pairs)
        with promises.undisturbed(X=x, Y=y.reshape(len(y), -1)):
            found = _estimate(probe, x, y)
        _check_complete(promises, found, n_pairs)
        _check_repeats(promises, probe, x, y, found)
        _check_sense(promises, probe, x, y, found)
        _check_refusals(promises, probe, x, y)


def _pairs(probe: Probe, kind: str, n_pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return related X and Y."""
    rng = generator(0, "example pairs")
    shared = rng.normal(size=(n_pairs, 2))
    x, y = (shared + 0.5 * rng.normal(size=shared.shape) for _ in range(2))
    cuts = [-0.7, 0.7]
    return (
        np.digitize(x[:, 0], cuts) if probe.reads == "labels" else x,
        np.digitize(y[:, 0], cuts) if kind == "labels" else y,
    )


def _estimate(probe: Probe, x: Any, y: Any, groups: Any = None) -> Estimate:
    return probe.estimate(x, y, groups, generator(3, "probe"))


def _plain(estimate: Estimate) -> str:
    return json.dumps({f.name: getattr(estimate, f.name) for f in fields(estimate)}, default=dict)


def _check_complete(promises: Promises, found: Estimate, n_pairs: int) -> None:
    promise = "an estimate is complete"
    promises.holds(type(found.bits) is float and np.isfinite(found.bits), promise, f"bits is {found.bits!r}.")
    promises.holds(type(found.standard_error) is float, promise, f"standard_error is {found.standard_error!r}.")
    promises.holds(not found.standard_error <= 0, promise, f"standard_error is {found.standard_error}; unknown is NaN.")
    promises.holds(found.status in _STATUSES, promise, f"status is {found.status!r}.")
    told = bool(found.reason) == (found.status != "ok")
    promises.holds(told, promise, f"status is {found.status!r} with the reason {found.reason!r}.")
    promises.holds(0 < found.n_pairs <= n_pairs, promise, f"n_pairs is {found.n_pairs} of {n_pairs}.")
    try:
        json.dumps(dict(found.diagnostics))
    except (TypeError, ValueError) as error:
        raise promises.broken("diagnostics go into JSON", f"{error}.") from error


def _check_repeats(promises: Promises, probe: Probe, x: np.ndarray, y: np.ndarray, found: Estimate) -> None:
    same = _plain(found) == _plain(_estimate(probe, x, y))
    promises.holds(same, "the same seed gives the same numbers", "Two estimates with one seed differ.")
    shuffled = x[generator(1, "order").permutation(len(x))]
    together = probe.estimate_many([x, shuffled], y, None, generator(3, "probe"))
    alone = [found, _estimate(probe, shuffled, y)]
    same = [_plain(one) for one in together] == [_plain(one) for one in alone]
    promises.holds(same, "many at once are as one at a time", "estimate_many gives other numbers than estimate.")


def _check_sense(promises: Promises, probe: Probe, x: np.ndarray, y: np.ndarray, found: Estimate) -> None:
    nothing = _estimate(probe, x[generator(5, "order").permutation(len(x))], y)
    error = nothing.standard_error if np.isfinite(nothing.standard_error) else 0.1
    promise = "shuffled pairs hold about no bits"
    promises.holds(abs(nothing.bits) < 4 * error + 0.05, promise, f"It read {nothing.bits:.3f} ± {error:.3f} bits.")
    promises.holds(found.bits > nothing.bits, "related pairs hold more", f"It read {found.bits:.3f} bits in both.")
    constant = _estimate(probe, np.full_like(x, 2), y)
    promise = "a constant X holds 0 bits, and the estimate says so"
    promises.holds((constant.bits, constant.status) == (0.0, "warned"), promise, f"It gave {constant}.")


def _check_refusals(promises: Promises, probe: Probe, x: np.ndarray, y: np.ndarray) -> None:
    promises.refuses("X and Y of unequal length", lambda: _estimate(probe, x[:-1], y))
    promises.refuses("few pairs", lambda: _estimate(probe, x[:10], y[:10]))
    promises.refuses("groups of another length", lambda: _estimate(probe, x, y, np.arange(9)))
    if probe.reads != "labels":
        promises.refuses("an X with NaN", lambda: _estimate(probe, np.where(x == x[0], np.nan, x), y))
