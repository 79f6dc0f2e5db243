"""Do the work a grid still lacks, with any executor, and lose nothing when something dies."""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from noiselaw.errors import StoreError, UsageError
from noiselaw.sweep import condition as work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from noiselaw.sweep.engines import Engine
    from noiselaw.sweep.grid import Embed, Grid, Measure
    from noiselaw.sweep.store import Store

__all__ = ["ATTEMPTS", "Task", "Watcher", "execute", "missing", "tasks_of"]

#: How often a piece of work may take its worker down with it before it counts as failed.
ATTEMPTS = 3
#: Seconds between two signs of life to whoever watches.
_HEARTBEAT = 10.0


class Watcher(Protocol):
    """Somebody who wants to know how far the work has come."""

    def update(self, done: int, total: int, running: Sequence[str], failed: int) -> None:
        """Hear that ``done`` of ``total`` tasks are finished, what runs now, and how many measurements failed."""


@dataclass(frozen=True, eq=False)
class Task:
    """A piece of work for one worker: what to call, what must be finished before, and how to name it."""

    name: str
    function: Callable[[str, Any], None]
    argument: Any
    condition: str
    needs: frozenset[int] = field(default_factory=frozenset)


def tasks_of(grid: Grid, store: Store) -> list[Task]:
    """Return the work that ``store`` still lacks, condition by condition, each task after those it needs."""
    finished = store.keys("measurements")
    missing = [item for item in grid.measures if item.key not in finished]
    embedded, prepared = store.keys("embeddings"), store.keys("conditions")
    tasks: list[Task] = []
    for key, measures in _by(missing, lambda item: item.embed.condition.key).items():
        condition = measures[0].embed.condition
        where = f"level {condition.channel.level:.4g}, seed {condition.seed}"
        embeds = {item.embed.key: item.embed for item in measures if item.embed.key not in embedded}
        after_prepare: frozenset[int] = frozenset()
        if embeds and key not in prepared:
            tasks.append(Task(f"prepare {where}", work.prepare, condition, key))
            after_prepare = frozenset({len(tasks) - 1})
        after_embed = set()
        for group in _fit_groups(embeds.values()):
            name = f"fit {type(group[0].model).__name__} ({where})"
            tasks.append(Task(name, work.embed, group, key, after_prepare))
            after_embed.add(len(tasks) - 1)
        for asked in _by(measures, lambda item: (item.row["signal"], item.pairs, repr(item.probe))).values():
            name = f"measure {asked[0].row['signal']} ({where})"
            tasks.append(Task(name, work.measure, asked, key, frozenset(after_embed)))
    return tasks


def _fit_groups(embeds: Iterable[Embed]) -> Iterator[list[Embed]]:
    """Yield fits that share work together, others one by one."""
    for items in _by(embeds, lambda item: repr(item.model)).values():
        together = items[0].model.shares_sizes and items[0].condition.subsets == "nested"
        yield from [items] if together else [[item] for item in items]


