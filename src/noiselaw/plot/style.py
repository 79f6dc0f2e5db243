"""One look for every picture: colours, markers, and a style that never outlives its ``with`` block."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from noiselaw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["GRID", "INK", "MUTED", "PALETTE", "TEXT", "Look", "looks", "new_axes", "save", "style"]

#: Text and the marks that belong to nobody (truth, ceiling).
INK = "#1b2430"
#: Axes and notes.
MUTED = "#5b6673"
#: Lines that only guide the eye.
GRID = "#dfe3e8"
#: Okabe and Ito's colours that differ for every kind of colour vision and stand out on white and on black.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: The same, dark enough to be read as text on white.
TEXT = ("#0072b2", "#b34e00", "#007a5a", "#a0447c", "#8f6200", "#1c6ea4")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: Representations that keep their colour from picture to picture, whichever others stand beside them.
_FIXED = {"pca": 0, "random_projection": 1, "vae": 2, "txformer": 3}


@dataclass(frozen=True)
class Look:
    """How one representation is drawn: colour and marker, so that neither alone carries the meaning, and its name."""

    colour: str
    marker: str
    text: str


def _look(index: int) -> Look:
    colour = index % len(PALETTE)
    return Look(PALETTE[colour], _MARKERS[index % len(_MARKERS)], TEXT[colour])


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Give each of ``names`` its look; known representations have their own, others take what is left in order."""
    listed = list(dict.fromkeys(names))
    taken = {_FIXED[name] for name in listed if name in _FIXED}
    period = len(PALETTE) * len(_MARKERS)
    free = (index for index in range(period + len(listed)) if index not in taken)
    return {name: _look(_FIXED[name] if name in _FIXED else next(free)) for name in listed}


def style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws and saves in noiselaw's style; the global settings stay as they are.

    Examples
    --------
    >>> from noiselaw import plot
    >>> with plot.style():
    ...     pass
    """
    from matplotlib import rc_context, rc_params_from_file

    with as_file(files(__package__) / "noiselaw.mplstyle") as path:
        settings = rc_params_from_file(path, use_default_template=False)
    return rc_context(dict(settings))


def new_axes(ax: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    """Return ``ax``, or the Axes of a new figure of ``size`` (inches) in noiselaw's style."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    with style():
        return plt.subplots(figsize=size)[1]


def save(drawn: Axes | Figure, path: str | Path) -> Path:
    """Save what was ``drawn`` as .svg, .pdf or .png by the ending of ``path``; text in SVG and PDF stays editable.

    Raises
    ------
    UsageError
        For another ending.
    """
    from matplotlib.figure import Figure

    path = Path(path)
    if path.suffix not in {".svg", ".pdf", ".png"}:
        raise UsageError(f"A picture is saved as .svg, .pdf or .png; got {path.name!r}.")
    figure: Figure | SubFigure | None = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise UsageError("These Axes belong to no figure. Draw on Axes from matplotlib.pyplot.subplots.")
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
    with style():
        figure.savefig(path, dpi=200, metadata=undated, bbox_inches="tight", pad_inches=0.04)
    return path
