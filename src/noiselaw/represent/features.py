"""What representations of named features share: they embed the features they were fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Prepared

__all__ = ["check_features"]


def check_features(prepared: Prepared, fitted: NDArray[np.str_]) -> None:
    """Refuse observations whose features are not those of the fit, in their order.

    Raises
    ------
    InputError
        Naming the first that differs.
    """
    given = prepared.features
    if len(given) != len(fitted):
        raise InputError(
            f"The representation was fitted on {len(fitted)} features; got observations with {len(given)}. "
            "Prepare them with the same fitted preparation."
        )
    if given is not fitted and not np.array_equal(given, fitted):
        first = int(np.flatnonzero(given != fitted)[0])
        raise InputError(
            f"The representation was fitted on other features: number {first + 1} was {str(fitted[first])!r} and is "
            f"now {str(given[first])!r}. Prepare both with the same fitted preparation."
        )
