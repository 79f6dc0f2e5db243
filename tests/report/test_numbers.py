from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.report import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (43124.0, "43,100"), (4312.4, "4,310"), (2.3149, "2.31"), (0.004123, "0.00412"), (999.6, "1,000"),
        (9.996, "10.0"), (0, "0"), (-0.25, "−0.250"), (1.5e-7, "1.50 × 10^−7"), (math.nan, "unknown"),
        (math.inf, "unbounded"), (152094.0, "152,000"),
    ],
)  # fmt: skip
def test_three_significant_digits(value, shown):
    assert numbers.number(value) == shown


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_a_shown_number_is_within_half_a_unit_of_its_third_digit(value):
    shown = float(numbers.number(value).replace(",", ""))
    assert abs(shown - value) <= 0.5001 * 10 ** (math.floor(math.log10(value)) - 2)


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.241, 0.379, "0.24 to 0.38"), (0.241, math.inf, "at least 0.24"), (-math.inf, 0.379, "at most 0.38"),
        (-math.inf, math.inf, "unbounded"), (math.nan, 1.0, "unknown"), (-0.001, 0.1, "0.00 to 0.10"),
    ],
)  # fmt: skip
def test_intervals_are_one_sided_where_an_end_is_open(low, high, shown):
    assert numbers.span(low, high) == shown


def test_words_for_counts_factors_shares_and_lists():
    assert numbers.count(152094) == "152,094"
    assert [numbers.times(f) for f in (2, 10, 5.0, 25)] == ["twice", "ten times", "five times", "25.0 times"]
    assert numbers.percent(2.31, 2.75) == "84 %"
    assert [numbers.listed(list(names)) for names in ("", "a", "ab", "abc")] == ["none", "a", "a and b", "a, b and c"]
    assert numbers.bits(-0.001) == "0.00 bits"


def test_units_stay_on_the_line_of_their_number():
    assert numbers.tied("56 % of 2.75 bits, a bit") == "56\u00a0% of 2.75\u00a0bits, a bit"
