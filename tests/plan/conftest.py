"""Tables whose law is known, for questions whose answers are."""

import numpy as np
import pandas as pd
import pytest

from noiselaw.laws import CapacityLaw, NoiseLaw, snr_from_bits
from noiselaw.simulate import rows


@pytest.fixture
def curve_table():
    """One size, depth alone: Eq. 2 with small errors."""

    def make(top=2.0, u_bar=100.0, low=1.0, high=10_000.0, levels=10, sd=0.003, seeds=3, seed=0, **columns):
        u = np.geomspace(low, high, levels)
        return rows(NoiseLaw(), [top, u_bar], u, sd=sd, seeds=seeds, seed=seed, **columns)

    return make


@pytest.fixture
def grid_table():
    """Depth × size from a joint law whose answers are analytic."""

    def make(top=3.0, u_bar=2000.0, n_0=30.0, s=0.6, sd=0.005, seeds=1, seed=0, levels=8, sizes=6, high=4000.0):
        u, n = np.meshgrid(np.geomspace(high / 500, high, levels), np.geomspace(100, 10_000, sizes).round())
        return rows(CapacityLaw(), [top, u_bar, n_0, s], u.ravel(), n.ravel(), sd=sd, seeds=seeds, seed=seed)

    return make


@pytest.fixture
def joint_truth():
    def bits(u, n, top=3.0, u_bar=2000.0, n_0=30.0, s=0.6):
        return float(CapacityLaw()(np.array([top, u_bar, n_0, s]), np.array(float(u)), np.array(float(n))))

    return bits


@pytest.fixture
def analytic_reach():
    """The depth of Eq. 8 that reaches a fraction of I_max."""

    def depth(fraction, top, u_bar):
        wanted, whole = snr_from_bits(fraction * top), snr_from_bits(top)
        return float(u_bar * wanted / (whole - wanted))

    return depth


@pytest.fixture
def several():
    """Put tables side by side under names of a column."""

    def make(column, **tables):
        return pd.concat([table.assign(**{column: name}) for name, table in tables.items()], ignore_index=True)

    return make
