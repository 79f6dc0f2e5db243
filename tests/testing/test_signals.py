from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.records import Dataset, Pairs
from noiselaw.signals import Labels
from noiselaw.signals.base import Signal
from noiselaw.testing import BrokenPromise, check_signal


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    annotations = pd.DataFrame({"age": rng.random(60), "cell_type": rng.choice(["B", "T"], 60)})
    names = np.array([f"c{i}" for i in range(60)])
    return Dataset("cells", sparse.csr_matrix(rng.poisson(1.0, (60, 4))), names, np.array(list("abcd")), annotations)


@dataclass(frozen=True)
class Age(Signal):
    """A signal of a third party; ``fault`` is what it does wrong."""

    fault: str = ""

    @property
    def name(self):
        return "" if self.fault == "name" else "age"

    def check(self, dataset):
        pass

    def _pair(self, dataset, test, rng):
        rows, partners = test, None
        values = dataset.annotations["age"].to_numpy()[test].copy()
        match self.fault:
            case "seed":
                values = np.random.default_rng().permutation(values)
            case "training":
                rows = test + 1
            case "length":
                values = values[1:]
            case "both":
                partners = test
            case "nan":
                values[0] = np.nan
            case "changes":
                dataset.annotations.loc[0, "age"] = 2.0
        return Pairs(rows, values, partners)


BROKEN = {
    "name": "it has a name",
    "seed": "the same seed gives the same pairs. values differ",
    "training": "pairs are of held-out observations",
    "length": "values has another length than rows",
    "both": "one value or one partner",
    "nan": "values are numbers",
    "changes": "the data set stays untouched",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_promise_is_named(fault, dataset):
    with pytest.raises(BrokenPromise, match=f"Age breaks a promise: .*{BROKEN[fault]}"):
        check_signal(Age(fault), dataset)


def test_who_keeps_every_promise_passes(dataset):
    check_signal(Age(), dataset)
    check_signal(Labels("cell_type"), dataset)
