import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import REPRESENTATIONS, External
from noiselaw.sweep import Study, run

#: A model of another environment: it reads .h5ad with h5py alone, and projects log counts at random.
SCRIPT = """
import sys
import h5py
import numpy as np

def read(path):
    with h5py.File(path) as file:
        x = file["X"]
        counts = np.zeros(x.attrs["shape"])
        rows = np.repeat(np.arange(len(counts)), np.diff(x["indptr"][:]))
        counts[rows, x["indices"][:]] = x["data"][:]
        assert (file["obs/library_size"][:] >= counts.sum(1)).all()
        index = file["obs"].attrs["_index"]
        return file["obs"][index].asstr()[:].astype(str), np.log1p(counts)

train, test, out, seed = sys.argv[1:]
names, values = read(test)
centred = values - read(train)[1].mean(0)
directions = np.random.default_rng(int(seed)).normal(size=(values.shape[1], 4))
order = np.random.default_rng(0).permutation(len(names))
np.savez(out, names=names[order], values=(centred @ directions)[order])
"""


def prepared(n=30, seed=0, start=0):
    counts = np.random.default_rng(seed).poisson(2.0, (n, 6)).astype(np.float32)
    names = np.array([f"cell{start + i}" for i in range(n)])
    return Prepared("counts", sparse.csr_array(counts), names, np.array(list("abcdef")), counts.sum(1) + 1.0, 0.5)


TRAIN, TEST = prepared(), prepared(12, 1, 30)


@pytest.fixture
def script(tmp_path):
    """Write a Python script and return the command that runs it."""

    def write(text, *arguments):
        path = tmp_path / "model.py"
        path.write_text(textwrap.dedent(text))
        return (sys.executable, str(path), *(arguments or ("{train}", "{test}", "{out}", "{seed}")))

    return write


def embedded(command, seed=0, **options):
    return External(command, **options).fit(TRAIN, generator(seed, "fit")).embed(TEST)


def test_a_command_gets_cells_and_gives_rows_in_any_order(script):
    one, two, other = (embedded(script(SCRIPT), seed) for seed in (0, 0, 1))
    assert one.values.shape == (12, 4)
    assert np.array_equal(one.values, two.values)
    assert not np.allclose(one.values, other.values)
    assert one.notes["seconds"] > 0
    centred = np.log1p(TEST.values.toarray()) - np.log1p(TRAIN.values.toarray()).mean(0)
    directions = np.linalg.lstsq(centred, one.values)[0]
    np.testing.assert_allclose(centred @ directions, one.values, atol=1e-6)


def test_it_knows_the_size_and_level_and_its_environment(script):
    command = script(
        """
        import os, sys
        import pandas as pd
        test, out, size, level = sys.argv[1:]
        names = [f"cell{i}" for i in range(30, 42)]
        pd.DataFrame({"size": float(size), "level": float(level), "told": float(os.environ["TOLD"])}, names).to_csv(out)
        """,
        "{test}", "{out}", "{size}", "{level}",
    )  # fmt: skip
    found = embedded(command, output="csv", environment={"TOLD": "7"}, constant="keep")
    assert found.values[0].tolist() == [30, 0.5, 7]
    assert found.notes["constant_dimensions"] == 3


def test_a_dimension_that_never_varies_is_refused(script):
    command = script(
        """
        import sys
        import numpy as np
        import pandas as pd
        names = [f"cell{i}" for i in range(30, 42)]
        pd.DataFrame({"a": np.arange(12.0), "b": 3.0}, names).to_csv(sys.argv[2])
        """,
        "{test}", "{out}",
    )  # fmt: skip
    with pytest.raises(InputError, match="1 of 2 dimensions never vary .* first column 2, which is 3 throughout"):
        embedded(command, output="csv")


def test_it_runs_where_the_study_file_lies(script, tmp_path):
    script(SCRIPT)
    command = (sys.executable, "model.py", "{train}", "{test}", "{out}", "{seed}")
    assert embedded(command, folder=str(tmp_path)).values.shape == (12, 4)


