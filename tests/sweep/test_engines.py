import os

import pytest

from noiselaw.errors import UsageError
from noiselaw.sweep import Execution
from noiselaw.sweep.engines import in_this_process, local_processes


def device(_):
    import time

    time.sleep(0.5)  # so that no process answers twice
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.getpid()


def seen(engine, lane):
    executor = engine.start(lane)
    try:
        return list(executor.map(device, range(engine.slots[lane])))
    finally:
        engine.end(executor)


@pytest.mark.slow
def test_each_process_of_a_gpu_sees_that_device_alone_and_the_others_none():
    engine = local_processes(1, gpus=["0", "3"], jobs_per_gpu=1)
    assert engine.slots == {"cpu": 1, "gpu": 2}
    assert sorted(name for name, _ in seen(engine, "gpu")) == ["0", "3"]
    assert [name for name, _ in seen(engine, "cpu")] == [""]


def test_without_devices_everything_runs_on_the_processors_lane():
    assert local_processes(2).slots == {"cpu": 2}
    assert in_this_process().slots == {"cpu": 1}


def test_an_inline_executor_hands_errors_to_its_future():
    future = in_this_process().start("cpu").submit(int, "no number")
    with pytest.raises(ValueError, match="no number"):
        future.result()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"workers": 0}, "workers must be at least 1"),
        ({"jobs_per_gpu": 0}, "jobs_per_gpu must be at least 1"),
        ({"gpus": ("0", "0")}, "different devices"),
        ({"gpus": ("0",), "scheduler": "tcp://host:1"}, "--resources GPU=1"),
        ({"timeout": 0.0}, "positive number of seconds"),
        ({"timeout": 1.0, "scheduler": "tcp://host:1"}, "limits of its own"),
    ],
)
def test_executions_that_cannot_be_meant_are_refused(options, reason):
    with pytest.raises(UsageError, match=reason):
        Execution(**options)


def test_gpus_take_processes_even_for_one_worker():
    assert Execution(gpus=("0",), jobs_per_gpu=2).engine().slots == {"cpu": 1, "gpu": 2}
