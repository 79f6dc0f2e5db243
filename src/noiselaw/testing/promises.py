"""What the checks of every contract share."""

from __future__ import annotations

import random
import sys
import tomllib
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from noiselaw.arrays import as_dense
from noiselaw.errors import NoiselawError
from noiselaw.registry import checked, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["BrokenPromise", "Promises"]


class BrokenPromise(AssertionError):
    """A strategy breaks its contract; the message names the promise and what came instead."""


class Promises:
    """The promises of one strategy, called ``name`` in messages."""

    def __init__(self, strategy: Any, name: str = "") -> None:
        self.strategy = strategy
        self.name = name or type(strategy).__name__

    @classmethod
    @contextmanager
    def of(cls, strategy: Any, contract: type, *, study_file: bool, name: str = "") -> Iterator[Promises]:
        """Check what every strategy promises, then let the caller check the rest: whatever is raised breaks a promise.

        Parameters
        ----------
        strategy
            What is checked.
        contract
            The class that it must be one of.
        study_file
            Whether a study file must be able to hold it.
        name
            What messages call it; by default its class.

        Raises
        ------
        BrokenPromise
            Naming the promise and what came instead.
        """
        promises = cls(strategy, name)
        is_one = isinstance(strategy, contract)
        promises.holds(is_one, f"it is a {contract.__module__}.{contract.__name__}", f"It is {strategy!r}.")
        promises.is_frozen()
        if study_file:
            promises.survives_a_study_file()
        try:
            yield promises
        except BrokenPromise:
            raise
        except Exception as error:
            found = f"It raised {type(error).__name__}: {error}"
            raise promises.broken("it does its work on sound input", found) from error

    def broken(self, promise: str, found: str) -> BrokenPromise:
        """Return the error that says so."""
        return BrokenPromise(f"{self.name} breaks a promise: {promise}. {found}")

    def holds(self, kept: bool, promise: str, found: str) -> None:
        """Raise unless ``kept``.

        Raises
        ------
        BrokenPromise
            Naming the promise and what was ``found``.
        """
        if not kept:
            raise self.broken(promise, found)

    def are_equal(self, one: Any, two: Any, promise: str, found: str, tolerance: float = 0.0) -> None:
        """Raise unless two arrays hold the same numbers, up to a relative and absolute ``tolerance``."""
        one, two = np.asarray(one), np.asarray(two)
        if one.shape != two.shape:
            raise self.broken(promise, f"{found}: shapes {one.shape} and {two.shape}.")
        if not np.allclose(one, two, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise self.broken(promise, f"{found}: they differ by up to {np.nanmax(np.abs(one - two)):.3g}.")

    def refuses(self, what: str, call: Callable[[], Any]) -> None:
        """Raise unless ``call`` ends in one of the package's own errors, which say what was expected."""
        promise = f"it refuses {what} with an InputError or UsageError"
        try:
            call()
        except NoiselawError:
            return
        except Exception as error:
            raise self.broken(promise, f"It raised {type(error).__name__}: {error}") from error
        raise self.broken(promise, "It accepted it.")

    def is_frozen(self) -> None:
        """Raise unless the strategy is a frozen dataclass."""
        promise = "it is a frozen dataclass"
        self.holds(is_dataclass(self.strategy), promise, "It is no dataclass.")
        for option in fields(self.strategy):
            try:
                setattr(self.strategy, option.name, getattr(self.strategy, option.name))
            except FrozenInstanceError:
                continue
            raise self.broken(promise, f"Its option {option.name!r} can be set.")

    def survives_a_study_file(self) -> None:
        """Raise unless the strategy's options can be written as TOML and read back as the same strategy."""
        promise = "a study file can hold it"
        options = {
            key: value for key, value in options_of(self.strategy, all_options=True).items() if value is not None
        }
        try:
            text = tomli_w.dumps(_listed(options))
        except (TypeError, ValueError) as error:
            raise self.broken(promise, f"Its options cannot be written as TOML: {error}.") from error
        try:
            again = checked(type(self.strategy), tomllib.loads(text), self.name)
        except NoiselawError as error:
            raise self.broken(promise, f"Its options cannot be read back: {error}") from error
        self.holds(again == self.strategy, promise, f"{self.strategy!r} comes back as {again!r}.")

    @contextmanager
    def undisturbed(self, **arrays: Any) -> Iterator[None]:
        """Raise if, meanwhile, one of ``arrays`` changes, or a random generator that others draw from moves."""
        before = {name: _plain(values).copy() for name, values in arrays.items()}
        states = _generators()
        yield
        for name, values in arrays.items():
            promise = "what it is given stays untouched"
            after = _plain(values)
            same = np.array_equal(before[name], after, equal_nan=after.dtype.kind == "f")
            self.holds(same, promise, f"It changed {name}.")
        for name, state in _generators().items():
            promise = "randomness comes from the generator it is given"
            moved = name in states and states[name] != state
            self.holds(not moved, promise, f"It moved the generator of {name}, which others draw from.")


def _plain(values: Any) -> NDArray[Any]:
    return values if isinstance(values, np.ndarray) else as_dense(values)


def _listed(value: Any) -> Any:
    """Return tuples as lists, which is how TOML writes them."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _generators() -> dict[str, bytes]:
    """Return the state of every generator that a process shares."""
    legacy: tuple[str, NDArray[np.uint32], int, int, float] = np.random.get_state()  # type: ignore[assignment]  # noqa: NPY002 - looked at, not drawn from
    states = {"random": repr(random.getstate()).encode(), "numpy": legacy[1].tobytes() + repr(legacy[2:]).encode()}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.random.get_rng_state().numpy().tobytes()
    return states
