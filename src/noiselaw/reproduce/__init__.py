"""The paper's targets by name."""

from __future__ import annotations

from noiselaw.reproduce.tables import TARGETS, reproduce

__all__ = ["TARGETS", "reproduce"]
