"""``noiselaw report`` on the command line."""

from __future__ import annotations

import json

import pytest

from noiselaw.cli import main
from noiselaw.plan import default_costs


@pytest.fixture
def table(made_up, tmp_path):
    path = tmp_path / "mine.csv"
    made_up(signals=("cell_type",), representations=("pca",), levels=5, sizes=4, seeds=1).to_csv(path, index=False)
    return path


def test_prices_of_ones_own_are_the_planners(table, tmp_path, capsys):
    costs = tmp_path / "costs.toml"
    costs.write_text('currency = "EUR"\nper_cell = 0.5\nper_million_reads = 4.0\n', encoding="utf-8")
    out = tmp_path / "page.html"
    assert main(["report", str(table), "--out", str(out), "--costs", str(costs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(out)
    page = out.read_text(encoding="utf-8")
    assert "Prices: 0.5 EUR per cell, 4 EUR per million reads" in page
    assert "illustrative" not in page
    assert str(tmp_path) not in page


def test_a_static_page_runs_nothing(table, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", str(table), "--out", str(out), "--static"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "<script" not in page
    assert f"{default_costs().per_library:g} USD" not in page


def test_prices_that_are_nowhere_are_refused(table, capsys):
    assert main(["report", str(table), "--costs", "nowhere.toml"]) == 3
    assert "There is no cost model 'nowhere.toml'" in capsys.readouterr().err
