from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.plan import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (43124.0, "43,100"), (4312.4, "4,310"), (2.3149, "2.31"), (0.004123, "0.00412"), (999.6, "1,000"),
        (9.996, "10.0"), (0, "0"), (-0.25, "−0.250"), (1.5e-7, "1.50 × 10^−7"), (math.nan, "unknown"),
        (math.inf, "without limit"), (152094.0, "152,000"),
    ],
)  # fmt: skip
def test_three_significant_digits(value, shown):
    assert words.number(value) == shown


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_a_shown_number_is_within_half_a_unit_of_its_third_digit(value):
    shown = float(words.number(value).replace(",", ""))
    assert abs(shown - value) <= 0.5001 * 10 ** (math.floor(math.log10(value)) - 2)


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.241, 0.379, "0.24 to 0.38"), (0.241, math.inf, "at least 0.24"), (-math.inf, 0.379, "at most 0.38"),
        (-math.inf, math.inf, "without limit"), (math.nan, 1.0, "unknown"), (-0.001, 0.1, "0.00 to 0.10"),
    ],
)  # fmt: skip
def test_intervals_are_one_sided_where_an_end_is_open(low, high, shown):
    assert words.span(low, high) == shown


@pytest.mark.parametrize(
    ("factor", "said"),
    [(2, "twice"), (10, "ten times"), (5.0, "five times"), (25, "25 times"), (3.5, "3.5 times"), (1000, "1,000 times")],
)
def test_factors_in_words(factor, said):
    assert words.times(factor) == said


def test_bits_have_two_decimals():
    assert words.bits(-0.001) == "0.00 bits"
    assert words.bits(math.nan) == "unknown bits"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("The plateau is unknown.", "because the plateau is unknown"),
        ("ValueError: bad shape", "because ValueError: bad shape"),
        ("PCA did not end.", "because PCA did not end"),
        ("A class has one cell.", "because a class has one cell"),
        ("", "because no reason was recorded"),
    ],
)
def test_a_reason_ends_a_sentence(reason, said):
    assert words.because(reason) == said


@pytest.mark.parametrize(
    ("unit", "said"),
    [("UMI per cell", "depth"), ("reads", "depth"), ("1/variance", "signal-to-noise"), ("", "signal-to-noise")],
)
def test_what_u_is_called(unit, said):
    assert words.noun(unit) == said


def test_an_amount_without_a_unit_ends_without_a_space():
    assert words.amount(43124.0, "UMI per cell") == "43,100 UMI per cell"
    assert words.amount(43124.0, "") == "43,100"


def test_an_amount_of_an_inverse_is_no_row_of_two_numbers():
    assert words.amount(30.0, "1 per variance") == "30.0 in 1/variance"
    assert words.amount(0.25, "1 per f²") == "0.250 in 1/f²"


def test_an_interval_beyond_what_there_is_to_know_says_so():
    assert words.possible(2.9, 2.75) == ", of which no more than 2.75 bits are possible"
    assert words.possible(2.7, 2.75) == ""
    assert words.possible(2.7, math.nan) == ""


def test_what_is_measured_is_called_cells_only_where_u_counts_molecules_or_nothing_is_said():
    assert {words.observed(unit) for unit in ("UMI per cell", "")} == {"cells"}
    assert {words.observed(unit) for unit in ("1/variance", "kept/lost")} == {"observations"}
