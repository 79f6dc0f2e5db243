from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from noiselaw.probes import Probe
from noiselaw.records import Estimate
from noiselaw.testing import BrokenPromise, check_probe


@dataclass(frozen=True)
class Linear(Probe):
    """A probe of a third party: Gaussian information of the first columns; ``fault`` is what it does wrong."""

    measures: ClassVar[frozenset[str]] = frozenset({"continuous"})
    fault: str = ""

    def estimate(self, x, y, groups=None, rng=None):
        if self.fault == "accepts" and len(x) < 50:
            return Estimate(0.0)
        found = super().estimate(x, y, groups, rng)
        return replace(found, bits=0.1, status="ok") if self.fault == "constant" and np.ptp(x) == 0 else found

    def estimate_many(self, xs, y, groups=None, rng=None):
        found = super().estimate_many(xs, y, groups, rng)
        return [replace(one, bits=one.bits + 1) for one in found] if self.fault == "many" and len(xs) > 1 else found

    def _estimate(self, x, y, groups, rng):
        if self.fault == "global":
            np.random.rand()  # noqa: NPY002 - the fault
        if self.fault == "unseeded":
            rng = np.random.default_rng()
        bits = -0.5 * np.log2(1 - np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2) + 1e-9 * rng.random()
        facts: dict[str, Any] = {"probe": self} if self.fault == "diagnostics" else {}
        match self.fault:
            case "biased":
                bits += 0.5
            case "blind":
                bits = 0.0
            case "type":
                return Estimate(np.float64(bits), 0.05)
            case "error":
                return Estimate(float(bits), 0.0)
            case "silent":
                return Estimate(float(bits), 0.05, status="warned")
        return Estimate(float(bits), 0.05, diagnostics=facts)


BROKEN = {
    "unseeded": "the same seed gives the same numbers",
    "many": "many at once are as one at a time",
    "global": "It moved the generator of numpy",
    "diagnostics": "diagnostics go into JSON",
    "biased": "shuffled pairs hold about no bits",
    "blind": "related pairs hold more",
    "type": "an estimate is complete. bits is np.float64",
    "error": "an estimate is complete. standard_error is 0.0; unknown is NaN",
    "silent": "an estimate is complete. status is 'warned' with the reason ''",
    "constant": "a constant X holds 0 bits, and the estimate says so",
    "accepts": "refuses few pairs .*It accepted it",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_promise_is_named(fault):
    with pytest.raises(BrokenPromise, match=f"Linear breaks a promise: .*{BROKEN[fault]}"):
        check_probe(Linear(fault))


def test_it_must_say_what_it_measures():
    class Vague(Linear):
        measures: ClassVar[frozenset[str]] = frozenset({"images"})

    with pytest.raises(BrokenPromise, match="it says what it measures"):
        check_probe(Vague())


def test_who_keeps_every_promise_passes():
    check_probe(Linear())


def test_what_is_no_probe_is_told():
    with pytest.raises(BrokenPromise, match=r"int breaks a promise: it is a noiselaw.probes.base.Probe. It is 3"):
        check_probe(3)
