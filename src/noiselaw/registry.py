"""Strategies by name: those built in and those that installed packages bring.

A room keeps one :class:`Registry`. A strategy is a frozen dataclass; its fields are its options, so a table of a
study file *is* the object, and an option that does not exist is an error that names the nearest one that does.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from noiselaw.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Registry", "checked", "options_of"]

T = TypeVar("T")


def checked(cls: type[T], options: Mapping[str, Any], what: str) -> T:
    """Build the dataclass ``cls`` from ``options`` with types checked.

    Raises
    ------
    UsageError
        Naming the first option that does not exist (and the nearest that does) or that has a wrong value.
    """
    known = [f.name for f in _fields(cls) if f.init]
    for key in options:
        if key not in known:
            hint = nearest(key, known) if known else "It has no options."
            raise UsageError(f"{what} has no option {key!r}. {hint}")
    try:
        return TypeAdapter(cls).validate_python(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if not where:  # the options' own rule, which says what came
            raise UsageError(f"{what}: {message}") from error
        raise UsageError(f"{what}: {where}: {message}; got {first.get('input')!r}.") from error


def _fields(dataclass_or_instance: Any) -> tuple[Field[Any], ...]:
    return fields(dataclass_or_instance)


def options_of(strategy: object, *, all_options: bool = False) -> dict[str, Any]:
    """Return a strategy's options that differ from their defaults (or all of them), in order of definition."""
    shown: dict[str, Any] = {}
    for f in _fields(strategy):
        value = getattr(strategy, f.name)
        default = f.default_factory() if f.default_factory is not MISSING else f.default
        if f.init and (all_options or value != default):
            shown[f.name] = value
    return shown


@lru_cache
def _announced(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return what packages installed on ``path`` bring to ``group``: reading all of them takes some 20 ms."""
    return tuple(entry_points(group=group))


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The strategies of one room.

    Parameters
    ----------
    noun
        What one of them is called in messages: "probe".
    group
        The entry-point group through which installed packages add to it.
    builtin
        The room's own, by name.
    """

    noun: str
    group: str
    builtin: Mapping[str, type[T]]

    __pydantic_config__ = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _outside(self) -> tuple[EntryPoint, ...]:
        return _announced(self.group, tuple(sys.path))

    def names(self) -> list[str]:
        """Return every name, the room's own first."""
        outside = sorted(point.name for point in self._outside if point.name not in self.builtin)
        return [*self.builtin, *outside]

    def get(self, name: str) -> type[T]:
        """Return the strategy registered under ``name``.

        Raises
        ------
        UsageError
            Naming the nearest names there are.
        """
        if name in self.builtin:
            return self.builtin[name]
        for point in self._outside:
            if point.name == name:
                loaded: type[T] = point.load()
                return loaded
        raise UsageError(f"There is no {self.noun} called {name!r}. {nearest(name, self.names())}")

    def options(self, name: str | None) -> list[str]:
        """Return the names of the options of ``name``; none where it is None."""
        return [] if name is None else [f.name for f in _fields(self.get(name)) if f.init]

    def build(self, name: str, options: Mapping[str, Any] | None = None) -> T:
        """Build the strategy ``name`` with ``options``, checked."""
        return checked(self.get(name), options or {}, f"The {self.noun} {name!r}")

    def name_of(self, strategy: T) -> str:
        """Return the name under which ``strategy``'s class is registered."""
        for name, cls in self.builtin.items():
            if type(strategy) is cls:
                return name
        for point in self._outside:
            if point.load() is type(strategy):
                return point.name
        return type(strategy).__name__

    def describe(self, strategy: T, *, all_options: bool = False) -> dict[str, Any]:
        """Return ``strategy`` as a table of a study file: its kind and its options."""
        return {"kind": self.name_of(strategy), **options_of(strategy, all_options=all_options)}

    def label(self, strategy: T) -> str:
        """Return how tables call ``strategy``: its name, with the options that differ from the defaults.

        A field whose metadata say ``"shown": False`` (the folder of a study file) is left out.
        """
        silent = {f.name for f in _fields(strategy) if not f.metadata.get("shown", True)}
        shown = ", ".join(f"{key}={value}" for key, value in options_of(strategy).items() if key not in silent)
        name = self.name_of(strategy)
        return f"{name}({shown})" if shown else name
