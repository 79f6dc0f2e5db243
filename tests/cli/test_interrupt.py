import os
import signal
import subprocess
import sys
import time

import pytest

STUDY = """
levels = [0.01, 0.03, 0.1, 0.3, 1.0]
sizes = 2
seeds = 2
[data]
simulator = "cells"
n_cells = 1200
n_genes = 300
[[signals]]
kind = "labels"
column = "cell_type"
"""


def command(study, out, workers):
    return [sys.executable, "-m", "noiselaw", "run", str(study), "--out", str(out), "--workers", str(workers)]


def wait_for_some(out, process, least=1):
    for _ in range(600):
        done = list((out / "measurements").glob("[!.]*")) if (out / "measurements").is_dir() else []
        if len(done) >= least:
            return len(done)
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    raise AssertionError("nothing was measured in a minute")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_a_store_that_goes_on(tmp_path, workers):
    study = tmp_path / "STUDY.toml"
    study.write_text(STUDY)
    whole = subprocess.run(command(study, tmp_path / "whole", 2), capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr

    out = tmp_path / "cut"
    process = subprocess.Popen(command(study, out, workers), stderr=subprocess.PIPE, text=True, start_new_session=True)
    done = wait_for_some(out, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "goes on from there" in said
    assert "Traceback" not in said
    assert done < 40
    assert not list(out.glob("*/.*"))  # nothing half-written
    assert (out / "measurements.csv").is_file()  # what there is can be read

    again = subprocess.run(command(study, out, workers), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    for name in ("measurements.csv", "measurements.parquet"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_killing_the_driver_loses_nothing(tmp_path):
    study = tmp_path / "STUDY.toml"
    study.write_text(STUDY)
    out = tmp_path / "cut"
    process = subprocess.Popen(command(study, out, 2), stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for_some(out, process)
    os.kill(process.pid, signal.SIGKILL)  # the driver alone: its workers must see it, and leave
    process.communicate(timeout=30)
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
    again = subprocess.run(command(study, out, 2), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "40 measurements (0 failed)" in again.stdout
    whole = subprocess.run(command(study, tmp_path / "whole", 2), capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr
    for name in ("measurements.csv", "measurements.parquet"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
