from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy import sparse

from noiselaw.arrays import check_counts, is_sparse
from noiselaw.channels import Binomial, Channel, Gaussian
from noiselaw.randomness import generator
from noiselaw.testing import BrokenPromise, check_channel


@dataclass(frozen=True)
class Rounds(Channel):
    """A channel of a third party: it adds whole numbers; ``fault`` is what it does wrong."""

    unit: ClassVar[str] = "1/variance"
    level: float
    fault: str = ""

    def _check(self, x):
        if self.fault != "accepts":
            check_counts(x)

    def _apply(self, x, seed):
        rng = generator(0 if self.fault == "deaf" else seed, "rounds")
        if self.fault == "unseeded":
            rng = np.random.default_rng()
        if self.fault == "global":
            np.random.rand()  # noqa: NPY002 - the fault
        if is_sparse(x):
            dense = x.toarray() + rng.poisson(self.level, x.shape)
            return dense if self.fault == "densifies" else type(x)(dense + (self.fault == "sparse"))
        if self.fault == "input":
            x += rng.poisson(self.level, x.shape)
            return x.copy()
        if self.fault == "shares":
            return x
        return sparse.csr_matrix(x) if self.fault == "kind" else x + rng.poisson(self.level, x.shape)

    def _strength(self, noisy):
        if self.fault == "strength":
            return float("inf")
        return self.level if self.fault == "upside down" else 1 / self.level


BROKEN = {
    "unseeded": "the same seed gives the same numbers",
    "deaf": "another seed gives other numbers",
    "global": "It moved the generator of numpy",
    "input": "stays untouched. It changed x",
    "shares": "shares nothing with it. It shares memory",
    "kind": "laid out as the input .*Its kind or shape",
    "densifies": "sparse observations stay sparse .*csr_matrix became ndarray",
    "sparse": "the same numbers as dense ones. csr_matrix: they differ by up to 1",
    "strength": "its strength is a finite number. It is inf",
    "upside down": "strength rises as noise falls. 1 with less noise, 5 with more",
    "accepts": "refuses a value that is no number",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_promise_is_named(fault):
    with pytest.raises(BrokenPromise, match=f"Rounds breaks a promise: .*{BROKEN[fault]}"):
        check_channel(Rounds(5.0, fault), Rounds(1.0, fault))


def test_its_unit_must_be_said():
    class Silent(Rounds):
        unit: ClassVar[str] = ""

    with pytest.raises(BrokenPromise, match="it says the unit"):
        check_channel(Silent(1.0))


def test_who_keeps_every_promise_passes():
    check_channel(Rounds(5.0), Rounds(1.0))
    check_channel(Binomial(0.3))
    check_channel(Gaussian(1.0), Gaussian(0.5), np.random.default_rng(0).normal(size=(20, 4)))


def test_what_is_no_channel_is_told():
    with pytest.raises(BrokenPromise, match=r"int breaks a promise: it is a noiselaw.channels.base.Channel. It is 3"):
        check_channel(3)
