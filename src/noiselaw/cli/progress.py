"""What a person sees while work goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.live import Live

    from noiselaw.sweep.progress import Part, Progress, Watcher

__all__ = ["patient", "watching"]

#: Seconds between two plain lines.
_PLAIN_EVERY = 15.0
#: Seeds up to which each has a column of the live table.
_MOST_COLUMNS = 8


@contextmanager
def watching(*, quiet: bool = False) -> Iterator[Watcher]:
    """Show how far the work has come, on standard error: live on a terminal, plain lines elsewhere or if ``quiet``."""
    if quiet or not sys.stderr.isatty():
        lines = _Lines()
        try:
            yield lines
        finally:
            lines.end()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=2) as live:
        live.update("Laying out the study ...")
        yield _Table(live)


@contextmanager
def patient(doing: str) -> Iterator[None]:
    """Say on standard error now and then that ``doing`` goes on."""
    began, ended = time.monotonic(), threading.Event()

    def speak() -> None:
        while not ended.wait(_PLAIN_EVERY):
            sys.stderr.write(f"Still {doing}, for {_duration(time.monotonic() - began)} ...\n")
            sys.stderr.flush()

    threading.Thread(target=speak, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


class _Pace:
    """How fast the work goes, from what was done since it was first seen."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first: int | None = None

    def seen(self, progress: Progress) -> tuple[float, float, float]:
        """Return seconds elapsed, tasks per second, and seconds left (NaN while unknown)."""
        self.first = progress.done if self.first is None else self.first
        elapsed = time.monotonic() - self.began
        rate = (progress.done - self.first) / elapsed if elapsed > 0 else 0.0
        return elapsed, rate, (progress.total - progress.done) / rate if rate > 0 else float("nan")


class _Table:
    """A table of conditions, a row for each level and a column for each seed."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.pace = _Pace()

    def update(self, progress: Progress) -> None:
        """Draw it anew."""
        from rich.console import Group
        from rich.text import Text

        elapsed, rate, left = self.pace.seen(progress)
        line = f"{progress.done} of {progress.total} tasks in {_duration(elapsed)}"
        if left == left and progress.done < progress.total:
            line += f", {60 * rate:.3g} a minute, about {_duration(left)} left"
        said = Text(line)
        if progress.failed:
            said.append(f", {progress.failed} measurements failed", style="red")
        now = [Text(f"  {name}", style="dim", overflow="ellipsis", no_wrap=True) for name in progress.running[:4]]
        self.live.update(Group(_conditions(progress), said, *now))


def _conditions(progress: Progress) -> RenderableType:
    from rich import box
    from rich.table import Table

    levels = sorted({level for level, _ in progress.conditions})
    seeds = sorted({seed for _, seed in progress.conditions})
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("level", justify="right")
    for seed in seeds[:_MOST_COLUMNS]:
        table.add_column(f"seed {seed}", justify="right")
    for level in levels:
        parts = [progress.conditions.get((level, seed)) for seed in seeds[:_MOST_COLUMNS]]
        table.add_row(f"{level:.4g}", *map(_cell, parts))
    if len(seeds) > _MOST_COLUMNS:
        table.caption = f"and {len(seeds) - _MOST_COLUMNS} more seeds"
    return table


def _cell(part: Part | None) -> str:
    """Return one condition: finished, how far, and how many of its measurements failed."""
    if part is None:
        return "[dim]was done[/dim]"
    said = "[green]done[/green]" if part.done == part.total else f"{part.done}/{part.total}" if part.done else "·"
    return f"{said} [red]{part.failed} failed[/red]" if part.failed else said


class _Lines:
    """A line now and then, for logs; from a thread of its own, so that one long task is no long silence."""

    def __init__(self) -> None:
        self.pace = _Pace()
        self.progress: Progress | None = None
        self.ended = threading.Event()
        threading.Thread(target=self._speak, daemon=True).start()

    def update(self, progress: Progress) -> None:
        """Remember how far it has come; say so at the beginning and the end."""
        before, self.progress = self.progress, progress
        if before is None or (progress.done == progress.total and before.done < before.total):
            self._say()

    def end(self) -> None:
        """Fall silent."""
        self.ended.set()

    def _speak(self) -> None:
        while not self.ended.wait(_PLAIN_EVERY):
            self._say()

    def _say(self) -> None:
        progress = self.progress
        if progress is None:
            sys.stderr.write(f"Still laying out the study, for {_duration(time.monotonic() - self.pace.began)} ...\n")
            sys.stderr.flush()
            return
        elapsed, _, left = self.pace.seen(progress)
        going = progress.done < progress.total
        soon = f", about {_duration(left)} left" if left == left and going else ""
        doing = f"; now {progress.running[0]}" if progress.running and going else ""
        failures = f", {progress.failed} failed" if progress.failed else ""
        sys.stderr.write(f"{progress.done}/{progress.total} tasks in {_duration(elapsed)}{soon}{failures}{doing}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
