"""What the README shows runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from noiselaw.sweep import Study

ROOT = Path(__file__).parents[1]


def test_the_quickstart_runs_and_draws(tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg"}
    script = ROOT / "examples/quickstart.py"
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "I_max" in done.stdout
    assert "cell_type" in done.stdout
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")


def test_the_quickstart_is_a_dozen_lines():
    code = [line for line in (ROOT / "examples/quickstart.py").read_text().splitlines() if line.strip()]
    assert len([line for line in code if not line.lstrip().startswith(("#", '"""'))]) <= 15


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.name)
def test_every_study_file_can_be_read(path):
    assert Study.read(path).signals


def test_the_readme_names_files_that_exist():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert not missing
