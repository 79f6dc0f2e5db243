"""Numbers that remember how they came about, so that a formula written once in Python can be written out elsewhere.

Call a law (or anything made of NumPy's functions) with :func:`variable` in the place of numbers: the result holds every
step. What a step does with its numbers is told by the name of NumPy's function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Recorded", "Step", "variable"]


@dataclass(frozen=True, eq=False)
class Step:
    """One number of a calculation: a ``constant`` or ``variable`` with its ``value``, or a function of other steps."""

    name: str
    inputs: tuple[Step, ...] = ()
    value: float | str = 0.0

    def __add__(self, other: Any) -> Step:
        """Record a sum."""
        return _step("add", self, other)

    def __radd__(self, other: Any) -> Step:
        """Record a sum; sums that NumPy starts from a whole 0 start from their first number."""
        return self if isinstance(other, int) and other == 0 else _step("add", other, self)

    def __mul__(self, other: Any) -> Step:
        """Record a product."""
        return _step("multiply", self, other)

    def __rmul__(self, other: Any) -> Step:
        """Record a product."""
        return _step("multiply", other, self)

    def __bool__(self) -> bool:
        """Refuse: a recorded number is not known yet."""
        raise TypeError("A recorded number is neither true nor false. Choose with np.where, np.maximum or np.minimum.")


def _as_step(value: Any) -> Step:
    return value if isinstance(value, Step) else Step("constant", value=float(value))


def _step(name: str, *inputs: Any) -> Step:
    """Record a step; what rests on constants alone is one."""
    steps = tuple(_as_step(value) for value in inputs)
    if all(step.name == "constant" for step in steps):
        return Step("constant", value=float(getattr(np, name)(*(step.value for step in steps))))
    return Step(name, steps)


def _each(name: str, *inputs: Any) -> Recorded:
    """Record one step for every entry of the inputs, broadcast."""
    arrays = [_steps(value) for value in inputs]
    made = np.frompyfunc(lambda *entries: _step(name, *entries), len(arrays), 1)(*arrays)
    return Recorded(np.asarray(made, dtype=object))


def _steps(value: Any) -> NDArray[Any]:
    """Return the entries of a number, an array or something recorded, as an array of objects."""
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 0:
        value = value.item()  # np.asarray wraps what it does not know
    return value.steps if isinstance(value, Recorded) else np.asarray(value, dtype=object)


class Recorded(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of steps, of any shape, that takes NumPy's functions over itself (NEP 13 and 18).

    Parameters
    ----------
    steps
        An array of :class:`Step`.
    """

    def __init__(self, steps: NDArray[Any]) -> None:
        self.steps = steps

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Record a function of numbers."""
        if method != "__call__" or options:
            return NotImplemented
        if ufunc is np.matmul:
            return Recorded(np.asarray(np.matmul(*(_steps(value) for value in inputs)), dtype=object))
        return _each(ufunc.__name__, *inputs)

    def __array_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        """Record a function of arrays."""
        if func not in _FUNCTIONS:
            return NotImplemented
        return _FUNCTIONS[func](*args, **options)

    def __bool__(self) -> bool:
        """Refuse: a recorded number is not known yet."""
        raise TypeError("A recorded number is neither true nor false. Choose with np.where, np.maximum or np.minimum.")

    def item(self) -> Step:
        """Return the only step."""
        found: Step = self.steps.item()
        return found


def _clip(values: Any, low: Any, high: Any) -> Recorded:
    return _each("minimum", _each("maximum", values, low), high)


def _einsum(signature: str, *values: Any) -> Recorded:
    return Recorded(np.asarray(np.einsum(signature, *(_steps(value) for value in values)), dtype=object))


def _max(values: Any) -> Recorded:
    most, *rest = _steps(values).ravel()
    for entry in rest:
        most = _step("maximum", most, entry)
    return Recorded(np.asarray(most, dtype=object))


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: lambda condition, yes, no: _each("where", condition, yes, no),
    np.clip: _clip,
    np.einsum: _einsum,
    np.max: _max,
}


def variable(name: str) -> Recorded:
    """Return a number to be given later, by its name, as an array (1,)."""
    return Recorded(np.array([Step("variable", value=name)], dtype=object))
