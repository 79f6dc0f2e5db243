"""Heavy libraries, imported when they are first needed and named when they are absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from noiselaw.errors import MissingDependency

__all__ = ["mend_torchvision", "require"]

#: The extra of this package that brings each library.
_EXTRAS = {
    "PIL": "images",
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
    "torchvision": "images",
    "transformers": "foundation",
    "vl_convert": "report",
    "zarr": "cells",
}
#: Libraries that import torchvision where it is installed.
_WITH_TORCHVISION = frozenset({"scvi", "timm", "torchvision", "transformers"})
#: Operators that torchvision describes to torch on import, whether or not it could load them.
_DESCRIBED = ("nms", "qnms")
#: Their declarations, which last as long as this does.
_DECLARED: list[Any] = []


def require(module: str, purpose: str) -> Any:
    """Import ``module`` (``"sklearn.decomposition"``) now.

    Raises
    ------
    MissingDependency
        Saying what ``purpose`` needs the library and which extra installs it.
    """
    top = module.partition(".")[0]
    if top in _WITH_TORCHVISION:
        mend_torchvision()
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != top:
            raise
        extra = _EXTRAS.get(top)
        remedy = f'pip install "noiselaw[{extra}]"' if extra else f"pip install {top}"
        raise MissingDependency(f"{purpose} needs {top}, which is not installed. Install it: {remedy}") from error


def mend_torchvision() -> None:
    """Import torchvision, if there is one, even where its compiled operators cannot be loaded.

    Its usual wheels are compiled for CUDA. Beside a torch for CPUs they find none of their operators, and fail as they
    describe two of those to torch; so does then whatever imports torchvision (scvi-tools, transformers). With the two
    declared the rest works: models, transforms and data sets, which use neither.
    """
    try:
        import_module("torchvision")
    except ModuleNotFoundError:
        return  # whoever needs it says so
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        torch = import_module("torch")
        library = torch.library.Library("torchvision", "FRAGMENT")
        _DECLARED.append(library)
        for name in _DESCRIBED:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_module("torchvision")
