import json

import numpy as np
import pytest

from noiselaw.cli import main


@pytest.fixture
def arrays(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"])[rng.integers(0, 3, 300)]
    x = np.array([ord(label) for label in labels])[:, None] * 5.0 + rng.normal(size=(300, 2))
    for name, values in {"x": x, "labels": labels, "y": x + rng.normal(size=x.shape), "short": x[:9]}.items():
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "objects.npy", np.array([{}] * 300), allow_pickle=True)
    np.savez(tmp_path / "several.npz", x=x, y=x)
    (tmp_path / "text.npy").write_text("1,2\n")
    return lambda *names: [str(tmp_path / name) for name in names]


def test_bits_are_printed_with_error_and_ceiling(arrays, capsys):
    assert main(["probe", *arrays("x.npy", "labels.npy"), "--probe", "mixed_ksg"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1.5") and "bits from 300 pairs, at most 1.5" in out
    assert "Next: noiselaw run CELLS.h5ad --label COLUMN" in out


def test_json_is_complete_and_strict(arrays, capsys):
    command = ["probe", *arrays("x.npy", "y.npy"), "--probe", "ksg", "--seed", "3", "--json"]
    assert main(command) == 0
    out = capsys.readouterr().out
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found["bits"] > 0.5 and found["seed"] == 3 and found["ceiling_bits"] is None
    assert found["diagnostics"]["n_groups"] == 300
    assert main(command) == 0
    assert capsys.readouterr().out == out


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("x.npy", "absent.npy"), "There is no file"),
        (("objects.npy", "y.npy"), "objects.npy could not be read as one array"),
        (("text.npy", "y.npy"), "text.npy could not be read as one array"),
        (("several.npz", "y.npy"), "several.npz holds several arrays"),
        (("x.npy", "short.npy"), "at least 50 pairs; Y has 9"),
        (("short.npy", "y.npy"), "X has 9"),
    ],
)
def test_bad_files_are_one_sentence_and_exit_3(arrays, capsys, names, sentence):
    assert main(["probe", *arrays(*names), "--probe", "ksg"]) == 3
    error = capsys.readouterr().err
    assert sentence in " ".join(error.split()) and "Traceback" not in error


def test_an_unknown_probe_exits_2_and_names_the_nearest(arrays, capsys):
    assert main(["probe", *arrays("x.npy", "y.npy"), "--probe", "kgs"]) == 2
    assert "Nearest: ksg" in capsys.readouterr().err
