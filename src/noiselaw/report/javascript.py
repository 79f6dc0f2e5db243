"""Recorded formulas as JavaScript: the page evaluates what Python wrote down, step by step, and nothing else.

Numbers of one curve stand apart from the steps, so that curves of the same form share their code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.laws.recorded import Recorded, Step

__all__ = ["Written", "written"]

#: What a step is in JavaScript, by the name of NumPy's function.
_STEPS = {
    "add": "{0}+{1}",
    "subtract": "{0}-{1}",
    "multiply": "{0}*{1}",
    "divide": "{0}/{1}",
    "power": "Math.pow({0},{1})",
    "square": "{0}*{0}",
    "negative": "-{0}",
    "where": "{0}?{1}:{2}",
    "greater": "{0}>{1}",
    "greater_equal": "{0}>={1}",
    "less": "{0}<{1}",
    "less_equal": "{0}<={1}",
    "maximum": "Math.max({0},{1})",
    "minimum": "Math.min({0},{1})",
    "absolute": "Math.abs({0})",
    "isfinite": "Number.isFinite({0})",
    **{
        name: f"Math.{name}({{0}})"
        for name in ("sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "ceil", "floor")
    },
}
#: Numbers of the formulas themselves, which stand in the code; every other belongs to a curve and has its own place.
_OF_FORMULAS = {1.0, -1.0, 2.0, -2.0, 80.0, -80.0, 1e-12, float(np.log(4.0)), 1.0 - 1e-15}


@dataclass(frozen=True)
class Written:
    """A function in JavaScript of named variables and of ``c``, the numbers of one curve."""

    code: str
    numbers: tuple[float, ...]


@dataclass
class _Writer:
    lines: list[str] = field(default_factory=list)
    known: dict[tuple[str, ...], str] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)

    def number(self, value: float) -> str:
        """Return a number as code, or its place in ``c``.

        Equal numbers of a curve are not put into one place: which are equal differs from curve to curve, and then so
        would the code.
        """
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "(-Infinity)"
        if value in _OF_FORMULAS:
            return f"({value!r})" if value < 0 else repr(value)
        self.numbers.append(value)
        return f"c[{len(self.numbers) - 1}]"

    def name(self, step: Step, named: dict[int, str]) -> str:
        """Write ``step`` and what it needs, each once, and return what it is called."""
        waiting = [step]
        while waiting:
            at = waiting[-1]
            if id(at) in named:
                waiting.pop()
                continue
            needed = [part for part in at.inputs if id(part) not in named]
            if needed:
                waiting += reversed(needed)
                continue
            named[id(at)] = self._one(at, [named[id(part)] for part in at.inputs])
            waiting.pop()
        return named[id(step)]

    def _one(self, step: Step, inputs: Sequence[str]) -> str:
        if step.name == "constant":
            return self.number(float(step.value))
        if step.name == "variable":
            return str(step.value)
        if step.name not in _STEPS:
            raise UsageError(f"The step {step.name!r} has no counterpart on a page. Use one of: {', '.join(_STEPS)}.")
        key = (step.name, *inputs)
        if key not in self.known:
            self.known[key] = f"v{len(self.known)}"
            self.lines.append(f"const {self.known[key]}={_STEPS[step.name].format(*inputs)};")
        return self.known[key]


def written(variables: Sequence[str], results: Mapping[str, Recorded]) -> Written:
    """Write recorded results as one JavaScript function that returns them by name.

    Parameters
    ----------
    variables
        The function's arguments, in order; after them comes ``c``.
    results
        What it returns; each one number.

    Raises
    ------
    UsageError
        If a step has no counterpart in JavaScript.
    """
    writer = _Writer()
    steps = {name: result.item() for name, result in results.items()}
    named: dict[int, str] = {}
    told = [f"{name}:{writer.name(step, named)}" for name, step in steps.items()]
    body = "".join(writer.lines)
    return Written(f"({','.join((*variables, 'c'))})=>{{{body}return{{{','.join(told)}}};}}", tuple(writer.numbers))
