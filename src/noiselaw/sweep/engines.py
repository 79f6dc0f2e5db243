"""Where work runs: in this process, in local processes, on a Dask cluster; each a ``concurrent.futures`` executor."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

from noiselaw.errors import UsageError
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.queues import SimpleQueue

    from noiselaw.sweep.tasks import Lane

__all__ = ["Engine", "Inline", "dask_cluster", "in_this_process", "local_processes"]

#: Tasks handed to a cluster ahead of its workers, which may come and go.
_AHEAD = 200


def _shut_down(executor: Executor) -> None:
    executor.shutdown(wait=False, cancel_futures=True)


def _kill_processes(executor: Executor) -> None:
    """End the workers now: what they had not finished is done again, what they had is in the store."""
    processes = list((getattr(executor, "_processes", None) or {}).values())
    _shut_down(executor)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


@dataclass(frozen=True)
class Engine:
    """How to start and end executors, how many tasks to hand each at a time, and how they say that a worker died."""

    start: Callable[[Lane], Executor]
    #: Tasks at a time, by what they run on; without "gpu" everything runs on "cpu", which then sees every device.
    slots: Mapping[Lane, int]
    end: Callable[[Executor], None] = _shut_down
    died: tuple[type[BaseException], ...] = (BrokenExecutor,)
    #: Whether ending the executor ends a task that hangs.
    can_end: bool = True
    #: Whether the error that says a worker died comes from the task that killed it, tried again often enough.
    blames: bool = False


class Inline(Executor):
    """Calls at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call ``fn`` now and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every error to its future
            future.set_exception(error)
        return future


def in_this_process() -> Engine:
    """One task at a time, without another process: nothing can be ended while it runs."""
    return Engine(lambda lane: Inline(), slots={"cpu": 1}, can_end=False)


def local_processes(workers: int, gpus: Sequence[str] = (), jobs_per_gpu: int = 1) -> Engine:
    """As many local processes as ``workers``, and ``jobs_per_gpu`` more for each device of ``gpus``.

    They are spawned, not forked: a fork copies the locks of threads that do not exist in the child. A process sees only
    its own device (``CUDA_VISIBLE_DEVICES``), and those for the processor none.
    """
    slots: dict[Lane, int] = {"cpu": workers}
    devices: dict[Lane, list[str | None]] = {"cpu": ["" if gpus else None] * workers}
    if gpus:
        devices["gpu"] = [*gpus] * jobs_per_gpu
        slots["gpu"] = len(devices["gpu"])
    return Engine(lambda lane: _started(devices[lane]), slots, end=_kill_processes)


def _started(devices: Sequence[str | None]) -> Executor:
    """Start a process for each of ``devices`` and wait until they answer, so that no task pays for it.

    Raises
    ------
    UsageError
        If they cannot start: they import the script that called, which then runs again.
    """
    context = get_context("spawn")
    queue = context.SimpleQueue()
    for device in devices:
        queue.put(device)
    pool = ProcessPoolExecutor(len(devices), mp_context=context, initializer=_begin, initargs=(queue,))
    try:
        list(pool.map(_answer, range(len(devices))))
    except BrokenExecutor as error:
        _kill_processes(pool)
        raise UsageError(
            "Worker processes could not start: they import the script that called run(). Put what it does under "
            'if __name__ == "__main__": or pass workers=1.'
        ) from error
    return pool


def _answer(number: int) -> int:
    return number


def _begin(devices: SimpleQueue[str | None]) -> None:
    """Leave Ctrl-C to the driver, which ends the workers; take the next device, if they are told apart.

    A driver that is killed ends nobody, and a worker would wait for it for ever: each looks whether it is there.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    device = devices.get()
    if device is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = device


def _end_with_driver() -> None:
    driver = parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def dask_cluster(scheduler: str) -> Engine:
    """Return the engine of the Dask cluster whose scheduler listens at ``scheduler`` (``tcp://host:8786``).

    Workers must see the study's folder under the same path and run one thread each, so that no sum depends on which
    tasks share a process. Where some were started with ``--resources GPU=1``, models that train on one run there.

    Raises
    ------
    UsageError
        If no scheduler answers there, or a worker runs several threads.
    MissingDependency
        If ``distributed`` is not installed.
    """
    distributed = require("distributed", "Running on a Dask cluster")
    cluster = _Cluster(distributed, scheduler)
    workers = cluster.connect().scheduler_info(n_workers=-1)["workers"].values()
    threads = {worker["nthreads"] for worker in workers}
    has_gpus = any(worker["resources"].get("GPU") for worker in workers)
    cluster.close()
    if threads - {1}:
        raise UsageError(
            f"Dask workers must run one thread each, so that numbers do not depend on what shares a process; found "
            f"{max(threads)}. Start them with: dask worker {scheduler} --nthreads 1 --nworkers N"
        )
    wanted: dict[Lane, dict[str, Any]] = {"cpu": {}, "gpu": {"resources": {"GPU": 1}}}
    slots: dict[Lane, int] = {"cpu": _AHEAD, "gpu": _AHEAD} if has_gpus else {"cpu": _AHEAD}
    return Engine(
        lambda lane: cluster.connect().get_executor(pure=False, **wanted[lane]),
        slots,
        end=lambda executor: cluster.close(),  # which takes back what had been asked for
        died=(distributed.KilledWorker,),
        can_end=False,
        blames=True,
    )


class _Cluster:
    """A connection to a Dask cluster, opened when work starts and closed when it ends."""

    def __init__(self, distributed: Any, scheduler: str) -> None:
        self.distributed = distributed
        self.scheduler = scheduler
        self.client: Any = None

    def connect(self) -> Any:
        if self.client is not None:
            return self.client
        try:
            self.client = self.distributed.Client(self.scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"No Dask scheduler answers at {self.scheduler!r} ({error or type(error).__name__}). Start one (dask "
                "scheduler) and pass the address it prints, e.g. tcp://host:8786."
            ) from error
        return self.client

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None
