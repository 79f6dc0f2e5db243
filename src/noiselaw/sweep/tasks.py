"""The work that a grid still lacks, as tasks for workers: each says what must be finished before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from noiselaw.sweep import condition as work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from noiselaw.sweep.grid import Embed, Grid
    from noiselaw.sweep.store import Store

__all__ = ["Lane", "Task", "tasks_of"]

#: What a task runs on: a processor core, or a slot of a GPU where the engine has such.
Lane = Literal["cpu", "gpu"]


@dataclass(frozen=True, eq=False)
class Task:
    """A piece of work for one worker.

    Parameters
    ----------
    name
        How a person is told about it.
    function, argument
        What the worker calls, with the store's folder and this.
    condition
        The condition it belongs to.
    place
        The condition's level and seed.
    needs
        Numbers of the tasks that must be finished before.
    lane
        What it runs on, where the engine has a choice.
    """

    name: str
    function: Callable[[str, Any], None]
    argument: Any
    condition: str
    place: tuple[float, int]
    needs: frozenset[int] = field(default_factory=frozenset)
    lane: Lane = "cpu"

    def apart(self) -> list[Task]:
        """Return one task for each of the points that it does together; itself alone where it is one point."""
        if not isinstance(self.argument, Sequence) or len(self.argument) == 1:
            return [self]
        return [replace(self, argument=[item]) for item in self.argument]


def tasks_of(grid: Grid, store: Store) -> list[Task]:
    """Return the work that ``store`` still lacks, condition by condition, each task after those it needs."""
    finished = store.keys("measurements")
    missing = [item for item in grid.measures if item.key not in finished]
    embedded, prepared = store.keys("embeddings"), store.keys("conditions")
    tasks: list[Task] = []
    for key, measures in _by(missing, lambda item: item.embed.condition.key).items():
        condition = measures[0].embed.condition
        place = (condition.channel.level, condition.seed)
        where = f"level {place[0]:.4g}, seed {place[1]}"
        embeds = {item.embed.key: item.embed for item in measures if item.embed.key not in embedded}
        after_prepare: frozenset[int] = frozenset()
        if embeds and key not in prepared:
            tasks.append(Task(f"prepare {where}", work.prepare, condition, key, place))
            after_prepare = frozenset({len(tasks) - 1})
        after_embed = set()
        for group in _fit_groups(embeds.values()):
            model = group[0].model
            name = f"fit {type(model).__name__} ({where})"
            lane: Lane = "gpu" if model.accelerated else "cpu"
            tasks.append(Task(name, work.embed, group, key, place, after_prepare, lane))
            after_embed.add(len(tasks) - 1)
        for asked in _by(measures, lambda item: (item.row["signal"], item.pairs, repr(item.probe))).values():
            name = f"measure {asked[0].row['signal']} ({where})"
            tasks.append(Task(name, work.measure, asked, key, place, frozenset(after_embed)))
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
