"""Measurements straight from a law, with noise: what a fit must give back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.randomness import generator
from noiselaw.table import to_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from noiselaw.laws.base import Law

__all__ = ["rows"]


def rows(
    law: Law,
    theta: Sequence[float],
    *x: ArrayLike,
    sd: ArrayLike = 0.02,
    seeds: int = 1,
    seed: int = 0,
    u_unit: str = "UMI/cell",
    **columns: Any,
) -> pd.DataFrame:
    """Return a measurements table whose bits follow ``law`` with independent normal errors.

    Parameters
    ----------
    law, theta
        The law and its parameters, in their order.
    x
        One array per variable of the law (``u``, ``N``), all of one length; a joint law takes the points of a grid
        as pairs.
    sd
        Standard deviation of the errors in bits, one number or one per point; it is the rows' standard error.
    seeds
        Replicates, numbered from 0.
    seed
        Root of the randomness.
    u_unit
        Unit of u.
    columns
        Further columns of the table, e.g. ``dataset="mine"``.

    Raises
    ------
    UsageError
        If the number of arrays is not the law's number of variables.
    """
    if len(x) != len(law.variables):
        raise UsageError(
            f"This law takes {len(law.variables)} variables ({', '.join(law.variables)}); got {len(x)}. "
            "Pass one array for each."
        )
    points = [np.asarray(values, dtype=float).ravel() for values in np.broadcast_arrays(*x)]
    true = np.asarray(law(np.asarray(theta, dtype=float), *points), dtype=float)
    errors = np.broadcast_to(np.asarray(sd, dtype=float), true.shape)
    known = dict(zip(law.variables, points, strict=True))
    u, size = known.get("u", np.full(true.shape, np.nan)), known.get("N", np.full(true.shape, 1000))
    common = {"dataset": "simulated", "signal": "known", "channel": "law", "u_unit": u_unit, "probe": "none"}
    common |= {"representation": "law", "status": "ok", "reason": "", **columns}
    made = []
    for replicate in range(seeds):
        noisy = true + errors * generator(seed, "rows", replicate).standard_normal(true.shape)
        level = u / np.max(u) if "u" in known else np.ones(true.shape)
        for point in range(len(true)):
            varying = {"level": level[point], "u": u[point], "n_train": round(size[point]), "seed": replicate}
            made.append({**common, **varying, "bits": noisy[point], "standard_error": errors[point]})
    return to_table(made)
