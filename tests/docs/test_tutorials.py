"""Every command and every line of Python that a tutorial shows runs, in the order in which it is shown."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\{code-block\} )?(\w+)\n(?::caption: (\S+)\n\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """Return (language, file name or "", text) of every code block of a page."""
    return [(language, caption, text) for _, language, caption, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def environment(folder):
    with_ours = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": with_ours, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}


def ran(command, folder, **options):
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", sorted((DOCS / "tutorials").glob("*.md")), ids=lambda page: page.stem)
def test_a_tutorial_runs_as_it_is_written(page, tmp_path):
    shown = blocks(page)
    assert any(language in ("console", "python") for language, _, _ in shown)
    for language, caption, text in shown:
        if caption:
            (tmp_path / caption).write_text(text, encoding="utf-8")
        elif language == "console":
            for command in filter(None, text.splitlines()):
                assert shlex.split(command)[0] == "noiselaw"
                assert ran(command, tmp_path, shell=True) or ">" in command
        elif language == "python":
            ran([sys.executable, "-c", text], tmp_path)


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    ran([sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(DOCS), str(tmp_path / "site")], tmp_path)
    assert "First steps" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_pages_link_to_what_there_is(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing
