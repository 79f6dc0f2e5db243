import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError, UsageError
from noiselaw.plan.costs import Costs, default_costs, read_costs


def test_the_shipped_prices_are_read():
    costs = default_costs()
    assert costs.per_library == 1565.0 and costs.per_million_reads == 2.875 and costs.currency == "USD"


def test_a_design_costs_what_its_parts_do():
    costs = Costs(per_million_reads=2.0, per_library=1000.0, cells_per_library=5000, per_cell=0.1, fixed=50.0)
    assert costs.total(6000, 20_000) == pytest.approx(50 + 2 * 1000 + 600 + 6000 * 20_000 / 1e6 * 2)
    assert Costs(1.0, per_cell=1.0, cells_used=0.75).paid(750) == 1000


@given(st.floats(1, 1e5), st.floats(1e3, 1e6))
def test_what_is_left_for_reads_spends_the_budget(cells, budget):
    costs = Costs(per_million_reads=3.0, per_cell=0.2, per_library=100.0, cells_per_library=1000, cells_used=0.8)
    assert costs.total(cells, costs.reads(cells, budget)) == pytest.approx(budget, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("per_million_reads = 0.0\nper_cell = 1.0", UsageError, "per_million_reads must be above 0"),
        ("per_million_reads = 2.0", UsageError, "Cells cost nothing"),
        ("per_million_reads = 2.0\nper_library = 100.0", UsageError, "Cells cost nothing"),
        ("per_million_reads = -2.0\nper_cell = 1.0", UsageError, "must be a price of 0 or more"),
        ("per_million_reads = nan\nper_cell = 1.0", UsageError, "must be a price of 0 or more"),
        ("per_million_reads = 2.0\nper_cell = 1.0\ncells_used = 0.0", UsageError, "cells_used must be a share"),
        ("per_million_reads = 2.0\nper_cel = 1.0", UsageError, "no option 'per_cel'. Nearest: per_cell"),
        ('per_million_reads = "two"\nper_cell = 1.0', UsageError, "per_million_reads"),
        ("per_million_reads = ", InputError, "is not TOML"),
    ],
)
def test_prices_that_cannot_be_meant_are_refused(tmp_path, text, kind, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(kind, match=message):
        read_costs(path)


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="There is no cost model"):
        read_costs(tmp_path / "absent.toml")


def test_a_file_from_a_windows_editor_is_read_or_refused_in_a_sentence(tmp_path):
    marked, latin = tmp_path / "marked.toml", tmp_path / "latin.toml"
    marked.write_bytes("\ufeffper_million_reads = 2.9\r\nper_cell = 0.1\r\n".encode())
    assert read_costs(marked).per_cell == 0.1
    latin.write_bytes(b'per_million_reads = 2.9\nper_cell = 0.1\ncurrency = "\x80"\n')
    with pytest.raises(InputError, match="latin.toml is not text in UTF-8"):
        read_costs(latin)


def test_prices_without_that_of_reads_are_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("per_cell = 0.1\n")
    with pytest.raises(UsageError, match="has no per_million_reads"):
        read_costs(path)


def test_a_rule_broken_in_a_file_is_told_once(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("per_million_reads = 0\nper_cell = 0.1\n")
    with pytest.raises(UsageError) as told:
        read_costs(path)
    assert str(told.value).endswith("no budget limits depth.") and "{" not in str(told.value)
