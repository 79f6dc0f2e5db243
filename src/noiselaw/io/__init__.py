"""AnnData, MuData, 10x and arrays into a :class:`~noiselaw.records.Dataset`.

Nothing is written, nothing is densified, and the caller's objects stay as they are.
"""

from __future__ import annotations

from noiselaw.io.convert import from_anndata, from_arrays
from noiselaw.io.digest import content_hash, file_hash
from noiselaw.io.files import read

__all__ = ["content_hash", "file_hash", "from_anndata", "from_arrays", "read"]
