"""What is measured, as the axes of pictures call it."""

from __future__ import annotations

from noiselaw.plan.words import noun as deepened

__all__ = ["deepened", "observed"]


def observed(unit: str) -> str:
    """Return what is measured in this unit of u: cells, or observations where it counts no molecules or is unknown."""
    return "cells" if deepened(unit) == "depth" else "observations"
