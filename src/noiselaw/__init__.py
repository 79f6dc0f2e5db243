"""How many bits a learned representation keeps as measurements get noisier, and what it would take to keep more."""

from __future__ import annotations

__version__ = "0.1.0"
