"""Theorem 4.1 by simulation: probes that know nothing of it, on draws from its model, beside its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.fit import fit_law
from noiselaw.laws.gaussian import noise_parameters
from noiselaw.plot import NamedCurve, named_curves
from noiselaw.plot.style import INK, looks
from noiselaw.probes import mutual_information
from noiselaw.randomness import generator
from noiselaw.reproduce.drawing import panels
from noiselaw.reproduce.target import Check, Picture, Result
from noiselaw.simulate import gaussian, gaussian_bits

if TYPE_CHECKING:
    from noiselaw.records import FloatArray

__all__ = ["theorem_4_1"]

#: Signal-to-noise ratios α of the simulated measurement, and draws at each.
_ALPHAS = np.logspace(-1.5, 1.5, 9)
_DRAWS = 6_000
#: Nearest neighbours are counted in few dimensions, by a probe that assumes no form; the other knows Gaussians only.
_PROBES = {1: "ksg", 3: "gaussian"}


def _models() -> dict[int, tuple[FloatArray, FloatArray]]:
    """Return Σ_Y and Σ_U by dimension: numbers, and matrices that share no axes."""
    rng = generator(0, "theorem-4.1")
    y, u = (rng.standard_normal((3, 3)) for _ in range(2))
    return {1: (np.array([[4.0]]), np.array([[0.25]])), 3: (y @ y.T + np.eye(3), 0.3 * (u @ u.T) + 0.1 * np.eye(3))}


def theorem_4_1() -> Result:
    """Return simulated I(Y; Z) beside Eq. 3 and 4 over three decades of α, and what Eq. 2 reads from them."""
    rows: list[dict[str, Any]] = []
    figure, axes = panels(1, 1, width=5.4, height=3.8)
    drawn = []
    colours = looks(["pca", "random_projection"])
    for (dimensions, (signal, noise)), look in zip(_models().items(), colours.values(), strict=True):
        own = [_simulated(dimensions, signal, noise, float(alpha)) for alpha in _ALPHAS]
        rows += own
        u, bits = (np.array([row[name] for row in own]) for name in ("u", "bits"))
        drawn.append(NamedCurve(f"n = {dimensions}, simulated", u, bits, look))
    named_curves(drawn, ax=axes[0][0], x_label="u = α²", y_label="I(Y; Z), bits")
    u = np.geomspace(_ALPHAS[0] ** 2, _ALPHAS[-1] ** 2, 120)
    for signal, noise in _models().values():
        axes[0][0].plot(u, [gaussian_bits(signal, noise, float(np.sqrt(at))) for at in u], ":", color=INK, zorder=3)
    axes[0][0].set_ylim(bottom=0)
    found = pd.DataFrame(rows)
    caption = f"Points: estimated from {_DRAWS:,} draws. Dotted: Eq. 3 (n = 3) and Eq. 4 (n = 1)."
    return Result(found, (*_against_theory(found), *_limits()), (Picture(figure, caption),), (_MISPRINT,))


_MISPRINT = (
    "Section 4.1 prints I_max = (σ_Y² + σ_U²)/σ_U²; the limit of Eq. 4 is ½·log2 of that, and only then does Eq. 4 "
    'become Eq. 2. (Appendix A.1 also calls the theorem A.1 "Theorem 3.1".)'
)


def _simulated(dimensions: int, signal: FloatArray, noise: FloatArray, alpha: float) -> dict[str, Any]:
    drawn = gaussian(_DRAWS, signal, noise, alpha)
    found = mutual_information(drawn.z, drawn.y, probe=_PROBES[dimensions], kind="continuous")
    return {
        "dimensions": dimensions, "alpha": alpha, "u": alpha**2, "theorem": drawn.bits, "bits": found.bits,
        "standard_error": found.standard_error, "probe": _PROBES[dimensions],
    }  # fmt: skip


#: An estimate agrees with the theorem within this many bits, or three of its standard errors.
_NEAR = 0.03


def _against_theory(found: pd.DataFrame) -> list[Check]:
    checks = []
    for row in found.to_dict("records"):
        off = abs(row["bits"] - row["theorem"])
        holds = off <= max(_NEAR, 3 * row["standard_error"] if np.isfinite(row["standard_error"]) else 0.0)
        checks.append(
            Check(
                f"n = {row['dimensions']}, α = {row['alpha']:.3g}: I(Y; Z), simulated ({row['probe']})",
                row["bits"],
                "holds" if holds else "fails",
                f"{row['theorem']:.3f}",
                recommended=row["bits"],
                low=row["bits"] - 1.96 * row["standard_error"],
                high=row["bits"] + 1.96 * row["standard_error"],
                reason=f"Printed: Eq. {3 if row['dimensions'] > 1 else 4}, evaluated.",
            )
        )
    one = found[found["dimensions"] == 1]
    signal, noise = (float(matrix[0, 0]) for matrix in _models()[1])
    i_max, u_bar = noise_parameters(signal, noise)
    fit = fit_law("noise", one["u"], one["bits"], rivals=False)
    for name, theory in (("I_max", i_max), ("u_bar", u_bar)):
        value, interval = fit.parameters[name], fit.intervals[name]
        checks.append(
            Check(
                f"n = 1: {name} that Eq. 2 reads from the simulated curve",
                value,
                "holds" if abs(value / theory - 1) <= 0.05 else "fails",
                f"{theory:.3f}",
                value,
                interval.low,
                interval.high,
                fit.status,
                "Printed: ½·log2((σ_Y² + σ_U²)/σ_U²) and 1/σ_U². " + fit.reason,
                "bits" if name == "I_max" else "α²",
            )
        )
    return checks


def _limits() -> list[Check]:
    signal, noise = (float(matrix[0, 0]) for matrix in _models()[1])
    printed = (signal + noise) / noise
    ours = gaussian_bits(signal, noise, np.inf)
    reason = "Section 4.1 leaves out ½·log2."
    return [
        Check(
            "n = 1: I_max = lim I(Y; Z), as Section 4.1 prints it", ours, "different", f"{printed:.3f}", reason=reason
        )
    ]
