"""AnnData, MuData, 10x, arrays and images into a :class:`~noiselaw.records.Dataset`.

Nothing is written, nothing is densified, and the caller's objects stay as they are.
"""

from __future__ import annotations

from noiselaw.io.albums import holds_images
from noiselaw.io.convert import from_anndata, from_arrays
from noiselaw.io.digest import content_hash, file_hash
from noiselaw.io.files import read
from noiselaw.io.images import read_images

__all__ = ["content_hash", "file_hash", "from_anndata", "from_arrays", "holds_images", "read", "read_images"]
