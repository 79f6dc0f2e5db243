"""Measurements over depth and training size, as the paper's figures and tables read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from noiselaw.records import FloatArray

__all__ = ["COLUMNS", "Curve", "Grid"]

#: Of ``Grid.rows``: the signal and model as the paper prints them; ``level`` only tells levels apart.
COLUMNS = ("signal", "model", "level", "u", "n_train", "bits")


@dataclass(frozen=True, eq=False)
class Curve:
    """The measurements of one model and signal along one axis: ``x`` and ``bits``, (n,), by rising x."""

    signal: str
    model: str
    at: float
    x: FloatArray
    bits: FloatArray


@dataclass(frozen=True, eq=False)
class Grid:
    """Measurements, whether they are the paper's own, and what a reader must know about them.

    ``published_over`` says by signal how many times too large cell numbers are in print (LARRY's: 3).
    """

    rows: pd.DataFrame
    paper: bool
    remarks: tuple[str, ...] = ()

    @property
    def signals(self) -> list[str]:
        """Signals in the paper's order."""
        return [str(name) for name in self.rows["signal"].unique()]

    def models(self, signal: str) -> list[str]:
        """Models measured for ``signal``."""
        return [str(name) for name in self.rows.loc[self.rows["signal"] == signal, "model"].unique()]

    def depth_curves(self, signal: str, model: str) -> Iterator[Curve]:
        """Yield bits against u for each training size, smallest first."""
        return self._curves(signal, model, "n_train", "u")

    def size_curves(self, signal: str, model: str) -> Iterator[Curve]:
        """Yield bits against training size for each level, noisiest first."""
        return self._curves(signal, model, "level", "n_train")

    def _curves(self, signal: str, model: str, over: str, x: str) -> Iterator[Curve]:
        chosen = self.rows[(self.rows["signal"] == signal) & (self.rows["model"] == model)]
        for _, rows in chosen.groupby(over, sort=True):
            # A replicate repeats a point: their mean is the curve.
            step = rows["n_train"] if x == "n_train" else rows["level"]
            mean = rows[["u", "n_train", "bits"]].groupby(step.to_numpy()).mean().to_dict("list")
            order = np.argsort(mean[x])
            at = float(np.mean(mean["u"] if x == "n_train" else mean["n_train"]))
            yield Curve(signal, model, at, np.array(mean[x], dtype=float)[order], np.array(mean["bits"])[order])

    def largest(self, signal: str, model: str) -> Curve | None:
        """Return bits against u at the largest training size; None where nothing was measured."""
        return next(iter(reversed(list(self.depth_curves(signal, model)))), None)

    def deepest(self, signal: str, model: str) -> Curve | None:
        """Return bits against training size at full depth; None where nothing was measured."""
        return next(iter(reversed(list(self.size_curves(signal, model)))), None)

    def baseline(self, signal: str) -> dict[float, float]:
        """Return by level the mean over training sizes of what random projection keeps."""
        chosen = self.rows[(self.rows["signal"] == signal) & (self.rows["model"] == "Rand. Proj.")]
        means = chosen.groupby("level")["bits"].mean()
        return dict(zip(map(float, means.index), np.asarray(means, dtype=float), strict=True))
