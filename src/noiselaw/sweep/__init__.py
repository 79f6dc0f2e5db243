"""A study, its store, and the work that fills it."""

from __future__ import annotations

from noiselaw.sweep.conduct import Execution, Loaded, collect, load, run, run_loaded
from noiselaw.sweep.forecast import Forecast, forecast
from noiselaw.sweep.sources import CellFile, ImageFiles
from noiselaw.sweep.status import Status, status_of
from noiselaw.sweep.store import Store
from noiselaw.sweep.study import PROTOCOLS, Study

__all__ = [
    "PROTOCOLS",
    "CellFile",
    "ImageFiles",
    "Execution",
    "Forecast",
    "Loaded",
    "Status",
    "Store",
    "Study",
    "collect",
    "forecast",
    "load",
    "run",
    "run_loaded",
    "status_of",
]
