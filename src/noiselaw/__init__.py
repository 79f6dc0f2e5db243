"""How many bits a learned representation keeps as measurements get noisier, and what it would take to keep more.

In the order of the work: describe a :class:`Study` of data (a path, an AnnData or MuData object, a simulator) and
signals (:class:`Labels`, :class:`Abundances`, :class:`ClonalRelatives`, :class:`SpatialNeighbours`), :func:`run` it
into a table of measurements, lay a law through them (:func:`fit_table`, :func:`fit_law`; :func:`derive` and
:func:`predict` read numbers off a fit), decide (:func:`advise` what :func:`read_measured` read), and look
(:mod:`noiselaw.plot`, :func:`write_report`). For one number alone there is :func:`mutual_information`; for noisier
counts alone, :func:`thin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noiselaw import datasets, plan, plot, simulate
    from noiselaw.channels import thin
    from noiselaw.errors import InputError, MissingDependency, NoiselawError, StoreError, UsageError
    from noiselaw.fit import derive, fit_groups, fit_law, fit_table, predict
    from noiselaw.io import read
    from noiselaw.plan import Questions, advise, read_measured
    from noiselaw.probes import mutual_information
    from noiselaw.report import write_report
    from noiselaw.signals import Abundances, ClonalRelatives, Labels, SpatialNeighbours
    from noiselaw.sweep import Study, run
    from noiselaw.table import read_table, write_table

__version__ = "0.1.0"

#: Public names in the order of the flow, and the room each comes from. They are imported when they are first used, so
#: that ``import noiselaw`` is instant and someone who only fits a law needs no library that measures cells.
_WINDOW = {
    "datasets": "noiselaw.datasets",
    "simulate": "noiselaw.simulate",
    "read": "noiselaw.io",
    "thin": "noiselaw.channels",
    "Labels": "noiselaw.signals",
    "Abundances": "noiselaw.signals",
    "ClonalRelatives": "noiselaw.signals",
    "SpatialNeighbours": "noiselaw.signals",
    "Study": "noiselaw.sweep",
    "run": "noiselaw.sweep",
    "mutual_information": "noiselaw.probes",
    "read_table": "noiselaw.table",
    "write_table": "noiselaw.table",
    "fit_law": "noiselaw.fit",
    "fit_table": "noiselaw.fit",
    "fit_groups": "noiselaw.fit",
    "predict": "noiselaw.fit",
    "derive": "noiselaw.fit",
    "read_measured": "noiselaw.plan",
    "Questions": "noiselaw.plan",
    "advise": "noiselaw.plan",
    "plan": "noiselaw.plan",
    "plot": "noiselaw.plot",
    "write_report": "noiselaw.report",
    "NoiselawError": "noiselaw.errors",
    "UsageError": "noiselaw.errors",
    "InputError": "noiselaw.errors",
    "StoreError": "noiselaw.errors",
    "MissingDependency": "noiselaw.errors",
}

__all__ = [
    "Abundances",
    "ClonalRelatives",
    "InputError",
    "Labels",
    "MissingDependency",
    "NoiselawError",
    "Questions",
    "SpatialNeighbours",
    "StoreError",
    "Study",
    "UsageError",
    "__version__",
    "advise",
    "datasets",
    "derive",
    "fit_groups",
    "fit_law",
    "fit_table",
    "mutual_information",
    "plan",
    "plot",
    "predict",
    "read",
    "read_measured",
    "read_table",
    "run",
    "simulate",
    "thin",
    "write_report",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name not in _WINDOW:
        raise AttributeError(f"module 'noiselaw' has no attribute {name!r}")
    module = import_module(_WINDOW[name])
    value = module if module.__name__ == f"noiselaw.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
