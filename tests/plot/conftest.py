"""Figures that go away after their test, and no window."""

from __future__ import annotations

import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def no_window():
    from matplotlib import pyplot as plt

    mpl.use("agg")
    yield
    plt.close("all")
