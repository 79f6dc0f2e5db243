"""The paper's studies run again on whatever data is present: at full size where it is, else reduced and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from noiselaw.reproduce.grid import Grid
    from noiselaw.reproduce.target import Result, Target, Workplace

NEEDS_CELLS = "cells"
NEEDS_IMAGES = "images"
NEEDS_PBMC = "PBMC"
NEEDS_WEIGHTS = "weights"


def measured_grid(work: Workplace) -> Grid:
    """Refuse, until studies are wired."""
    raise InputError("This target is not measured again from data yet. Use --from with the published measurements.")


def figure_5(work: Workplace) -> Result:
    """Refuse, until studies are wired."""
    raise InputError("This target is not measured again from data yet. Use --from with the published measurements.")


figure_6 = figure_7 = figure_8 = figure_9 = figure_10 = figure_11 = figure_12 = figure_13 = figure_5


def data_state(target: Target, work: Workplace) -> str:
    """Say what the target needs."""
    return target.from_data if isinstance(target.from_data, str) else target.needs
