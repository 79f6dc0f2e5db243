from __future__ import annotations

from noiselaw.report import numbers


def test_words_for_counts_shares_and_lists():
    assert numbers.count(152094) == "152,094"
    assert numbers.percent(2.31, 2.75) == "84 %"
    assert [numbers.listed(list(names)) for names in ("", "a", "ab", "abc")] == ["none", "a", "a and b", "a, b and c"]


def test_units_stay_on_the_line_of_their_number():
    assert numbers.tied("56 % of 2.75 bits, a bit") == "56\u00a0% of 2.75\u00a0bits, a bit"
