"""Do the work a grid still lacks, with any executor, and lose nothing when something dies."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from noiselaw.errors import StoreError, UsageError
from noiselaw.sweep import condition as work
from noiselaw.sweep.progress import Part, Progress, Sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noiselaw.sweep.engines import Engine
    from noiselaw.sweep.grid import Grid, Measure
    from noiselaw.sweep.progress import Watcher
    from noiselaw.sweep.store import Store
    from noiselaw.sweep.tasks import Lane, Task

__all__ = ["ATTEMPTS", "execute", "missing"]

#: How often a piece of work may take its worker down with it before it counts as failed.
ATTEMPTS = 3
#: Seconds between two signs of life to whoever watches.
_HEARTBEAT = 10.0


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
        driver.sign.take_down()


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
        self.tasks = list(tasks)
        #: What each task that may not start yet still needs, and which tasks wait for one.
        self.needs = {number: set(task.needs) for number, task in enumerate(tasks) if task.needs}
        self.waiting: dict[int, set[int]] = defaultdict(set)
        for number, needed in self.needs.items():
            for one in needed:
                self.waiting[one].add(number)
        self.store = store
        self.root = str(store.root.resolve())
        self.engine = engine
        self.watcher = watcher
        self.sign = Sign(store)
        self.keep_embeddings = keep_embeddings
        self.timeout = timeout
        self.executors: dict[Lane, Executor] = {}
        #: Tasks that may start, earliest first, by what they run on.
        self.ready: dict[Lane, list[int]] = defaultdict(list)
        for number, task in enumerate(tasks):
            if not task.needs:
                self.may_start(number)
        self.done = 0
        self.running: dict[Future[Any], int] = {}
        self.began: dict[int, float] = {}
        self.suspects: list[int] = []
        self.attempts: dict[int, int] = defaultdict(int)
        self.replaced: set[int] = set()
        self.left = Counter(task.condition for task in tasks)
        self.parts = {place: Part(0, count, 0) for place, count in Counter(task.place for task in tasks).items()}

    def run(self) -> None:
        self.tell()
        while self.done < len(self.tasks):
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
        free = Counter(self.engine.slots)
        free.subtract(self.lane_of(number) for number in self.running.values())
        # Inline work blocks in submit, so that one at a time keeps the watcher informed.
        for lane, ready in self.ready.items():
            for _ in range(min(free[lane], len(ready))):
                self.submit(heappop(ready))

    def may_start(self, number: int) -> None:
        """Put a task where it is handed out."""
        heappush(self.ready[self.lane_of(number)], number)

    def lane_of(self, number: int) -> Lane:
        """Return where a task runs: where it would like to, if the engine has that."""
        lane = self.tasks[number].lane
        return lane if lane in self.engine.slots else "cpu"

    def submit(self, number: int) -> None:
        task, lane = self.tasks[number], self.lane_of(number)
        if lane not in self.executors:
            self.executors[lane] = self.engine.start(lane)
        self.began[number] = time.monotonic()
        try:
            self.running[self.executors[lane].submit(task.function, self.root, task.argument)] = number
        except BrokenExecutor:
            self.suspects.append(number)
            self.stop()

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
        why = f"its worker was killed {ATTEMPTS} times (out of memory, perhaps)"
        if self.engine.blames:  # which has tried as often itself
            self.give_up(number, why)
            return
        together = [number, *self.running.values()]
        self.running.clear()
        self.stop()
        if len(together) == 1:
            self.attempts[number] += 1
            if self.attempts[number] >= ATTEMPTS or len(self.tasks[number].apart()) > 1:
                self.give_up(number, why)
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
        self.stop()
        for number in innocent:
            self.may_start(number)
        for number in late:
            self.give_up(number, f"it took longer than the timeout of {self.timeout:g} s")

    def give_up(self, number: int, why: str) -> None:
        """Try the points of a task that cannot be done apart; record as failed what waits for a single one."""
        task = self.tasks[number]
        apart = task.apart()
        if len(apart) > 1:
            self.split(number, apart)
        else:
            work.fail(self.root, task.argument, f"{task.name}: {why}")
        self.finish(number)

    def split(self, number: int, apart: Sequence[Task]) -> None:
        """Put the points of a task into its place: what waits for it waits for all of them."""
        new = set(range(len(self.tasks), len(self.tasks) + len(apart)))
        task = self.tasks[number]
        self.replaced.add(number)
        self.tasks += apart
        for waiting in self.waiting[number]:
            self.needs[waiting] |= new
        for one in new:
            self.waiting[one] = set(self.waiting[number])
            self.may_start(one)
        self.left[task.condition] += len(apart)
        part = self.parts[task.place]
        self.parts[task.place] = replace(part, total=part.total + len(apart))

    def finish(self, number: int) -> None:
        task = self.tasks[number]
        self.done += 1
        for waiting in self.waiting.pop(number, ()):
            self.needs[waiting].discard(number)
            if not self.needs[waiting]:
                self.may_start(waiting)
        measured = task.function is work.measure and number not in self.replaced
        failed = work.count_failed(self.root, task.argument) if measured else 0
        part = self.parts[task.place]
        self.parts[task.place] = replace(part, done=part.done + 1, failed=part.failed + failed)
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
        names = [self.tasks[number].name for number in self.running.values()]
        if not names:  # inline, the next one runs unseen
            names = [self.tasks[ready[0]].name for ready in self.ready.values() if ready][:1]
        failed = sum(part.failed for part in self.parts.values())
        progress = Progress(self.done, len(self.tasks), names, failed, dict(self.parts))
        self.sign.show(progress)
        if self.watcher is not None:
            self.watcher.update(progress)

    def stop(self) -> None:
        """End the workers now: what they had not finished is done again, what they had is in the store."""
        executors = list(self.executors.values())
        self.executors.clear()
        if not executors:
            return
        with _no_interrupts():  # a second Ctrl-C must not leave workers behind
            for executor in executors:
                self.engine.end(executor)
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
