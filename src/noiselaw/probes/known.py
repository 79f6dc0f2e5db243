"""Work on Y, done once for all the X that are asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Known"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Known:
    """Results by key. Whoever adds a part to the key promises that equal keys mean equal results."""

    results: dict[tuple[object, ...], Any] = field(default_factory=dict)
    prefix: tuple[object, ...] = ()

    def within(self, *key: object) -> Known:
        """Return the part of the results under ``key``."""
        return Known(self.results, (*self.prefix, *key))

    def get(self, key: object, make: Callable[[], T]) -> T:
        """Return the result for ``key``, made now if it is the first time."""
        full = (*self.prefix, key)
        if full not in self.results:
            self.results[full] = make()
        found: T = self.results[full]
        return found
