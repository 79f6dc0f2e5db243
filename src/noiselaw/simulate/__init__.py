"""Data whose true information is known."""

from __future__ import annotations

from noiselaw.registry import Registry
from noiselaw.simulate.cells import Cells, SimulatedCells, cells
from noiselaw.simulate.continuum import Continuum, SimulatedContinuum
from noiselaw.simulate.files import write_h5ad
from noiselaw.simulate.gaussian import GaussianSample, gaussian, gaussian_bits
from noiselaw.simulate.rows import rows

__all__ = [
    "SIMULATORS",
    "Cells",
    "Continuum",
    "GaussianSample",
    "SimulatedCells",
    "SimulatedContinuum",
    "cells",
    "gaussian",
    "gaussian_bits",
    "rows",
    "write_h5ad",
]

SIMULATORS: Registry[Cells | Continuum] = Registry(
    "simulator",
    "noiselaw.simulators",
    {
        "cells": Cells,
        "continuum": Continuum,
    },
)
