import subprocess
import sys

import pytest

import noiselaw
from noiselaw.cli import main


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"noiselaw {noiselaw.__version__}"
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert said.index("run ") < said.index("status ") < said.index("fit ") < said.index("report ")
    assert "130 interrupted" in " ".join(said.split())


def test_an_unknown_command_is_usage(capsys):
    assert main(["measure"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_a_folder_that_is_no_study(tmp_path, capsys):
    assert main(["status", str(tmp_path)]) == 3
    assert "is not a study's folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement", ["import noiselaw", "from noiselaw.cli import main", "from noiselaw import fit_law"]
)
def test_what_is_light_stays_light(statement):
    heavy = "torch scvi scanpy torchvision matplotlib".split() + ["anndata"] * ("fit_law" in statement)
    code = f"{statement}\nimport sys\nprint([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_in_the_window_exists():
    for name in noiselaw.__all__:
        assert getattr(noiselaw, name) is not None
    assert set(noiselaw.__all__) == {*noiselaw._WINDOW, "__version__"}
    with pytest.raises(AttributeError, match="no attribute 'fit_lw'"):
        noiselaw.fit_lw  # noqa: B018
