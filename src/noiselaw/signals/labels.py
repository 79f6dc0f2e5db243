"""Labels of observations: cell types, time points, any column of categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.errors import InputError
from noiselaw.records import Pairs
from noiselaw.signals.base import Signal
from noiselaw.signals.columns import as_texts, column_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from noiselaw.records import Dataset, IntArray

__all__ = ["Labels", "entropy_bits"]


def entropy_bits(labels: NDArray[Any]) -> float:
    """Return the plug-in entropy H(Y) of ``labels`` (n,) in bits: what no representation can exceed."""
    counts = np.unique(labels, return_counts=True)[1]
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0


#: Observations from which on a column with mostly different values is taken for numbers or names, not labels.
_ENOUGH_TO_REPEAT = 50


@dataclass(frozen=True)
class Labels(Signal):
    """The label of each held-out observation, as text.

    Observations without a label (NaN, None) or with one of ``missing`` have no pair and are counted in
    ``Pairs.dropped``, those of ``missing`` one by one, so that a misspelt one shows as 0.

    Parameters
    ----------
    column
        Column of the annotations (``obs``): categories, text, whole numbers or booleans.
    missing
        Labels that mean "missing", as text; one or several.
    name
        How tables call the signal; by default the column.
    """

    column: str
    missing: tuple[str, ...] | str = ()
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", as_texts(self.missing))
        object.__setattr__(self, "name", self.name or self.column)

    def check(self, dataset: Dataset) -> None:
        """Refuse a dataset without this column, or in which it is no label or always the same one."""
        labels = self._labels(dataset)
        self._refuse_single(labels, f"all {len(dataset.names)} observations")
        kept = labels[self._kept(labels)].astype(str)
        if len(kept) >= _ENOUGH_TO_REPEAT and kept.nunique() > len(kept) / 2:
            raise InputError(
                f"Labels must repeat to say anything about a group; column {self.column!r} has {kept.nunique()} "
                f"different values for {len(kept)} observations. Cut numbers into categories, or pass them as an "
                "abundance."
            )

    def _pair(self, dataset: Dataset, test: IntArray, rng: np.random.Generator) -> Pairs:
        labels = self._labels(dataset).iloc[test]
        absent = labels.isna()
        text = labels.astype(str)
        dropped = {"missing label": int(absent.sum())} if absent.any() else {}
        for label in self.missing:
            dropped[f"label {label!r}"] = int(((text == label) & ~absent).sum())
        kept = self._kept(labels)
        self._refuse_single(labels, f"the {len(test)} held-out observations")
        values = text[kept].to_numpy(dtype=np.str_)
        return Pairs(np.asarray(test)[kept], values, ceiling_bits=entropy_bits(values), dropped=dropped)

    def _kept(self, labels: pd.Series[Any]) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = (labels.notna() & ~labels.astype(str).isin(self.missing)).to_numpy(dtype=bool)
        return kept

    def _labels(self, dataset: Dataset) -> pd.Series[Any]:
        return column_of(dataset, self.column, "labels")

    def _refuse_single(self, labels: pd.Series[Any], where: str) -> None:
        kept = labels[self._kept(labels)].astype(str).unique()
        if len(kept) > 1:
            return
        found = f"only {kept[0]!r}" if len(kept) else "none"
        listed = f" besides the missing labels {', '.join(map(repr, self.missing))}" if self.missing else ""
        raise InputError(
            f"Labels must differ to carry information; {where} have {found} in column {self.column!r}{listed}. "
            "Choose another column."
        )