def _by(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def execute(
    tasks: Sequence[Task],
    store: Store,
    engine: Engine,
    watcher: Watcher | None = None,
    *,
    keep_embeddings: bool = True,
    timeout: float | None = None,
) -> None:
    """Do ``tasks``; when it returns every one is finished, one that hangs or kills its worker as failed measurements.

    Raises
    ------
    StoreError
        If the store cannot be written. What was finished is kept.
    UsageError
        If ``timeout`` (seconds for one task) is given and the engine cannot end a task.
    KeyboardInterrupt
        On Ctrl-C, after the workers have been ended. What was finished is kept.
    """
    if timeout is not None and not engine.can_end:
        raise UsageError("A timeout needs local processes, which can be ended. Pass workers=2 or more, or no timeout.")
    driver = _Driver(tasks, store, engine, watcher, keep_embeddings, timeout)
    try:
        driver.run()
    finally:
        driver.stop()


class _Driver:
    """The loop that hands out tasks whose needs are met and takes in what is finished."""

    def __init__(
        self,
        tasks: Sequence[Task],
        store: Store,
        engine: Engine,
        watcher: Watcher | None,
        keep_embeddings: bool,
        timeout: float | None,
    ) -> None:
        self.tasks = tasks
        self.store = store
        self.root = str(store.root.resolve())
        self.engine = engine
        self.watcher = watcher
        self.keep_embeddings = keep_embeddings
        self.timeout = timeout
        self.executor: Executor | None = None
        self.todo = list(range(len(tasks)))
        self.done: set[int] = set()
        self.running: dict[Future[Any], int] = {}
        self.began: dict[int, float] = {}
        self.suspects: list[int] = []
        self.attempts: dict[int, int] = defaultdict(int)
        self.failed = 0
        self.left = {key: len(group) for key, group in _by(tasks, lambda task: task.condition).items()}

    def run(self) -> None:
        self.tell()
        while self.todo or self.running or self.suspects:
            self.hand_out()
            finished, _ = wait(self.running, timeout=self.patience(), return_when=FIRST_COMPLETED)
            for future in finished:
                self.take_in(future)
            self.end_what_hangs()
            self.tell()

    def patience(self) -> float:
        """Return how long to wait before looking again: until the next sign of life, or the next timeout."""
        if self.timeout is None or not self.running:
            return _HEARTBEAT
        oldest = min(self.began[number] for number in self.running.values())
        return min(_HEARTBEAT, max(0.05, oldest + self.timeout - time.monotonic()))

    def hand_out(self) -> None:
        """Start what may start: normally as many as there are slots; a suspect of killing its worker alone."""
        if self.suspects:
            if not self.running:
                self.submit(self.suspects.pop(0))
            return
        # Inline work blocks in submit, so that one at a time keeps the watcher informed.
        ready = [number for number in self.todo if self.tasks[number].needs <= self.done]
        for number in ready[: self.engine.slots - len(self.running)]:
            self.todo.remove(number)
            self.submit(number)

    def submit(self, number: int) -> None:
        if self.executor is None:
            self.executor = self.engine.start()
        task = self.tasks[number]
        self.began[number] = time.monotonic()
        try:
            self.running[self.executor.submit(task.function, self.root, task.argument)] = number
        except BrokenExecutor:
            self.suspects.append(number)
            self.restart()

    def take_in(self, future: Future[Any]) -> None:
        if future not in self.running:  # a worker died and its companions were taken back
            return
        number = self.running.pop(future)
        error = future.exception()
        if error is None:
            self.finish(number)
        elif isinstance(error, self.engine.died):
            self.worker_died(number)
        else:
            raise error

    def worker_died(self, number: int) -> None:
        """Run each task that was running when a worker was killed alone, so that only the culprit is blamed."""
        together = [number, *self.running.values()]
        self.running.clear()
        self.restart()
        if len(together) == 1:
            self.attempts[number] += 1
            if self.attempts[number] >= ATTEMPTS:
                self.give_up(number, f"its worker was killed {ATTEMPTS} times (out of memory, perhaps)")
                return
        self.suspects = [*together, *self.suspects]

    def end_what_hangs(self) -> None:
        """Give up every task that has run for longer than the timeout; its companions are handed out again."""
        if self.timeout is None:
            return
        late = [n for n in self.running.values() if time.monotonic() - self.began[n] > self.timeout]
        if not late:
            return
        innocent = [number for number in self.running.values() if number not in late]
        self.running.clear()
        self.restart()
        self.todo = [*innocent, *self.todo]
        for number in late:
            self.give_up(number, f"it took longer than the timeout of {self.timeout:g} s")

    def give_up(self, number: int, why: str) -> None:
        """Record as failed every measurement that waits for a task which cannot be done."""
        task = self.tasks[number]
        work.fail(self.root, task.argument, f"{task.name}: {why}")
        self.finish(number)

    def finish(self, number: int) -> None:
        task = self.tasks[number]
        self.done.add(number)
        if task.function is work.measure:
            self.failed += work.count_failed(self.root, task.argument)
        self.left[task.condition] -= 1
        if not self.left[task.condition]:
            self.tidy(task.condition)

    def tidy(self, condition: str) -> None:
        """Free what a finished condition needed and what can be made again."""
        self.store.remove("conditions", condition)
        if not self.keep_embeddings:
            for task in self.tasks:
                if task.condition == condition and task.function is work.measure:
                    for item in task.argument:
                        self.store.remove("embeddings", item.embed.key)

    def tell(self) -> None:
        if self.watcher is not None:
            names = [self.tasks[number].name for number in self.running.values()]
            if not names and self.todo:
                names = [self.tasks[self.todo[0]].name]
            self.watcher.update(len(self.done), len(self.tasks), names, self.failed)

    def restart(self) -> None:
        self.stop()
        self.executor = None

    def stop(self) -> None:
        """End the workers now: what they had not finished is done again, what they had is in the store."""
        if self.executor is None:
            return
        with _no_interrupts():  # a second Ctrl-C must not leave workers behind
            self.engine.end(self.executor)
            self.store.tidy()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold Ctrl-C off for a moment; elsewhere than in the main thread it cannot come."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def missing(grid: Grid, store: Store) -> list[Measure]:
    """Return the measurements that ``store`` lacks; damaged ones are put aside and count as lacking."""
    lacking = []
    for item in grid.measures:
        if store.has("measurements", item.key):
            try:
                store.read("measurements", item.key)
                continue
            except StoreError:
                store.quarantine("measurements", item.key)
        lacking.append(item)
    return lacking
