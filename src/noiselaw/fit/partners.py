"""Partners that were measured through the same noise, which Eq. 2 does not suppose."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from noiselaw.records import Fit

__all__ = ["both_noisy", "cautioned"]

#: Laws that suppose a clean Y, and those made for a Y seen through the same noise.
_MADE_FOR = {"noise": "two_sided", "joint": "joint_two_sided"}
#: Forms whose AICc differ by less have about as much support.
_ALIKE = 2.0


def both_noisy(rows: pd.DataFrame) -> bool:
    """Return whether the rows say that Y was the embedding of a partner, as noisy as X."""
    if "diagnostics" not in rows.columns:
        return False
    told = rows["diagnostics"].dropna()
    try:
        facts = json.loads(str(told.iloc[0])) if len(told) else {}
    except ValueError:  # somebody's own column of that name
        return False
    return isinstance(facts, dict) and facts.get("target") == "embedding"


def cautioned(fit: Fit, rows: pd.DataFrame) -> Fit:
    """Return ``fit`` with a sentence on its noise sensitivity where both cells of a pair were measured through noise.

    With a partner as noisy as the cell itself the true information follows the two-sided law; Eq. 2 then finds I_max,
    but a u_bar some 2.8 times too large (``benchmarks/truth.py law``).
    """
    made = _MADE_FOR.get(fit.law)
    if made is None or not np.isfinite(fit.parameters.get("u_bar", np.nan)) or not both_noisy(rows):
        return fit
    rivals = fit.diagnostics.get("rivals", {})
    better = rivals[fit.law]["aicc"] - rivals[made]["aicc"] if {fit.law, made} <= set(rivals) else np.nan
    if not np.isfinite(better):
        judged = ""
    elif abs(better) < _ALIKE:
        judged = " (by AICc neither is clearly better here)"
    else:
        judged = f" (here its AICc is {abs(better):.1f} {'lower' if better > 0 else 'higher'})"
    said = (
        "Y is a cell as noisy as X, which this law does not suppose: its u_bar comes out too large, I_max hardly does. "
        f"For the depth itself fit the law {made}, which does{judged}."
    )
    return replace(fit, reason=f"{fit.reason} {said}")