FAILS = {
    "exit code": ("import sys; print('a line', file=sys.stderr); sys.exit('no GPU here')",
                  "ended with exit code 1. It said last: a line | no GPU here"),
    "silence": ("import os; os._exit(3)", "exit code 3. It said nothing"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit code 137"),
    "no output": ("pass", "wrote nothing to {out}"),
    "missing cell": (SCRIPT + "\nnp.savez(out, names=names[:-2], values=values[:-2])",
                     "no row for 2 of the 12 .* first cell40"),
    "nan": (SCRIPT + "\nvalues[3] = np.nan; np.savez(out, names=names, values=values)",
            "1 of 12 rows have NaN .*cell33"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAILS)
def test_what_goes_wrong_is_one_sentence(script, fault):
    text, words = FAILS[fault]
    with pytest.raises(InputError, match=words.replace("{", r"\{").replace("|", r"\|")):
        embedded(script(text))


def test_a_program_that_is_absent_is_named():
    with pytest.raises(InputError, match="no program 'no-such-program' to run"):
        embedded(("no-such-program", "{test}", "{out}"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("python", "{test}"), r"must name \{out\}"),
        (("python", "{out}"), r"must name \{test\}"),
        (("python", "{test}", "{out}", "{gpu}"), "has 'gpu'"),
        (("python", "{test}", "{out}", "{"), "Write {{ for a brace"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(command, words):
    with pytest.raises(UsageError, match=words):
        External(command)


def test_a_command_in_one_text_is_refused():
    with pytest.raises(UsageError, match="command: Input should be a valid tuple"):
        REPRESENTATIONS.build("external", {"command": "python embed.py {test} {out}"})


#: Starts a process of its own, says its number, and neither ends soon.
HANGS = """
import subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(sys.argv[-1]).write_text(str(child.pid))
time.sleep(600)
"""


def gone(process, seconds=10.0):
    """Say whether the process ends within some seconds (one that waits to be buried has ended)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def waited_for(path, seconds=60.0):
    until = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(path.read_text())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
def test_a_timeout_ends_the_command_and_what_it_started(script, tmp_path):
    with pytest.raises(InputError, match=r"longer than its timeout of 3 s and was ended"):
        embedded(script(HANGS, "{test}", "{out}", str(tmp_path / "pid")), timeout=3)
    assert gone(waited_for(tmp_path / "pid"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_no_command_outlives_the_worker(script, tmp_path, ending):
    """Workers are ended by SIGKILL, which leaves them no time to tidy up; one process alone by Ctrl-C."""
    command = script(HANGS, "{test}", "{out}", str(tmp_path / "pid"))
    worker = tmp_path / "worker.py"
    worker.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"import test_external as t\nt.embedded({command!r})\n"
    )
    process = subprocess.Popen([sys.executable, str(worker)], stderr=subprocess.DEVNULL)
    try:
        child = waited_for(tmp_path / "pid")
        os.kill(process.pid, ending)
        process.wait(30)
        assert gone(child)
    finally:
        process.kill()
        process.wait()


def test_a_study_runs_it_and_goes_on_where_it_fails(script, tmp_path):
    """A study file names the command; one level fails with the command's words, the other is measured."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 240)
    rates = np.where(kinds[:, None] == np.arange(30) % 2, 8.0, 2.0)
    anndata.AnnData(
        sparse.csr_matrix(rng.poisson(rates).astype(np.float32)),
        obs=pd.DataFrame({"kind": np.array(["a", "b"])[kinds]}, index=[f"cell{i}" for i in range(240)]),
    ).write_h5ad(tmp_path / "cells.h5ad")
    script(SCRIPT.replace("= sys.argv[1:]", "= sys.argv[1:5]\nif float(sys.argv[5]) < 0.6: sys.exit('out of memory')"))
    (tmp_path / "study.toml").write_text(
        'levels = [0.5, 1.0]\nsizes = 1\nseeds = 1\n[data]\npath = "cells.h5ad"\n'
        '[[signals]]\nkind = "labels"\ncolumn = "kind"\n'
        f'[[models]]\nkind = "external"\ncommand = ["{sys.executable}", "model.py", '
        '"{train}", "{test}", "{out}", "{seed}", "{level}"]\ntimeout = 60\n'
    )
    study = Study.read(tmp_path / "study.toml")
    assert Study.from_toml(study.to_toml()).models == study.models
    table = run(study, tmp_path / "out").sort_values("level")
    assert list(table["status"] == "failed") == [True, False]
    assert "exit code 1. It said last: out of memory" in table["reason"].iloc[0]
    assert 0.3 < table["bits"].iloc[1] < 1.3  # its directions are random: the seed depends on the command
