"""Measurements as a fit takes them: checked, sorted, and with a model of their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError
from noiselaw.fit.domain import refuse_outside

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from noiselaw.laws import Law
    from noiselaw.records import FloatArray, IntArray

__all__ = ["Points", "points_of"]


#: Values of x closer than this ratio are one level.
_ONE_LEVEL = 1.03


@dataclass(frozen=True, eq=False)
class Points:
    """Measurements that can be fitted.

    Parameters
    ----------
    x
        One array (n,) per variable of the law.
    bits
        (n,).
    error
        Standard error of each, (n,), or None where unknown.
    seeds
        Which replicate each belongs to, (n,) numbered from 0, or None.
    left_out
        How many were not finite and are absent here.
    """

    x: tuple[FloatArray, ...]
    bits: FloatArray
    error: FloatArray | None
    seeds: IntArray | None
    left_out: int

    @property
    def labels(self) -> IntArray:
        """Return which level of the first variable each belongs to, numbered upwards (n,).

        Replicates realise a level a little differently; values within a few per cent are one level.
        """
        order = np.argsort(self.x[0], kind="stable")
        ranked = self.x[0][order]
        steps = ranked[1:] > _ONE_LEVEL * np.maximum(ranked[:-1], 1e-300)
        labels = np.zeros(len(ranked), dtype=int)
        labels[order[1:]] = np.cumsum(steps)
        return labels

    @property
    def averaged(self) -> tuple[FloatArray, FloatArray]:
        """Return the levels' mean x and mean bits, (levels,) each."""
        labels = self.labels
        counts = np.bincount(labels)
        return np.bincount(labels, self.x[0]) / counts, np.bincount(labels, self.bits) / counts

    @property
    def replicates(self) -> int:
        """Return how many replicates there are."""
        return 1 if self.seeds is None else max(1, len(np.unique(self.seeds)))

    @property
    def levels(self) -> int:
        """Return how many different levels (for a joint law, points of the grid) there are."""
        if not len(self.bits):
            return 0
        return int(self.labels.max()) + 1 if len(self.x) == 1 else len(np.unique(np.stack(self.x), axis=1).T)


def points_of(
    law: Law,
    x: ArrayLike,
    bits: ArrayLike,
    standard_error: ArrayLike | None = None,
    seeds: ArrayLike | None = None,
) -> Points:
    """Check and gather measurements; those that are not finite are left out and counted.

    Raises
    ------
    InputError
        If lengths differ, the law's domain is left, or a standard error is not above 0.
    """
    columns = _columns(law, x)
    y = _numbers("bits", bits)
    error = None if standard_error is None else _numbers("standard_error", standard_error)
    seed = None if seeds is None else np.unique(np.asarray(seeds).ravel(), return_inverse=True)[1]
    for name, values in zip(law.variables, columns, strict=True):
        if len(values) != len(y):
            raise InputError(f"{name} and bits must have one value per measurement; got {len(values)} and {len(y)}.")
    for what, extra in (("standard_error", error), ("seeds", seed)):
        if extra is not None and len(extra) != len(y):
            raise InputError(f"{what} must have one value per measurement; got {len(extra)} for {len(y)}.")
    keep = np.isfinite(y)
    for values in columns:
        keep &= np.isfinite(values)
    refuse_outside(law, [values[keep] for values in columns])
    return Points(
        x=tuple(values[keep] for values in columns),
        bits=y[keep],
        error=None if error is None else _errors(error[keep]),
        seeds=None if seed is None else seed[keep],
        left_out=int((~keep).sum()),
    )


def _columns(law: Law, x: ArrayLike) -> list[FloatArray]:
    if len(law.variables) == 1:
        return [_numbers(law.variables[0], x)]
    try:
        given = list(x)  # type: ignore[arg-type]
    except TypeError:
        given = []
    columns = [_numbers(name, values) for name, values in zip(law.variables, given, strict=False)]
    if len(given) != len(law.variables):
        wanted = ", ".join(law.variables)
        raise InputError(f"This law needs x as ({wanted}), one array each; got {len(given)} arrays.")
    return columns


def _numbers(name: str, values: ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be numbers, one for each measurement ({error}). Pass one flat array without text or gaps; "
            "NaN for what is unknown."
        ) from error


def _errors(error: FloatArray) -> FloatArray | None:
    """Return errors without gaps: an unknown one is taken as large as the median of the known.

    No measurement is exact, so 0 (a held-out bound that found nothing at all reads 0 with no spread) counts as unknown.
    """
    if np.nanmin(error, initial=0.0) < 0:
        raise InputError(
            f"standard_error must be above 0; got {np.nanmin(error):g}. Leave it empty (NaN) where it is unknown."
        )
    known = np.isfinite(error) & (error > 0)
    return np.where(known, error, float(np.median(error[known]))) if known.any() else None
