"""Figure 5: Eq. 2 through image classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from noiselaw.fit import fit_law
from noiselaw.plot import NamedCurve, looks, named_curves
from noiselaw.reproduce.drawing import panels
from noiselaw.reproduce.published import read_measurements
from noiselaw.reproduce.target import Check, Picture, Result
from noiselaw.table import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from noiselaw.records import Fit, FloatArray

__all__ = ["Problem", "figure_5", "published_problems"]

from dataclasses import dataclass

#: The five classes as Caltech101 numbers them.
CLASSES = {"0": "Faces", "1": "Faces_easy", "3": "Motorbikes", "5": "airplanes", "94": "watch"}
FILES = ("Caltech101_Gaussian.csv", "Caltech101_resolution.csv")


@dataclass(frozen=True, eq=False)
class Problem:
    """One curve: a kind of noise, a classification problem, what its labels hold (bits), and bits against u."""

    noise: str
    name: str
    ceiling: float
    u: FloatArray
    bits: FloatArray


def published_problems(source: Path) -> list[Problem]:
    """Return the curves of the published measurements.

    u is 1/σ² for Gaussian noise and 1/f for pixelation, as the authors ran it (their text's α = 1/f would be u = 1/f²).
    """
    found = []
    for noise, file, column, power in (
        ("Gaussian noise", FILES[0], "Scale", -2.0),
        ("pixelation", FILES[1], "Factor", -1.0),
    ):
        measured = read_measurements(source, file)
        for label, chosen in measured.groupby("Class label", sort=False):
            ceiling = _entropy(measured) if label == "all" else 1.0
            u = numbers_of(chosen, column) ** power
            order = np.argsort(u)
            bits = numbers_of(chosen, "MI")
            found.append(Problem(noise, str(label), ceiling, u[order], bits[order]))
    return found


def _entropy(measured: pd.DataFrame) -> float:
    """Return H(L) of the five classes among the held-out images, in bits."""
    counts = measured[measured["Class label"] != "all"].groupby("Class label")["N instances of label"].first()
    shares = counts.to_numpy(float) / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def figure_5(problems: Sequence[Problem], paper: bool, remarks: Sequence[str] = ()) -> Result:
    """Return Eq. 2 through every problem, by the published and by the recommended procedure.

    ``ceiling`` is what the labels hold: 1 bit for one class against all (balanced), H(L) for all five.
    """
    rows: list[dict[str, Any]] = []
    noises = list(dict.fromkeys(problem.noise for problem in problems))
    names = list(dict.fromkeys(problem.name for problem in problems))
    colours = dict(zip(names, looks(names).values(), strict=True))
    figure, axes = panels(1, len(noises), width=4.8, height=3.6)
    for ax, noise in zip(axes[0], noises, strict=True):
        drawn = []
        for problem in (one for one in problems if one.noise == noise):
            published, sound = (
                fit_law("noise", problem.u, problem.bits, ceiling=problem.ceiling, protocol=protocol, rivals=False)
                for protocol in ("paper", "recommended")
            )
            rows.append(_row(problem, published, sound))
            shown = CLASSES.get(problem.name, problem.name)
            drawn.append(NamedCurve(shown, problem.u, problem.bits, colours[problem.name], sound))
        label = "u = 1/σ²" if noise.startswith("Gaussian") else "u = 1/f"
        named_curves(drawn, ax=ax, x_label=label, y_label="bits about the true class")
        ax.set_title(noise)
    caption = "Information between predicted and true class; Eq. 2 by the recommended fit, its 95 % interval shaded."
    found = pd.DataFrame(rows)
    return Result(found, tuple(_checks(found, paper)), (Picture(figure, caption),), (*_REMARKS, *remarks))


_REMARKS = (
    "Pixelation is fitted with u = 1/f, as the authors ran it; their text's α = 1/f would be u = α² = 1/f².",
    "One class against all others carries at most 1 bit, all five at most H(L). A plateau above that is the form of "
    "the curve speaking, not the images.",
)


def _row(problem: Problem, published: Fit, sound: Fit) -> dict[str, Any]:
    row: dict[str, Any] = {
        "target": "figure-5", "noise": problem.noise, "problem": problem.name, "ceiling": problem.ceiling,
    }  # fmt: skip
    for parameter in ("I_max", "u_bar"):
        interval = sound.intervals[parameter]
        row |= {
            f"{parameter}_paper": published.parameters[parameter],
            parameter: sound.parameters[parameter],
            f"{parameter}_low": interval.low,
            f"{parameter}_high": interval.high,
        }
    return row | {"status": sound.status, "reason": sound.reason}


#: The plateau "closely matches" the entropy of the labels, as the paper says, within this share.
_CLOSE = 0.1


def _checks(found: pd.DataFrame, paper: bool) -> Iterable[Check]:
    for row in found.to_dict("records"):
        shown = CLASSES.get(row["problem"], row["problem"])
        close = abs(row["I_max_paper"] / row["ceiling"] - 1.0) <= _CLOSE
        yield Check(
            f"{row['noise']}, {shown}: I_max, where labels hold {row['ceiling']:.3f}",
            row["I_max_paper"],
            "holds" if close else "fails",
            "close to H(L)",
            row["I_max"],
            row["I_max_low"],
            row["I_max_high"],
            row["status"],
            f"Judged close within {_CLOSE:.0%}. {row['reason']}",
        )
    for noise, rows in found.groupby("noise", sort=False):
        scale = rows[rows["problem"] != "all"].set_index("problem")["u_bar_paper"]
        most = str(scale.idxmax())
        yield Check(
            f"{noise}: ū of watch over the largest of the other four",
            float(scale.get("94", np.nan) / scale.drop("94", errors="ignore").max()),
            "holds" if most == "94" else "fails",
            "watch needs the best images",
            reason=f"The problem with the largest ū is {CLASSES.get(most, most)}.",
            unit="fold",
        )
