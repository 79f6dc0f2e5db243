"""Arrays and fits in, matplotlib Axes out; nothing is computed here beyond choosing what to show.

Every function takes ``ax`` and returns it; ``plot.style()`` gives other pictures the same look, and ``plot.save``
writes one with editable text.
"""

from __future__ import annotations

from noiselaw.plot.budget import asymptotes, budget_curve
from noiselaw.plot.collapse import collapse
from noiselaw.plot.curves import noise_curves, size_curves
from noiselaw.plot.grids import information_rates, joint_surface
from noiselaw.plot.named import NamedCurve, named_curves, shades
from noiselaw.plot.select import largest_size, top_level
from noiselaw.plot.style import PALETTE, looks, save, style

__all__ = [
    "PALETTE",
    "NamedCurve",
    "asymptotes",
    "budget_curve",
    "collapse",
    "information_rates",
    "joint_surface",
    "largest_size",
    "looks",
    "named_curves",
    "noise_curves",
    "save",
    "shades",
    "size_curves",
    "style",
    "top_level",
]
