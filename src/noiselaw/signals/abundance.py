"""Abundances of observations: surface proteins, or any matrix of numbers measured on the same cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noiselaw.errors import InputError, nearest
from noiselaw.records import Pairs
from noiselaw.signals.base import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Dataset, FloatArray, IntArray

__all__ = ["Abundances"]


@dataclass(frozen=True)
class Abundances(Signal):
    """The abundances of each held-out observation, as they were measured.

    An observation with a NaN in any column has no pair and is counted in ``Pairs.dropped``.

    Parameters
    ----------
    key
        Which of the dataset's matrices (``obsm`` or a MuData modality).
    name
        How tables call the signal; by default the key.
    """

    key: str
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.key)

    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset without this matrix, or in which it is not finite numbers or never varies."""
        values = self._values(dataset)
        complete = ~np.isnan(values).any(axis=1)
        self._refuse_constant(values[complete], f"of {len(values)} observations")

    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        values = self._values(dataset)[test]
        complete = ~np.isnan(values).any(axis=1)
        self._refuse_constant(values[complete], f"of {len(test)} held-out observations")
        dropped = {} if complete.all() else {"missing abundance": int((~complete).sum())}
        return Pairs(np.asarray(test)[complete], values[complete], dropped=dropped)

    def _values(self, dataset: Dataset) -> FloatArray:
        if self.key not in dataset.matrices:
            raise InputError(
                f"The dataset {dataset.name!r} has no matrix {self.key!r} to take abundances from. "
                f"{nearest(self.key, dataset.matrices)}"
            )
        table = dataset.matrices[self.key]
        if table.shape[0] != len(dataset.names):
            raise InputError(
                f"Abundances need one row for each of the {len(dataset.names)} observations; matrix {self.key!r} has "
                f"{table.shape[0]} rows. Align it with the observations."
            )
        if not table.shape[1]:
            raise InputError(f"Abundances need at least one column; matrix {self.key!r} has none. Choose another one.")
        text = [str(name) for name, dtype in table.dtypes.items() if not pd.api.types.is_numeric_dtype(dtype)]
        if text:
            raise InputError(
                f"Abundances must be numbers; matrix {self.key!r} has other values in column {text[0]!r}. Leave it out."
            )
        values = table.to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.argwhere(np.isinf(values))
        if len(infinite):
            row, column = infinite[0]
            raise InputError(
                f"Abundances must be finite; matrix {self.key!r} is {values[row, column]} for observation "
                f"{str(dataset.names[row])!r} in column {str(table.columns[column])!r}. Put NaN where one is unknown."
            )
        return values

    def _refuse_constant(self, complete: NDArray[np.floating], where: str) -> None:
        if len(complete) < 2 or (complete == complete[0]).all():
            raise InputError(
                f"Abundances must differ to carry information; the {len(complete)} complete rows {where} in matrix "
                f"{self.key!r} do not. Choose another matrix, or leave out columns that are mostly missing."
            )
