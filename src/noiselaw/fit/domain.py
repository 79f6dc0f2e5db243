"""Where a law may be asked: depths and sizes that it has bits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.laws import Law
    from noiselaw.records import FloatArray

__all__ = ["refuse_outside"]


def refuse_outside(law: Law, columns: Sequence[FloatArray]) -> None:
    """Refuse depths and sizes at which ``law`` says nothing; NaN is unknown, and passes.

    A size must be above 0, a depth not below 0; and above 0 where the law has no finite bits there, as a straight line
    in log u has none.

    Raises
    ------
    InputError
        Naming the variable and its value.
    """
    with np.errstate(all="ignore"):
        at_zero = np.asarray(law.limits(np.ones(len(law.parameters)))[0], dtype=float)
    bottomless = not np.isfinite(at_zero).all()
    for name, values in zip(law.variables, columns, strict=True):
        positive = name == "N" or bottomless
        wrong = values[(values < 0) | np.isinf(values) | ((values == 0) & positive)]
        if wrong.size:
            least = float(wrong.min())
            rule = "be finite" if least > 0 else "be above 0" if positive else "not be negative"
            form = f" for {law.formula}" if least == 0 and name != "N" else ""
            raise InputError(f"{name} must {rule}{form}; got {least:g}. {_way_out(least)}")


def _way_out(value: float) -> str:
    if value > 0:
        return "For unlimited depth or size ask for the plateau."
    return "Pass depths or sizes, not their logarithms." if value < 0 else "Leave out what was measured there."
