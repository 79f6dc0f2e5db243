"""Tables whose law is known, for questions whose answers are."""

import pandas as pd
import pytest

from noiselaw.laws import snr_from_bits


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
