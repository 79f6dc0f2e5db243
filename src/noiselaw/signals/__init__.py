"""What a representation is asked about, as pairs of a held-out observation and a value."""

from __future__ import annotations

from noiselaw.registry import Registry
from noiselaw.signals.abundance import Abundances
from noiselaw.signals.base import Signal
from noiselaw.signals.clonal import ClonalRelatives
from noiselaw.signals.labels import Labels, entropy_bits
from noiselaw.signals.one_against_all import OneAgainstAll
from noiselaw.signals.spatial import SpatialNeighbours

__all__ = [
    "SIGNALS",
    "Abundances",
    "ClonalRelatives",
    "Labels",
    "OneAgainstAll",
    "Signal",
    "SpatialNeighbours",
    "entropy_bits",
]

SIGNALS: Registry[Signal] = Registry(
    "signal",
    "noiselaw.signals",
    {
        "labels": Labels,
        "one_against_all": OneAgainstAll,
        "abundance": Abundances,
        "clonal": ClonalRelatives,
        "spatial": SpatialNeighbours,
    },
)
