"""``noiselaw plan`` from end to end."""

import json

import numpy as np
import pandas as pd
import pytest
import typer

from noiselaw.cli.plan import plan
from noiselaw.errors import NoiselawError


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(plan)

    def call(*arguments):
        app([str(argument) for argument in arguments], standalone_mode=False)

    return call


@pytest.fixture
def folder(tmp_path, made_up):
    made_up(signals=("cell_type",)).to_parquet(tmp_path / "measurements.parquet")
    return tmp_path


def test_a_folder_is_answered_in_words(run, folder, capsys):
    run(folder, "--no-pilots")
    out = capsys.readouterr().out
    for title in (
        "limited by depth or by cells",
        "more of each add",
        "depth is enough",
        "representation is best",
        "cross",
    ):
        assert title in out
    assert f"Next: noiselaw report {folder}" in out and "nan" not in out


def test_json_is_valid_and_has_the_budget(run, folder, capsys):
    run(folder, "--json", "--no-pilots", "--budget", 20_000, "--saturation", 0.5, "--reads", 40_000, "--umi", 9000)
    (found,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["budgets"][0]["best"]["cost"] <= 20_000
    assert found["subject"] == {"dataset": "pbmc", "channel": "binomial", "probe": "recommended"}


def test_anybodys_table_with_named_columns(run, tmp_path, capsys):
    u, n = np.meshgrid(np.geomspace(10, 5000, 6), [100, 400, 1600, 6400])
    bits = 0.5 * np.log2(1 + 30 * u / (u + 500)) - (n / 20) ** -0.5
    table = pd.DataFrame({"my depth": u.ravel(), "my cells": n.ravel(), "info": bits.ravel(), "algorithm": "a"})
    table.to_csv(tmp_path / "any table.csv")
    run(tmp_path / "any table.csv", "--x", "my depth", "--n", "my cells", "--y", "info", "--no-pilots")
    assert "a about info" in capsys.readouterr().out


def test_illustrative_prices_are_called_so_and_can_be_edited(run, folder, tmp_path, capsys):
    run("--show-costs")
    text = capsys.readouterr().out
    assert "ILLUSTRATIVE" in text
    (tmp_path / "mine.toml").write_text(text.replace("1565.0", "900.0"))
    run(folder, "--no-pilots", "--budget", 20_000)
    assert "Prices are illustrative" in capsys.readouterr().out
    run(folder, "--no-pilots", "--budget", 20_000, "--costs", tmp_path / "mine.toml")
    assert "Prices are illustrative" not in capsys.readouterr().out


def test_pairs_of_reads_and_umi(run, folder, tmp_path, capsys):
    reads = np.array([5e3, 2e4, 8e4])
    pd.DataFrame({"reads": reads, "umi": 9000 * (1 - np.exp(-reads / 15_000))}).to_csv(tmp_path / "pairs.csv")
    run(folder, "--no-pilots", "--budget", 20_000, "--pairs", tmp_path / "pairs.csv")
    assert "3 (reads, UMI) pairs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--y", "bitz"], 3, "no column 'bitz'. Nearest: bits"),
        (["--representation", "pac"], 2, "no representation 'pac'"),
        (["--signal", "types"], 2, "no signal 'types'"),
        (["--depth", "-1"], 2, "--depth must be above 0"),
        (["--factors", "two"], 2, "--factors are numbers separated by commas"),
        (["--fractions", "90"], 2, "fraction must lie between 0 and 1"),
        (["--saturation", "0.5"], 2, "--saturation and --reads go together"),
        (["--umi", "9000"], 2, "--saturation and --reads go together.*got --umi alone"),
        (["--pairs", "pairs.csv", "--reads", "5000"], 2, "--pairs and --reads both describe the library"),
        (["--budget", "-5"], 2, "budget must be an amount above 0"),
        (["--budget", "100", "--costs", "absent.toml"], 3, "There is no cost model"),
    ],
)
def test_mistakes_are_one_sentence(run, folder, options, code, message):
    with pytest.raises(NoiselawError, match=message) as caught:
        run(folder, "--no-pilots", *options)
    assert caught.value.exit_code == code


def test_a_table_must_be_named(run):
    with pytest.raises(NoiselawError, match="needs a TABLE or a study's folder"):
        run()
