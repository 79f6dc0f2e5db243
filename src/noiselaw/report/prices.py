"""What the page's fields of prices may hold, and the cost of a design written out for whatever is typed into them.

Nothing of the cost model is written twice: :class:`~noiselaw.plan.Costs` and :class:`~noiselaw.plan.Library` are called
with numbers to be given later. What they refuse, the fields refuse, each in a sentence of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.laws.recorded import Recorded, Step, variable
from noiselaw.plan import Costs, Library
from noiselaw.plan.library import summarised
from noiselaw.report.javascript import Written, written

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LIBRARY", "PRICES", "Field", "fields", "library", "named", "price"]


@dataclass(frozen=True)
class Field:
    """One number that a reader may type: what it may be, and what it means.

    Parameters
    ----------
    name
        As :class:`~noiselaw.plan.Costs` or :func:`~noiselaw.plan.library_from_saturation` calls it.
    label
        As the page calls it; ``{currency}`` stands for the currency.
    least, above
        The smallest number allowed; with ``above``, it itself is not.
    most
        The largest allowed.
    empty
        What an empty field means; None where it must be filled.
    """

    name: str
    label: str
    least: float = 0.0
    above: bool = False
    most: float | None = None
    empty: str | None = None


#: What a design costs, as Costs takes it.
PRICES = (
    Field("per_million_reads", "{currency} per million reads", above=True),
    Field("per_cell", "{currency} per cell"),
    Field("per_library", "{currency} per library (lane)"),
    Field("cells_per_library", "Cells per library", least=1.0, empty="any number"),
    Field("fixed", "{currency} paid once"),
    Field("cells_used", "Share of the cells paid for that train", above=True, most=1.0),
    Field("umi_per_read", "UMI per read, without saturation", above=True, most=1.0),
)
#: One sequencing summary, as library_from_saturation takes it; all empty where none is known.
LIBRARY = (
    Field("saturation", "Saturation (share, or in %)", above=True, empty="unknown"),
    Field("reads", "Mean reads per cell there", above=True, empty="unknown"),
    Field("umi", "Mean UMI per cell there", above=True, empty="unknown"),
)


def fields(costs: Costs) -> list[dict[str, Any]]:
    """Return every field with the number that it starts from; None where it starts empty."""
    known = {field.name: float(getattr(costs, field.name)) for field in PRICES}
    return [
        {
            "name": field.name,
            "label": field.label.format(currency=costs.currency),
            "least": field.least,
            "above": field.above,
            "most": field.most,
            "empty": field.empty,
            "value": known[field.name] if math.isfinite(known.get(field.name, math.inf)) else None,
        }
        for field in (*PRICES, *LIBRARY)
    ]


def price() -> Written:
    """Write the reads per cell of a depth, and what cells at that depth cost, of the design, prices and library."""
    given = {field.name: variable(field.name) for field in PRICES}
    costs = _to_be_given(Costs, given)
    bought = _to_be_given(Library, {"complexity": variable("complexity"), "usable": variable("usable")}, curve=_CURVE)
    reads, cells = bought.reads(_number("u")), _number("N")
    names = ("u", "N", *(field.name for field in PRICES), "complexity", "usable")
    told = named(("reads", "paid", "cost"), (reads, costs.paid(cells), costs.total(cells, reads)))
    return written(names, told)


def library() -> Written:
    """Write the complexity of a library and its usable share of reads, of one sequencing summary."""
    share, needed, complexity = summarised(*(_number(name) for name in ("reads", "saturation", "umi")))
    usable = np.minimum(needed, 1.0)
    told = named(("share", "needed", "usable", "complexity"), (share, needed, usable, complexity))
    return written(tuple(field.name for field in LIBRARY), told)


#: The saturation curve that the page knows.
_CURVE = "lander_waterman"


def _number(name: str) -> Any:
    return variable(name)


def _to_be_given(kind: type, numbers: Mapping[str, Recorded], **also: str) -> Any:
    """Return ``kind`` with numbers that are not known yet, and so not checked: the page checks what is typed."""
    made: Any = object.__new__(kind)
    for name, value in {**numbers, **also}.items():
        object.__setattr__(made, name, value)
    return made


def named(names: tuple[str, ...], results: tuple[Any, ...]) -> dict[str, Recorded]:
    """Return recorded results by name; what turned out to be a plain number is one, too."""
    return {
        name: result if isinstance(result, Recorded) else Recorded(np.array([Step("constant", value=float(result))]))
        for name, result in zip(names, results, strict=True)
    }
