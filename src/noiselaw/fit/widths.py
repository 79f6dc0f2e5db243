"""By how much the forms' own intervals must be stretched, derived from published grids.

Derived by ``python benchmarks/pilot.py MEASUREMENTS`` (the paper's published measurements: 15 grids of VAE, PCA and
random projections over three data sets). That script hides parts of every grid, predicts them from the rest, and takes
the factor by which the half-widths (with ``FLOOR`` and ``PER_DECADE`` added) must be multiplied to hold 95 % of what
was hidden on the least favourable data set. ``python benchmarks/holdout.py MEASUREMENTS`` does so for depth alone, on
190 published curves of cells and images. What is covered on a data set left out: docs/planning.md and docs/laws.md.
"""

from __future__ import annotations

__all__ = ["CAP", "CONFIDENCE", "FACTORS", "FLOOR", "PER_DECADE"]

CONFIDENCE = 0.95
#: Bits added to every half-width before it is stretched, and per tenfold depth beyond the deepest measured.
FLOOR = 0.03
PER_DECADE = 0.1
#: Most that one joint form's own half-width counts, in bits: inside the measured depths, and per tenfold beyond them.
CAP = (0.2, 0.3)
#: By the number of variables of the outlook, and what is asked of it.
FACTORS: dict[tuple[int, str], float] = {
    (1, "bits"): 1.56,
    (1, "gain"): 2.27,
    (2, "bits"): 1.96,
    (2, "gain"): 2.18,
}
