"""What can go wrong under a sweep, really done to it. After each: nothing lost, nothing counted twice."""

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from noiselaw.errors import StoreError, UsageError
from noiselaw.signals import Labels
from noiselaw.sweep import Store, Study, run

pytestmark = pytest.mark.slow

STUDY = """
levels = [0.03, 0.3, 1.0]
sizes = 2
seeds = 2
[data]
simulator = "cells"
n_cells = 800
n_genes = 200
[[signals]]
kind = "labels"
column = "cell_type"
"""

MODELS = """
import os, signal, time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from noiselaw.represent import RandomProjection
from noiselaw.represent.base import Representation
from noiselaw.sweep import store

@dataclass(frozen=True)
class Hangs(Representation):
    takes: ClassVar[str] = "lognorm"
    def _fit(self, prepared, rng):
        time.sleep(1000)

@dataclass(frozen=True)
class Poisoned(Representation):
    # hangs, or kills its worker, at one training size of those that it fits together
    takes: ClassVar[str] = "lognorm"
    shares_sizes: ClassVar[bool] = True
    size: int = 0
    hangs: bool = True
    log: str = ""
    def _fit(self, prepared, rng):
        if len(prepared) == self.size:
            with open(self.log, "a") as handle:
                handle.write("tried\\n")
            if self.hangs:
                time.sleep(1000)
            os.kill(os.getpid(), signal.SIGKILL)
        return RandomProjection().fit(prepared, rng)

@dataclass(frozen=True)
class DiesOnce(Representation):
    takes: ClassVar[str] = "lognorm"
    flag: str = ""
    def _fit(self, prepared, rng):
        flag = Path(self.flag)
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return RandomProjection().fit(prepared, rng)

@dataclass(frozen=True)
class DiesWriting(Representation):
    # kills its worker when half of its embedding's bytes are on disk, once
    takes: ClassVar[str] = "lognorm"
    flag: str = field(default="", metadata={"shown": False})  # one name, one seed
    def _fit(self, prepared, rng):
        if not Path(self.flag).exists():
            Path(self.flag).touch()
            store._save = half_written
        return RandomProjection().fit(prepared, rng)

def half_written(path, values):
    whole = values.tobytes()
    with open(path, "wb") as handle:
        handle.write(whole[: len(whole) // 2])
        handle.flush()
        os.fsync(handle.fileno())
        os.kill(os.getpid(), signal.SIGKILL)
"""


def tiny(cells, **options):
    defaults = {"levels": [1.0], "sizes": [300], "seeds": 1, "models": ["pca"], "signals": [Labels("cell_type")]}
    return Study(data=cells, **{**defaults, **options})


def table_of(folder):
    return (Path(folder) / "measurements.csv").read_bytes(), (Path(folder) / "measurements.parquet").read_bytes()


@pytest.fixture
def undisturbed(cells, tmp_path):
    run(tiny(cells), tmp_path / "undisturbed")
    return table_of(tmp_path / "undisturbed")


@pytest.fixture
def study_file(tmp_path):
    path = tmp_path / "STUDY.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def models(tmp_path, monkeypatch):
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "faulty_models.py").write_text(textwrap.dedent(MODELS))
    monkeypatch.syspath_prepend(tmp_path / "path")
    yield importlib.import_module("faulty_models")
    sys.modules.pop("faulty_models", None)


class Failing:
    """Every call that writes, counted; the one numbered ``fatal`` fails as a full disk (or another fault) does."""

    def __init__(self, monkeypatch, number=errno.ENOSPC):
        self.calls, self.fatal, self.number = 0, None, number
        for owner, name in ((np, "save"), (Path, "write_text"), (Path, "rename"), (Path, "replace"), (Path, "mkdir")):
            original = getattr(owner, name)

            def counting(*args, original=original, **kwargs):
                self.calls += 1
                if self.calls == self.fatal:
                    raise OSError(self.number, os.strerror(self.number))
                return original(*args, **kwargs)

            monkeypatch.setattr(owner, name, counting)

    def restart(self, fatal):
        self.calls, self.fatal = 0, fatal


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_every_write_in_turn_fails_and_the_next_run_completes(cells, tmp_path, undisturbed, monkeypatch, number):
    failing = Failing(monkeypatch, number)
    failing.restart(None)
    run(tiny(cells), tmp_path / "counted")
    writes = failing.calls
    assert writes > 15
    for fatal in range(1, writes + 1):
        folder = tmp_path / f"fault{fatal}"
        failing.restart(fatal)
        with pytest.raises(StoreError, match=os.strerror(number)):
            run(tiny(cells), folder)
        failing.restart(None)
        run(tiny(cells), folder)
        assert table_of(folder) == undisturbed, fatal
        assert not list(folder.glob("*/.*")), fatal


