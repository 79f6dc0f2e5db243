"""From held-out gains to an estimate: bits, error, extrapolation, and what to warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.probes.bounds import standard_error
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["estimate_of"]

#: A gap between fitted and held-out pairs of more than this share means that more pairs would show more.
_SHORT = 0.10
#: Bits that are never worth a warning: unrelated pairs show some of it to a fit that has seen them.
_LEAST = 0.03
#: Bits below log2 of the pairs within which a bound can no longer tell more from enough.
_ROOM = 4.0


def estimate_of(
    gain: NDArray[np.float64],
    familiar: float,
    units: NDArray[np.intp],
    folds: NDArray[np.intp],
    diagnostics: Mapping[str, Any],
    doubts: Sequence[str] = (),
) -> Estimate:
    """Return the estimate for held-out gains.

    Parameters
    ----------
    gain
        What each pair adds to the bound, in bits, measured by a fit that has not seen it, (n,).
    familiar
        Bits that the same fits show on pairs they have seen.
    units, folds
        Which pairs belong together, and which fit measured them, (n,).
    diagnostics
        What else is to be told.
    doubts
        Sentences about what speaks against the estimate, if anything does.

    Notes
    -----
    To first order in 1/n a fit gains on the pairs it has seen what it loses on new ones, so that the middle of both
    is nearer the value for infinitely many pairs. It is no bound, and knows nothing of critics of the wrong form.
    """
    bits = float(gain.mean())
    # Where every fold counts 0 there is no scatter; nobody knows a bound to better than a bit in n.
    error = max(standard_error(gain, units, folds), 1 / len(gain))
    extrapolated = 0.5 * (bits + familiar)
    warnings = list(doubts)
    if extrapolated - bits > max(_SHORT * extrapolated, 2 * error, _LEAST):
        warnings.append(
            f"More pairs would show more: the bound is {bits:.2f} bits, its extrapolation {extrapolated:.2f}."
        )
    if bits > np.log2(len(gain)) - _ROOM:
        warnings.append(f"{bits:.2f} bits is close to what {len(gain)} pairs can show at all.")
    return Estimate(
        bits=bits,
        standard_error=error,
        status="warned" if warnings else "ok",
        reason=" ".join(warnings),
        extrapolated_bits=extrapolated,
        n_pairs=len(gain),
        diagnostics={
            **diagnostics,
            "n_folds": int(folds.max()) + 1,
            "n_units": len(np.unique(units)),
            "seen_pairs_bits": familiar,
            "saturated": bool(bits > np.log2(len(gain)) - _ROOM),
            "may_be_short": bool(extrapolated - bits > max(_SHORT * extrapolated, 2 * error, _LEAST)),
        },
    )
