"""Charts as SVG inside the page: text stays text, colours follow the page's light or dark theme."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from noiselaw.plot import PALETTE, noise_curves, size_curves, style
from noiselaw.plot.style import GRID, INK, MUTED, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

    from noiselaw.records import Fit

__all__ = ["depth_chart", "inline", "size_chart"]

#: Colours of a picture, by the name of the page's variable that replaces them.
_THEME = {
    "#ffffff": "paper",
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    **{colour: f"t{i}" for i, colour in enumerate(TEXT)},
    **{colour: f"c{i}" for i, colour in enumerate(PALETTE)},
}
_SIZE = (5.2, 3.5)
#: A coordinate with more than the hundredth of a point that anybody sees.
_LONG = re.compile(r"(\d\.\d\d)\d{2,}")


def depth_chart(rows: pd.DataFrame, fits: Mapping[str, Fit], truth: pd.DataFrame | None, name: str, title: str) -> str:
    """Return the picture of bits against depth as inline SVG; ``name`` makes its ids unique within the page."""
    return _drawn(lambda ax: noise_curves(rows, fits, truth=truth, ax=ax), name, title)


def size_chart(rows: pd.DataFrame, fits: Mapping[str, Fit], name: str, title: str) -> str:
    """Return the picture of bits against training size as inline SVG."""
    return _drawn(lambda ax: size_curves(rows, fits, ax=ax), name, title)


def _drawn(draw: Callable[[Axes], Axes], name: str, title: str) -> str:
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=_SIZE)
        draw(figure.add_subplot())
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return inline(written.getvalue(), name, title)


def inline(svg: str, name: str, title: str) -> str:
    """Return ``svg`` as part of a page: no prolog, ids of its own, theme colours, a title for those who cannot see."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\1{name}-", svg)
    svg = re.sub(r'="[^"]*"', lambda values: _LONG.sub(r"\1", values.group()), svg)
    for colour, variable in _THEME.items():
        svg = re.sub(colour, f"var(--{variable})", svg, flags=re.IGNORECASE)
    opening, _, body = svg.partition(">")
    box = re.search(r'viewBox="[^"]+"', opening)
    start = f'<svg {box.group() if box else ""} role="img" aria-labelledby="{name}-title">'
    return f'{start}<title id="{name}-title">{escape(title)}</title>{body}'
