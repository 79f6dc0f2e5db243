"""Where work runs: in this process, in local processes, on a Dask cluster; each a ``concurrent.futures`` executor."""

from __future__ import annotations

import signal
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from noiselaw.errors import UsageError
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """How to start and end an executor, how many tasks to hand it at a time, and how it says that a worker died."""

    start: Callable[[], Executor]
    slots: int
    end: Callable[[Executor], None] = _shut_down
    died: tuple[type[BaseException], ...] = (BrokenExecutor,)
    #: Whether ending the executor ends a task that hangs.
    can_end: bool = True


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
    return Engine(Inline, slots=1, can_end=False)


def local_processes(workers: int) -> Engine:
    """As many local processes as ``workers``.

    They are spawned, not forked: a fork copies the locks of threads that do not exist in the child.
    """
    return Engine(lambda: _started(workers), slots=workers, end=_kill_processes)


def _started(workers: int) -> Executor:
    """Start processes and wait until each answers, so that no task pays for it.

    Raises
    ------
    UsageError
        If they cannot start: they import the script that called, which then runs again.
    """
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    try:
        list(pool.map(_answer, range(workers)))
    except BrokenExecutor as error:
        _kill_processes(pool)
        raise UsageError(
            "Worker processes could not start: they import the script that called run(). Put what it does under "
            'if __name__ == "__main__": or pass workers=1.'
        ) from error
    return pool


def _answer(number: int) -> int:
    return number


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the driver, which ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def dask_cluster(scheduler: str) -> Engine:
    """Return the engine of the Dask cluster whose scheduler listens at ``scheduler`` (``tcp://host:8786``).

    Workers must see the study's folder under the same path and run one thread each, so that no sum depends on which
    tasks share a process.

    Raises
    ------
    UsageError
        If no scheduler answers there, or a worker runs several threads.
    MissingDependency
        If ``distributed`` is not installed.
    """
    distributed = require("distributed", "Running on a Dask cluster")
    cluster = _Cluster(distributed, scheduler)
    threads = {worker["nthreads"] for worker in cluster.connect().scheduler_info(n_workers=-1)["workers"].values()}
    cluster.close()
    if threads - {1}:
        raise UsageError(
            f"Dask workers must run one thread each, so that numbers do not depend on what shares a process; found "
            f"{max(threads)}. Start them with: dask worker {scheduler} --nthreads 1 --nworkers N"
        )
    return Engine(
        lambda: cluster.connect().get_executor(pure=False),
        slots=_AHEAD,
        end=lambda executor: cluster.close(),  # which takes back what had been asked for
        died=(distributed.KilledWorker,),
        can_end=False,
    )


class _Cluster:
    """A connection to a Dask cluster, opened when work starts and closed when it ends."""

    def __init__(self, distributed: Any, scheduler: str) -> None:
        self.distributed = distributed
        self.scheduler = scheduler
        self.client: Any = None

    def connect(self) -> Any:
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
