import json

import pytest
import typer
from typer.testing import CliRunner

from noiselaw.cli import main
from noiselaw.cli.reproduce import reproduce
from noiselaw.errors import UsageError

app = typer.Typer()
app.command()(reproduce)


def test_prints_the_table_and_its_numbers(published, tmp_path):
    source = published("PBMC_CITEseq_scaling.csv").parent
    done = CliRunner().invoke(app, ["table-3", "--from", str(source), "--json"])
    records = json.loads(done.output)
    assert len(records) == 16
    assert [record["paper"] for record in records if record["printed"] == "–"] == [None] * 3
    printed = CliRunner().invoke(app, ["table-3", "--from", str(source), "--out", str(tmp_path)]).output
    assert "linear_regime" in printed
    assert "misprint" in (tmp_path / "index.html").read_text()


def test_one_target_is_printed_and_has_its_page(made_measurements, tmp_path, capsys):
    out = tmp_path / "pages"
    assert main(["reproduce", "table-2", "--from", str(made_measurements), "--out", str(out)]) == 0
    assert "Txformer" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {"table-2.html", "table-2.json", "table-2.csv", "index.html"}


def test_json_writes_no_page(made_measurements, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["figure-12", "--from", str(made_measurements), "--json"])
    assert len(json.loads(done.output)) == 6 and not list(tmp_path.iterdir())


def test_the_list_says_what_each_mode_needs(tmp_path):
    done = CliRunner().invoke(app, ["list", "--data", str(tmp_path)])
    assert done.exit_code == 0
    assert "figure-11" in done.output and "Single counts are not among" in done.output
    records = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    assert len(records) == 23 and all(record["from data"] for record in records)


def test_an_unknown_target_is_a_usage_error(tmp_path):
    done = CliRunner().invoke(app, ["table-9", "--from", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    with pytest.raises(UsageError, match="no target 'table-9'"):
        raise done.exception


def test_a_strange_folder_and_no_folder_are_told_apart(tmp_path, capsys):
    assert main(["reproduce", "all", "--from", str(tmp_path)]) == 3
    assert "found nothing" in capsys.readouterr().err
    assert main(["reproduce", "all"]) == 2
    assert "--from data" in capsys.readouterr().err


def test_all_makes_what_it_can_and_says_what_was_missing(made_measurements, tmp_path, monkeypatch, capsys):
    from noiselaw.reproduce import TARGETS

    kept = ("table-3", "figure-6", "figure-8", "figure-12")
    monkeypatch.setattr("noiselaw.reproduce.TARGETS", {name: TARGETS[name] for name in kept})
    part, out = tmp_path / "part", tmp_path / "pages"
    part.mkdir()
    (part / "Tx_param_screen.csv").write_bytes((made_measurements / "Tx_param_screen.csv").read_bytes())
    assert main(["reproduce", "all", "--from", str(part), "--out", str(out), "--watts", "300"]) == 3
    printed = capsys.readouterr()
    assert "rank_encoding_info_loss.csv: the targets" in printed.err
    assert printed.out.count("not possible") == 3 and "300 W per busy core" in printed.out
    assert "has no file" in (out / "index.html").read_text().replace("&#39;", "'")
    assert main(["reproduce", "figure-6", "--from", str(part), "--out", str(out)]) == 0
    assert "Training curves are not" in capsys.readouterr().out


def test_measured_again_where_there_is_nothing(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["reproduce", "table-1", "--from", "data", "--data", str(tmp_path), "--out", out]) == 3
    assert "None of the data is there. Expected in" in capsys.readouterr().err
