"""Data whose true information is known."""

from __future__ import annotations

from noiselaw.registry import Registry
from noiselaw.simulate.cells import Cells, SimulatedCells, cells
from noiselaw.simulate.gaussian import GaussianSample, gaussian, gaussian_bits
from noiselaw.simulate.rows import rows

__all__ = [
    "SIMULATORS",
    "Cells",
    "GaussianSample",
    "SimulatedCells",
    "cells",
    "gaussian",
    "gaussian_bits",
    "rows",
]

SIMULATORS: Registry[Cells] = Registry(
    "simulator",
    "noiselaw.simulators",
    {
        "cells": Cells,
    },
)
