"""Heavy libraries, imported when they are first needed and named when they are absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from noiselaw.errors import MissingDependency

__all__ = ["require"]

#: The extra of this package that brings each library.
_EXTRAS = {
    "anndata": "cells",
    "distributed": "dask",
    "h5py": "cells",
    "harmonypy": "harmony",
    "huggingface_hub": "foundation",
    "mudata": "cells",
    "numba": "cells",
    "pooch": "cells",
    "requests": "cells",
    "safetensors": "foundation",
    "scanpy": "cells",
    "scvi": "scvi",
    "sklearn": "cells",
    "skmisc": "cells",
    "threadpoolctl": "cells",
    "torch": "torch",
    "transformers": "foundation",
    "zarr": "cells",
}


def require(module: str, purpose: str) -> Any:
    """Import ``module`` (``"sklearn.decomposition"``) now.

    Raises
    ------
    MissingDependency
        Saying what ``purpose`` needs the library and which extra installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != top:
            raise
        extra = _EXTRAS.get(top)
        remedy = f'pip install "noiselaw[{extra}]"' if extra else f"pip install {top}"
        raise MissingDependency(f"{purpose} needs {top}, which is not installed. Install it: {remedy}") from error
