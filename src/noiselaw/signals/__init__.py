"""What a representation is asked about, as pairs of a held-out observation and a value."""

from __future__ import annotations

from noiselaw.registry import Registry
from noiselaw.signals.abundance import Abundances
from noiselaw.signals.base import Signal
from noiselaw.signals.labels import Labels, entropy_bits

__all__ = ["SIGNALS", "Abundances", "Labels", "Signal", "entropy_bits"]

SIGNALS: Registry[Signal] = Registry("signal", "noiselaw.signals", {"labels": Labels, "abundance": Abundances})
