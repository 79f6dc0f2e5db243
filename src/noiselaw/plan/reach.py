"""What depth reaches a fraction of what is reachable, and which signal loses most to noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.fit import STATUSES, derive, fit_law
from noiselaw.fit.outlook import FAR
from noiselaw.plan.answers import Loss, Losses, Reach
from noiselaw.plan.words import amount, because, bits, called, counted, number, possible, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noiselaw.plan.measured import Measured
    from noiselaw.records import Fit

__all__ = ["depth_fit", "losses", "reach"]

#: By this much in AICc a form is clearly better, and forms that have no plateau to reach.
_CLEARLY = 2.0
_ENDLESS = ("log_linear", "power")


def depth_fit(curve: Measured) -> Fit:
    """Lay the law of bits against depth through one representation's measurements at its largest training size.

    It is Eq. 2, or its relative with noise on both sides where Y is a partner as noisy as X.
    """
    table = curve.table
    if table["n_train"].notna().any():
        table = table[table["n_train"] == table["n_train"].max()]
    error = table["standard_error"].to_numpy(float)
    return fit_law(
        curve.law,
        table["u"].to_numpy(float),
        table["bits"].to_numpy(float),
        error if np.isfinite(error).any() else None,
        seeds=table["seed"].to_numpy(),
        ceiling=curve.ceiling if np.isfinite(curve.ceiling) else None,
    )


def reach(curve: Measured, fraction: float = 0.9, fit: Fit | None = None) -> Reach:
    """Say what depth reaches ``fraction`` of what unlimited depth would give (Eq. 8; its law as in :func:`depth_fit`).

    Parameters
    ----------
    curve
        Measurements of one representation about one signal.
    fraction
        Between 0 and 1.
    fit
        What was laid through ``curve`` before.

    Raises
    ------
    UsageError
        If ``fraction`` is none.
    """
    if not 0.0 < fraction < 1.0:
        raise UsageError(f"fraction must lie between 0 and 1; got {fraction:g}. Pass 0.9 for 90 %.")
    found = fit or depth_fit(curve)
    model, signal = curve.names("representation")[0], curve.names("signal")[0]
    share = f"{100 * fraction:g} % of what {model} could ever say about {signal}"
    known = found.status == "ok"
    depth, low, high = np.nan, 0.0, np.inf
    if "region" in found.diagnostics:
        derived = derive(found, "x_for_fraction", fraction=fraction)
        depth, low, high = derived.value, derived.interval.low, derived.interval.high
        known = known and bool(np.isfinite(depth))
    far = bool(known and depth > FAR * found.x_range[1])
    if known:
        plateau = derive(found, "plateau")
        ends = f"{span(low, high, of_bits=False)}; the plateau is {bits(plateau.value)}, "
        ends += span(plateau.interval.low, plateau.interval.high) + possible(plateau.interval.high, curve.ceiling)
        one = not curve.unit or curve.unit.startswith("1 per ")
        told = f"By {called(curve.law)}, {amount(depth, curve.unit)} reach{'es' * one} {share} ({ends})"
        if depth > curve.greatest * (1 + 1e-9):
            told = f"No {curve.noun} that can be had reaches {share}: {told[0].lower()}{told[1:].replace(share, 'it')}"
            told += f", and {amount(curve.greatest, curve.unit)} is an observation as it is"
        told += _doubt(found)
        told += f"; this is more than ten times the deepest measured ({number(found.x_range[1])})" if far else ""
    else:
        told = f"What {curve.noun} reaches {share} cannot be told, {because(found.reason)}"
        bounds = f"{span(low, high, of_bits=False)} {counted(curve.unit)}".rstrip()
        told += f" (it is {bounds})" if low > 0 or np.isfinite(high) else ""
    return Reach(model, signal, fraction, float(depth), low, high, found.status, known, told + ".", far)


def _doubt(fit: Fit) -> str:
    """Return a warning where another form than the fitted one describes the points clearly better (AICc)."""
    behind = {name: row.get("behind", np.nan) for name, row in fit.diagnostics.get("rivals", {}).items()}
    if not behind or not behind.get(fit.law, 0.0) > _CLEARLY:
        return ""
    best = min(behind, key=lambda name: behind[name] if np.isfinite(behind[name]) else np.inf)
    endless = " and never levels off" if best in _ENDLESS else ""
    return f"; the form {best} passes the points more closely{endless}"


def losses(curves: Sequence[Measured], u: float | None = None) -> Losses:
    """Say which of several signals loses most to noise at a depth (Eq. 7), for one representation.

    Parameters
    ----------
    curves
        One representation's measurements, one entry for each signal.
    u
        The depth; the deepest measured where not given.
    """
    if not curves:
        raise UsageError("losses needs at least one signal's measurements; got none.")
    depth = u or max(curve.depth for curve in curves)
    found = [_loss(curve, depth) for curve in curves]
    ranked = sorted(found, key=lambda loss: -(loss.bits if np.isfinite(loss.bits) else loss.low))
    most = ranked[0]
    model = curves[0].names("representation")[0]
    rest = ranked[1:]
    known = bool(rest) and bool(most.low > max(loss.high for loss in rest))
    listed = "; ".join(_told(loss) for loss in ranked)
    at = f"at {amount(depth, curves[0].unit)}"
    if not rest:
        told = f"{at[0].upper()}{at[1:]}, {model} loses {_told(most)}; no other signal was measured to compare with."
    elif known:
        told = f"{at[0].upper()}{at[1:]}, {model} loses most about {most.signal}: {listed}."
    else:
        doubtful = next((loss for loss in ranked if loss.status != "ok"), None)
        why = STATUSES[doubtful.status] if doubtful else "their intervals overlap"
        about = f" ({doubtful.signal})" if doubtful else ""
        told = f"Which signal loses most {at} cannot be told, {because(why)}{about}: {listed}."
    return Losses(model, depth, most.signal if known else "", tuple(ranked), known, told)


def _told(loss: Loss) -> str:
    return f"{loss.signal} {span(loss.low, loss.high)} bits"


def _loss(curve: Measured, u: float) -> Loss:
    fit = depth_fit(curve)
    signal = curve.names("signal")[0]
    if "region" not in fit.diagnostics:
        return Loss(signal, np.nan, -np.inf, np.inf, fit.status)
    lost = derive(fit, "bits_lost", u=u)
    return Loss(signal, float(lost.value), lost.interval.low, lost.interval.high, fit.status)
