"""What can go wrong, by whose hand it can be put right.

Every message says what was expected, what came, and what to do.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "InputError",
    "MissingDependency",
    "NoiselawError",
    "StoreError",
    "UsageError",
    "nearest",
]


class NoiselawError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is what the command line returns for it."""

    exit_code: ClassVar[int] = 1


class UsageError(NoiselawError, ValueError):
    """A study, option or argument that cannot be meant: an unknown key, a level outside its range."""

    exit_code: ClassVar[int] = 2


class InputError(NoiselawError, ValueError):
    """Data that cannot be measured: negative counts, a missing column, too few pairs."""

    exit_code: ClassVar[int] = 3


class StoreError(NoiselawError, OSError):
    """A study's folder that cannot be trusted or written: another version, a changed input, a full disk."""

    exit_code: ClassVar[int] = 3


class MissingDependency(NoiselawError, ImportError):
    """A library that this step needs is not installed."""

    exit_code: ClassVar[int] = 2


def nearest(name: object, choices: Iterable[object], limit: int = 3) -> str:
    """Name the existing ``choices`` closest to a mistaken ``name``, as the end of a sentence."""
    known = [str(choice) for choice in choices]
    if not known:
        return "There is none to choose from."
    close = get_close_matches(str(name), known, n=limit, cutoff=0.4)
    folded = [choice for choice in known if choice.lower() == str(name).lower()]
    shown = list(dict.fromkeys([*folded, *close]))
    if shown:
        return f"Nearest: {', '.join(shown)}."
    listed = ", ".join(known[:12])
    return f"There are: {listed}{', …' if len(known) > 12 else ''}."
