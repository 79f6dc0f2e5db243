"""An ordinary object that can ``fit`` and ``transform`` (scikit-learn's, or a user's own) as a representation."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from noiselaw.arrays import as_dense
from noiselaw.errors import UsageError
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.features import check_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noiselaw.records import Prepared, View

__all__ = ["Wrapped", "as_representation"]


@runtime_checkable
class _Transformer(Protocol):
    def fit(self, x: Any) -> Any: ...

    def transform(self, x: Any) -> Any: ...


@runtime_checkable
class _Seedable(Protocol):
    def get_params(self) -> dict[str, Any]: ...

    def set_params(self, **params: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class _WrappedEncoder(Encoder):
    model: Any
    features: NDArray[np.str_]
    dense: bool
    history: History

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        embedded = self.model.transform(as_dense(prepared.values) if self.dense else prepared.values)
        return Embedding(np.asarray(as_dense(embedded), dtype=np.float64))


@dataclass(frozen=True)
class Wrapped(Representation):
    """Fit a copy of ``model`` on each training set; the model itself stays as it was given.

    Parameters
    ----------
    model
        Has ``fit(x)`` and ``transform(x) -> (n, d)``. A scikit-learn parameter ``random_state`` that was left None is
        set from the fit's generator, so that the same seed gives the same numbers.
    takes
        The view that ``x`` is: ``lognorm`` or ``counts`` of the selected features.
    dense
        Whether the model wants a dense array; otherwise it gets what the preparation made, which may be sparse.
    """

    model: Any
    takes: View = "lognorm"  # type: ignore[misc]  # a class says what it takes; here each object does
    dense: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.model, _Transformer) or isinstance(self.model, type):
            raise UsageError(
                f"A representation must have fit(x) and transform(x); got {self.model!r}. Pass an object with both "
                "(not its class), or write a Representation."
            )

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder:
        model = deepcopy(self.model)
        if isinstance(model, _Seedable) and model.get_params().get("random_state", "") is None:
            model.set_params(random_state=int(rng.integers(2**31)))
        model.fit(as_dense(prepared.values) if self.dense else prepared.values)
        history = History(stop_reason="the model's own", notes={"model": repr(self.model)})
        return _WrappedEncoder(model, prepared.features, self.dense, history)


def as_representation(model: Any) -> Representation:
    """Return ``model`` where it is a representation, else wrap it (see :class:`Wrapped`)."""
    return model if isinstance(model, Representation) else Wrapped(model)
