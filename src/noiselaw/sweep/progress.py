"""How far a run has come: told to whoever watches, and left in the store for ``noiselaw status``."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from socket import gethostname
from typing import TYPE_CHECKING, Protocol

from noiselaw.sweep.store import abandoned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.sweep.store import Store

__all__ = ["Part", "Progress", "Sign", "Watcher", "running_in"]

#: Seconds between two signs of life left in the store, and after which one is taken for dead.
_EVERY, _DEAD = 5.0, 60.0


@dataclass(frozen=True)
class Part:
    """How far one condition has come, in tasks, and how many of its measurements failed."""

    done: int
    total: int
    failed: int


@dataclass(frozen=True)
class Progress:
    """How far a run has come: tasks, what runs now, failed measurements, and each condition by (level, seed)."""

    done: int
    total: int
    running: Sequence[str]
    failed: int
    conditions: Mapping[tuple[float, int], Part]


class Watcher(Protocol):
    """Somebody who wants to know how far the work has come."""

    def update(self, progress: Progress) -> None:
        """Hear how far it has come: at least every ten seconds, where the engine leaves the driver free."""


@dataclass(frozen=True)
class Running:
    """A run at work on a store: where, and what it does now."""

    host: str
    process: int
    done: int
    total: int
    running: Sequence[str]


class Sign:
    """A small file in the store's folder that says what a run does now.

    Its name ends like that of everything unfinished, so that what a killed run leaves is tidied away with the rest.
    """

    def __init__(self, store: Store) -> None:
        self.path = store.root / f".running.{gethostname()}.{os.getpid()}.json"
        self.last = float("-inf")

    def show(self, progress: Progress) -> None:
        """Leave a sign, if the last is some seconds old. Where that fails the work goes on: nothing needs it."""
        now = time.monotonic()
        if now - self.last < _EVERY:
            return
        self.last = now
        sign = Running(gethostname(), os.getpid(), progress.done, progress.total, list(progress.running))
        with suppress(OSError), self.path.open("w") as handle:
            json.dump(asdict(sign), handle)

    def take_down(self) -> None:
        """Remove the sign."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def running_in(store: Store) -> list[Running]:
    """Return the runs that work on ``store`` now, on this machine or another one that shares the folder."""
    found = []
    for path in sorted(store.root.glob(".running.*.json")):
        with suppress(OSError, ValueError, TypeError):
            if not abandoned(path.name) and time.time() - path.stat().st_mtime < _DEAD:
                found.append(Running(**json.loads(path.read_text())))
    return found
