"""One self-contained page about a study: the answer in words first, then what it rests on."""

from __future__ import annotations

from noiselaw.report.page import render, write_report

__all__ = ["render", "write_report"]
