"""The only file that asks whether an array is sparse, dense or on disk."""

from __future__ import annotations
