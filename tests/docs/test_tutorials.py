"""Every command and every line of Python that a tutorial shows runs, in the order in which it is shown."""

import importlib
import inspect
import os
import pkgutil
import re
import runpy
import shlex
import socket
import subprocess
import sys
import zlib
from html import unescape
from pathlib import Path

import pytest

import noiselaw

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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site once; a warning is an error."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    folder = tmp_path_factory.mktemp("site")
    ran([sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(DOCS), str(folder)], folder)
    return folder


def test_the_site_builds_without_a_warning(site):
    assert "First steps" in (site / "index.html").read_text(encoding="utf-8")


ROOMS = sorted(
    f"noiselaw.{found.name}"
    for found in pkgutil.iter_modules(noiselaw.__path__)
    if not found.name.startswith("_") and found.name != "cli"
)


@pytest.fixture(scope="module")
def described(site):
    """Return what the reference describes: full names, and the page's text."""
    text = unescape(re.sub(r"<[^>]+>", "", (site / "reference.html").read_text(encoding="utf-8")))
    inventory = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    return {line.split(" ", 1)[0] for line in inventory.splitlines() if " py:" in line}, text


@pytest.mark.parametrize("room", ["noiselaw", *ROOMS])
def test_every_public_name_is_in_the_reference(described, room):
    names, text = described
    module = importlib.import_module(room)
    for name in set(module.__all__) - {"__version__"}:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            known = {
                f"{room}.{name}",
                f"{value.__module__}.{name}",
                *(f"{other}.{name}" for other in ["noiselaw", *ROOMS]),
            }
            assert known & names, name
        else:  # a registry, a type or a number stands in the text
            assert name in text, name


@pytest.mark.parametrize("room", ["noiselaw", *ROOMS])
def test_the_reference_says_every_parameter_field_and_error(room):
    """What a docstring leaves out is added from the signature and the code; nothing may be left without its words."""
    conf = runpy.run_path(str(DOCS / "conf.py"))
    module = importlib.import_module(room)
    for name in module.__all__:
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)) or value.__module__.split(".")[0] != "noiselaw":
            continue
        lines = (inspect.getdoc(value) or "").splitlines()
        assert lines, f"{name} has no docstring"
        conf["say_the_rest"](None, "class" if inspect.isclass(value) else "function", name, value, None, lines)
        if not (inspect.isclass(value) and issubclass(value, BaseException)):
            inherited = [base.__doc__ or "" for base in getattr(value, "__mro__", ())[1:]]
            assert conf["unsaid"](value, "\n".join([*lines, *inherited])) == ([], []), name


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_pages_link_to_what_there_is(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


STUDY = 'levels = 2\nsizes = 1\nseeds = 1\nmodels = ["pca"]\n[data]\nsimulator = "cells"\nn_cells = 300\nn_genes = 60\n'
SIGNAL = '[[signals]]\nkind = "labels"\ncolumn = "cell_type"\n'
#: Stands in for dask-jobqueue: a cluster on this machine instead of Slurm's.
ON_SLURM = """
from distributed import LocalCluster

class SLURMCluster(LocalCluster):
    def __init__(self, **asked):
        assert asked["cores"] == asked["processes"] == 1
        super().__init__(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")

    def adapt(self, **asked):
        assert asked["maximum_jobs"] > 1
"""


@pytest.mark.slow
def test_the_page_on_clusters_runs_as_it_is_written_but_for_its_names(tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def here(text):
        names = {
            "tcp://host:8786": f"tcp://127.0.0.1:{port}",
            "/shared/": f"{tmp_path}/",
            "--nworkers 8": "--nworkers 1",
        }
        for name, ours in names.items():
            text = text.replace(name, ours)
        return text

    (tmp_path / "STUDY.toml").write_text(STUDY + SIGNAL, encoding="utf-8")
    (tmp_path / "dask_jobqueue.py").write_text(ON_SLURM, encoding="utf-8")
    (console, *_), (script,) = (
        [text for language, _, text in blocks(DOCS / "cluster.md") if language == kind]
        for kind in ("console", "python")
    )
    install, scheduler, worker, run = (line.split("#")[0].strip() for line in console.strip().splitlines())
    assert install.startswith("pip install")
    assert [scheduler, run.split()[0]] == ["dask scheduler", "noiselaw"]
    started = []
    try:
        for command in (f"{scheduler} --host 127.0.0.1 --port {port} --no-dashboard", f"{here(worker)} --no-dashboard"):
            with (tmp_path / "dask.log").open("ab") as log:
                started.append(
                    subprocess.Popen(
                        shlex.split(command), cwd=tmp_path, env=environment(tmp_path), stdout=log, stderr=log
                    )
                )
        ran(here(run), tmp_path, shell=True)
        assert (tmp_path / "study" / "measurements.parquet").is_file()
        (tmp_path / "script.py").write_text(here(script).replace('study")', 'again")'), encoding="utf-8")
        ran([sys.executable, "script.py"], tmp_path)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