@pytest.mark.parametrize("kind", ["sources", "splits", "pairs", "embeddings", "measurements"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped"])
def test_damaged_pieces_are_found_put_aside_and_made_again(cells, tmp_path, undisturbed, kind, damage):
    folder = tmp_path / "s"
    run(tiny(cells), folder)
    store = Store.open(folder)
    for key in store.keys(kind):
        files = sorted(store.path(kind, key).iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(files[-1].read_bytes())
        content[-3] ^= 0x10
        files[-1].write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "flipped": content}[damage])
    if kind != "measurements":  # have the damaged piece needed
        for key in store.keys("measurements"):
            store.remove("measurements", key)
    run(tiny(cells), folder)
    assert table_of(folder) == undisturbed
    assert list((folder / "quarantine").iterdir())


def test_a_point_that_hangs_is_ended_and_fails_alone(cells, tmp_path, models):
    table = run(tiny(cells, models=["pca", models.Hangs()]), tmp_path / "s", workers=2, timeout=15)
    hung = table["representation"] == "Hangs"
    assert table.loc[hung, "reason"].str.contains("longer than the timeout of 15 s").all()
    assert (table.loc[~hung, "status"] != "failed").all()
    assert len(table) == 2
    with pytest.raises(UsageError, match="A timeout needs local processes"):
        from noiselaw.sweep.engines import in_this_process
        from noiselaw.sweep.execute import execute

        execute([], Store.open(tmp_path / "s"), in_this_process(), timeout=1.0)


@pytest.mark.parametrize("hangs", [True, False])
def test_a_poisoned_point_fails_alone_though_it_was_fitted_with_others(cells, tmp_path, models, hangs):
    log = tmp_path / "log"
    poisoned = models.Poisoned(size=200, hangs=hangs, log=str(log))
    options = {"workers": 2, "timeout": 15} if hangs else {"workers": 2}
    table = run(tiny(cells, models=[poisoned], sizes=[100, 200, 300]), tmp_path / "s", **options).set_index("n_train")
    assert table["status"].eq("failed").to_dict() == {100: False, 200: True, 300: False}
    reason = "longer than the timeout" if hangs else "killed 3 times"
    assert reason in table.loc[200, "reason"]
    tried = len(log.read_text().split())  # with the others, then alone; a death in company is nobody's fault
    assert tried == 2 if hangs else 4 <= tried <= 6


def test_a_worker_killed_in_mid_training_costs_nothing(cells, tmp_path, models):
    flag = tmp_path / "died"
    table = run(tiny(cells, models=["pca", models.DiesOnce(str(flag))]), tmp_path / "s", workers=2)
    assert flag.exists()
    assert (table["status"] != "failed").all()


def test_a_worker_killed_in_mid_write_leaves_the_table_of_an_undisturbed_run(cells, tmp_path, models):
    calm, flag = tmp_path / "calm", tmp_path / "died"
    calm.touch()
    for number, name in enumerate((calm, flag)):
        study = tiny(cells, models=["pca", models.DiesWriting(str(name))], seeds=2)
        run(study, tmp_path / f"s{number}", workers=2)
    assert flag.exists()
    assert table_of(tmp_path / "s1")[0] == table_of(tmp_path / "s0")[0]
    assert not [entry for entry in (tmp_path / "s1").rglob(".*") if entry.name != ".running"]


def command(study, out, *more):
    return [sys.executable, "-m", "noiselaw", "run", str(study), "--out", str(out), "--workers", "2", *more]


def started(study, out):
    process = subprocess.Popen(command(study, out), stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(600):
        if (out / "measurements").is_dir() and list((out / "measurements").glob("[!.]*")):
            return process
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    raise AssertionError("nothing was measured in a minute")


@pytest.fixture
def whole(study_file, tmp_path):
    done = subprocess.run(command(study_file, tmp_path / "whole"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return table_of(tmp_path / "whole")


def test_two_runs_on_one_store_at_once(study_file, tmp_path, whole):
    out = tmp_path / "both"
    runs = [subprocess.Popen(command(study_file, out), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[1] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], said
    assert table_of(out) == whole


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_walltime_and_an_impatient_user(study_file, tmp_path, whole, signals):
    out = tmp_path / "cut"
    process = started(study_file, out)
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(0.2)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):  # no worker is left behind
        for _ in range(50):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
    done = subprocess.run(command(study_file, out), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert table_of(out) == whole


def test_a_store_of_another_format_and_a_plan_that_changed(cells, tmp_path):
    folder = tmp_path / "s"
    run(tiny(cells, levels=[0.1, 1.0]), folder)
    before = Store.open(folder).keys("measurements")
    table = run(tiny(cells, levels=[1.0]), folder)
    assert len(table) == 1
    assert Store.open(folder).keys("measurements") == before  # what is not asked for now is kept
    (folder / "store.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="format 99"):
        run(tiny(cells), folder)


def test_a_dask_cluster_gives_the_same_table_even_when_a_worker_is_killed(study_file, tmp_path, whole):
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "dask"
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster:
        killed = threading.Event()

        def kill_one():
            for _ in range(600):
                if (out / "measurements").is_dir() and list((out / "measurements").glob("[!.]*")):
                    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
                    killed.set()
                    return
                time.sleep(0.1)

        killer = threading.Thread(target=kill_one)
        killer.start()
        run(Study.read(study_file), out, scheduler=cluster.scheduler_address)
        killer.join()
    assert killed.is_set()
    assert table_of(out) == whole


def test_a_cluster_that_is_not_there_or_shares_processes_is_refused(cells, tmp_path):
    distributed = pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="No Dask scheduler answers"):
        run(tiny(cells), tmp_path / "s", scheduler="tcp://127.0.0.1:9")
    assert not (tmp_path / "s").exists()
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**options) as cluster,
        pytest.raises(UsageError, match="one thread each.*found 2"),
    ):
        run(tiny(cells), tmp_path / "s", scheduler=cluster.scheduler_address)
