"""What a person sees while work goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress, TaskID

    from noiselaw.sweep.execute import Watcher

__all__ = ["watching"]

#: Seconds between two plain lines.
_PLAIN_EVERY = 15.0


@contextmanager
def watching(*, quiet: bool = False) -> Iterator[Watcher]:
    """Show how far the work has come, on standard error: live on a terminal, plain lines elsewhere or if ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Live(progress)


class _Live:
    """A bar on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task: TaskID | None = None

    def update(self, done: int, total: int, running: Sequence[str], failed: int) -> None:
        """Move the bar."""
        if self.task is None:
            self.task = self.progress.add_task("", total=total)
        from rich.markup import escape

        what = escape(running[0]) if running else "finishing"
        note = f"{what} [red]{failed} failed[/red]" if failed else what
        self.progress.update(self.task, completed=done, total=total, description=note)


class _Lines:
    """A line now and then, for logs."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.last = float("-inf")
        self.first_done: int | None = None

    def update(self, done: int, total: int, running: Sequence[str], failed: int) -> None:
        """Print a line when the last is some seconds old, and at the end."""
        now = time.monotonic()
        self.first_done = done if self.first_done is None else self.first_done
        if now - self.last < _PLAIN_EVERY and done < total:
            return
        self.last = now
        elapsed = now - self.began
        rate = (done - self.first_done) / elapsed if elapsed > 0 else 0.0
        left = f", about {(total - done) / rate:.0f} s left" if rate > 0 and done < total else ""
        doing = f"; now {running[0]}" if running and done < total else ""
        failures = f", {failed} failed" if failed else ""
        sys.stderr.write(f"{done}/{total} tasks in {elapsed:.0f} s{left}{failures}{doing}\n")
        sys.stderr.flush()
