from __future__ import annotations

import json

from typer.testing import CliRunner

from noiselaw.cli.datasets import app

RUN = CliRunner()


def test_list_names_every_dataset():
    from noiselaw.datasets import DATASETS

    shown = RUN.invoke(app, ["list"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in DATASETS.names())
    assert set(json.loads(RUN.invoke(app, ["list", "--json"]).output)) == set(DATASETS.names())


def test_describe_says_where_it_comes_from_and_what_is_allowed():
    facts = json.loads(RUN.invoke(app, ["describe", "larry_in_vitro", "--json"]).output)
    assert facts["source"].startswith("Weinreb")
    assert len(facts["files"]) == 4
    shown = RUN.invoke(app, ["describe", "merfish_mouse_brain"]).output
    assert "licence:" in shown
    assert "by hand:" in shown
    assert "Next: noiselaw datasets fetch merfish_mouse_brain --folder FOLDER" in shown


def test_fetch_what_comes_with_scanpy():
    shown = RUN.invoke(app, ["fetch", "pbmc68k_reduced"])
    assert shown.exit_code == 0
    assert "700 cells × 765 features." in shown.output
    facts = json.loads(RUN.invoke(app, ["fetch", "pbmc68k_reduced", "--json"]).output)
    assert "bulk_labels" in facts["annotations"]


def test_an_unknown_dataset_is_usage_and_names_the_nearest(capsys):
    from noiselaw.cli import main

    assert main(["datasets", "describe", "lary"]) == 2
    assert "no dataset called 'lary'. Nearest: larry_in_vitro" in capsys.readouterr().err


def test_what_must_be_downloaded_by_hand_is_bad_data(tmp_path, capsys):
    from noiselaw.cli import main

    assert main(["datasets", "fetch", "merfish_mouse_brain", "--folder", str(tmp_path)]) == 3
    assert "https://info.vizgen.com/mouse-brain-map" in capsys.readouterr().err
