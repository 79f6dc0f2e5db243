"""Information between two sets of labels, by counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from noiselaw.probes.base import Probe
from noiselaw.records import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Discrete"]


@dataclass(frozen=True)
class Discrete(Probe):
    """Information between labels X, (n,) or (n, 1), and labels Y, in bits: predicted and true classes, for instance.

    Parameters
    ----------
    correction
        ``none`` is the plug-in estimate, too high by about (cells - rows - columns + 1) / (2 n ln 2); the
        ``miller_madow`` correction removes that. For pairs drawn at random it is right, and says up to
        (columns - 1) / (2 n ln 2) more than the entropy of the labels *seen*. ``given_labels`` takes how often each Y
        was seen as given (classes balanced by design, or the very images that the ceiling H(Y) is of): the plug-in
        estimate's bias, and its standard error, when only X is drawn, class by class. Labels that are all predicted
        right hold H(Y), no more. All three are in the diagnostics.
    """

    correction: Literal["miller_madow", "given_labels", "none"] = "miller_madow"

    measures: ClassVar[frozenset[str]] = frozenset({"labels"})
    reads: ClassVar[str] = "labels"

    def _estimate(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Estimate:
        counts = _contingency(x[:, 0].astype(np.int64), y)
        plug_in, corrected = _bits(counts)
        given = plug_in - _bias_given_labels(counts)
        bits = {"none": plug_in, "miller_madow": corrected, "given_labels": given}[self.correction]
        pairs_per_cell = len(y) / int(np.sum(counts > 0))
        reason = ""
        if pairs_per_cell < 5:
            reason = f"There are {pairs_per_cell:.1f} pairs for each combination of labels seen; counting needs more."
        return Estimate(
            bits=bits,
            standard_error=_standard_error(
                counts, x[:, 0].astype(np.int64), y, groups, within_labels=self.correction == "given_labels"
            ),
            status="warned" if reason else "ok",
            reason=reason,
            n_pairs=len(y),
            diagnostics={
                "plug_in_bits": plug_in,
                "corrected_bits": corrected,
                "given_labels_bits": given,
                "labels_x": counts.shape[0],
                "labels_y": counts.shape[1],
                "cells_seen": int(np.sum(counts > 0)),
            },
        )


def _contingency(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    shape = (int(x.max()) + 1, int(y.max()) + 1)
    return np.bincount(x * shape[1] + y, minlength=shape[0] * shape[1]).reshape(shape)


def _log_ratio(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log2 p(x, y) / (p(x) p(y)) of each cell, 0 where a cell is empty."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return np.asarray(np.log2(np.where(counts > 0, counts, 1) / np.where(counts > 0, expected, 1)))


def _bits(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the plug-in estimate and the one corrected for bias (Miller 1955), in bits."""
    n = int(counts.sum())
    plug_in = float(np.sum(counts * _log_ratio(counts)) / n)
    n_cells, (n_x, n_y) = int(np.sum(counts > 0)), counts.shape
    return plug_in, plug_in + float((n_x + n_y - n_cells - 1) / (2 * n * np.log(2)))


def _bias_given_labels(counts: NDArray[np.int64]) -> float:
    """Return by how many bits the plug-in estimate is too high on average, when X alone is drawn, given each Y.

    To second order: H(X | Y) is too low by (cells - columns) / 2n, as each column is a multinomial draw; H(X) by
    Σ_x Var(p_x) / 2p_x, with the variance that is left when every Y is seen as often as it is.
    """
    n = int(counts.sum())
    of_y = counts.sum(axis=0)
    p_x, given_y = counts.sum(axis=1) / n, counts / of_y
    variance = (given_y * (1 - given_y) * of_y / n).sum(axis=1)
    n_cells = int(np.sum(counts > 0))
    return float((n_cells - counts.shape[1] - (variance / p_x).sum()) / (2 * n * np.log(2)))


def _standard_error(
    counts: NDArray[np.int64],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    *,
    within_labels: bool = False,
) -> float:
    """Return the delta method's standard error, with the χ² spread that is left when X and Y are independent.

    Unrelated labels have a sum of squared influences of about the degrees of freedom, and a variance of half that.
    ``within_labels`` leaves out what comes from how often each Y is seen.
    """
    n = len(y)
    influence = _log_ratio(counts)[x, y]
    of_y = np.bincount(y)
    means = np.bincount(y, weights=influence) / of_y if within_labels else np.full(len(of_y), influence.mean())
    influence -= means[y]
    if groups is not None:
        influence = np.bincount(groups, weights=influence).astype(np.float64)
    by_chance = (counts.shape[0] - 1) * (counts.shape[1] - 1) / np.log(2) ** 2
    return float(np.sqrt(max(np.sum(influence**2) - by_chance, 0.0) + by_chance / 2) / n)
