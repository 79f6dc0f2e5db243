import json

import numpy as np
import pandas as pd
import pytest

from noiselaw.cli import main
from noiselaw.laws import NoiseLaw


@pytest.fixture
def table(tmp_path):
    u = np.logspace(0.9, 3.9, 10)
    frames = [
        pd.DataFrame({"the algorithm": name, "umis_per_cell": u, "mi_value": NoiseLaw()(np.array([top, scale]), u)})
        for name, top, scale in (("a model", 2.0, 100.0), ("b", 6.0, 1e7))
    ]
    path = tmp_path / "any table.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


def arguments(path, *more):
    return ["fit", str(path), "--x", "umis_per_cell", "--y", "mi_value", "--by", "the algorithm", *more]


def test_prints_one_record_per_group(table, capsys):
    assert main(arguments(table, "--json")) == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["the algorithm"] for record in records] == ["a model", "b"]
    first, second = records
    assert first["status"] == "ok"
    assert first["parameters"] == pytest.approx({"I_max": 2.0, "u_bar": 100.0}, rel=1e-5)
    assert set(first["intervals"]["I_max"]) == {"low", "high", "confidence"}
    assert set(second) >= {"status", "reason", "n_points", "left_out", "x_range"}


def test_says_it_in_words(table, capsys):
    assert main(arguments(table)) == 0
    out, err = capsys.readouterr()
    assert "the algorithm a model: ok. I_max 2 bits (" in out
    assert "u_bar 100 umis_per_cell (" in out
    assert f'Next: noiselaw plan {table} --x "umis_per_cell" --y "mi_value"' in out
    assert not err


def test_rows_left_out_are_counted_in_words(table, capsys):
    rows = pd.read_csv(table)
    rows.loc[0, "mi_value"] = np.nan
    rows.assign(status=["ok", "failed"] + ["ok"] * (len(rows) - 2)).to_csv(table, index=False)
    assert main(arguments(table)) == 0
    out = capsys.readouterr().out.splitlines()
    assert "2 rows left out (failed, or not a number)." in out[0] and "left out" not in out[1]


def test_rows_of_several_curves_without_by_are_noticed(table, capsys):
    rows = pd.read_csv(table)
    several = [
        rows.assign(**{"Cell number": size, "same again": 2 * size, "score": rows["mi_value"] + size})
        for size in (100, 1000.0)
    ]
    pd.concat(several).to_csv(table, index=False)
    command = ["fit", str(table), "--x", "umis_per_cell", "--y", "mi_value"]
    assert main(command) == 0
    assert '--by "the algorithm,Cell number"' in capsys.readouterr().err
    assert main([*command, "--by", "the algorithm,Cell number"]) == 0
    assert not capsys.readouterr().err


def test_replicates_and_levels_of_a_run_are_no_mixture(tmp_path, made_up, capsys):
    made_up(sizes=2).to_parquet(tmp_path / "measurements.parquet")
    assert main(["fit", str(tmp_path)]) == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize("law", ["size", "joint"])
def test_units_of_other_laws_are_told(tmp_path, made_up, capsys, law):
    made_up(signals=("protein",), representations=("pca",), levels=6, sizes=6).to_csv(tmp_path / "t.csv", index=False)
    assert main(["fit", str(tmp_path / "t.csv"), "--law", law, "--by", "level" if law == "size" else "signal"]) == 0
    out = capsys.readouterr().out
    assert " observations (" in out and "Next: noiselaw plan" in out


def test_a_run_folder_is_read_as_it_is(tmp_path, capsys):
    u = np.logspace(0.9, 3.9, 10)
    rows = pd.DataFrame({"u": u, "bits": NoiseLaw()(np.array([2.0, 100.0]), u), "standard_error": 0.02, "seed": 0})
    rows.assign(dataset="d", signal="s", representation="pca", n_train=100).to_parquet(
        tmp_path / "measurements.parquet"
    )
    assert main(["fit", str(tmp_path), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["representation"] == "pca" and record["n_train"] == 100
    assert record["parameters"]["I_max"] == pytest.approx(2.0, abs=1e-3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["measurements.parquet"]


def test_what_is_unknown_is_null(table, capsys):
    assert main([*arguments(table, "--json", "--protocol", "recommended"), "--law", "noise"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text and "Infinity" not in text


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--law", "nois"], 2, "no law called 'nois'. Nearest: noise"),
        (["--y", "mi_valeu"], 3, "no column 'mi_valeu'. Nearest: mi_value"),
        (["--protocol", "papr"], 2, "protocol must be 'recommended' or 'paper'"),
    ],
)
def test_mistakes_are_one_sentence(table, capsys, options, code, message):
    assert main([*arguments(table), *options]) == code
    assert message in capsys.readouterr().err


def test_no_such_file(tmp_path, capsys):
    assert main(["fit", str(tmp_path / "absent.csv")]) == 3
    assert "There is no file" in capsys.readouterr().err


def test_a_table_of_sizes_alone_is_sent_to_a_plan_only_with_depths(tmp_path, made_up, capsys):
    table = made_up(signals=("protein",), representations=("pca",), levels=6, sizes=6).rename(columns={"u": "other"})
    table.to_csv(tmp_path / "t.csv", index=False)
    assert main(["fit", str(tmp_path / "t.csv"), "--law", "size", "--by", "level"]) == 0
    assert f"where a column holds depths (a plan needs four of them): noiselaw plan {tmp_path / 't.csv'} --x DEPTH" in (
        capsys.readouterr().out
    )
