"""Figures of several panels in the package's style, and the paper's models in their looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noiselaw.plot import looks, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from noiselaw.plot.style import Look

__all__ = ["CELLS", "LOOKS", "UMI", "look_of", "panels"]

UMI, CELLS = "UMI per cell", "training cells"
_KNOWN = looks(["pca", "random_projection", "vae", "txformer"])
#: The models by the names the paper prints.
LOOKS: dict[str, Look] = {
    "VAE": _KNOWN["vae"],
    "PCA": _KNOWN["pca"],
    "Txformer": _KNOWN["txformer"],
    "Rand. Proj.": _KNOWN["random_projection"],
}


def look_of(name: str) -> Look:
    """Return the look of a model, the paper's or another."""
    return LOOKS[name] if name in LOOKS else looks([*_KNOWN, name])[name]


def panels(rows: int, columns: int, width: float = 3.4, height: float = 2.7) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure of ``rows`` × ``columns`` Axes, each of ``width`` × ``height`` inches; no window ever opens."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [list(line) for line in axes]
