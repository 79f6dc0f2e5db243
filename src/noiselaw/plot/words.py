"""What is measured, as the axes of pictures call it."""

from __future__ import annotations

__all__ = ["deepened", "observed"]

#: Units in which more of u is a deeper measurement of a cell (the planner's sentences know the same).
_DEEP = ("umi", "read", "molecule", "depth")


def deepened(unit: str) -> str:
    """Return what more of u is, given its unit: depth, or signal-to-noise where it counts no molecules."""
    return "depth" if any(word in unit.lower() for word in _DEEP) else "signal-to-noise"


def observed(unit: str) -> str:
    """Return what is measured, given the unit of u: cells, or observations where u counts no molecules."""
    return "cells" if deepened(unit) == "depth" else "observations"
