"""The floors of the house, the hourglass, and what must stay light."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_rooms_import_only_from_floors_below():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_room_is_called_utils_and_no_file_outgrows_its_room():
    files = sorted((ROOT / "src/noiselaw").rglob("*.py"))
    assert files
    assert not [path for path in files if path.stem in {"utils", "util", "helpers", "misc", "common"}]
    long = {path.name: lines for path in files if (lines := len(path.read_text().splitlines())) > 400}
    assert not long


@pytest.mark.parametrize("room", ["laws", "fit", "plot", "plan", "report", "table"])
def test_the_lower_half_needs_neither_torch_nor_anndata(room):
    code = (
        f"import sys, noiselaw.{room}\n"
        "heavy = {'torch', 'scvi', 'scanpy', 'torchvision', 'anndata', 'sklearn', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
