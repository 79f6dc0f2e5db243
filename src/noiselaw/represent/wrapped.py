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
        embedded = self.model.transform(_given(prepared.values, self.dense))
        return Embedding(np.asarray(as_dense(embedded), dtype=np.float64))


@dataclass(frozen=True)
class Wrapped(Representation):
    """Fit a copy of ``model`` on each training set; the model itself stays as it was given.

    Parameters
    ----------
    model
        Has ``fit(x)`` and ``transform(x) -> (n, d)``. A scikit-learn parameter ``random_state`` that was left None,
        also of a pipeline's step, is set from the fit's generator, so that the same seed gives the same numbers. A
        sweep tells models apart by what they show (``repr``); where a class shows nothing, by its name and attributes.
    takes
        The view that ``x`` is: ``lognorm`` or ``counts`` of the selected features.
    dense
        Whether the model wants a dense array; otherwise it gets what the preparation made, which may be sparse.
    """

    model: Any
    takes: View = "lognorm"  # type: ignore[misc]  # a class says what it takes; here each object does
    dense: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.bare, _Transformer) or isinstance(self.bare, type):
            raise UsageError(
                f"A representation must have fit(x) and transform(x); got {self.model!r}. Pass an object with both "
                "(not its class), or write a Representation."
            )
        shown = _shown(self.bare)
        if shown and self.bare is self.model:
            object.__setattr__(self, "model", _Shown(self.model, shown))

    @property
    def bare(self) -> Any:
        """The model as it was given."""
        return self.model.model if isinstance(self.model, _Shown) else self.model

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder:
        model = deepcopy(self.bare)
        if isinstance(model, _Seedable):
            _seed(model, rng)
        model.fit(_given(prepared.values, self.dense))
        history = History(stop_reason="the model's own", notes={"model": repr(self.model)})
        return _WrappedEncoder(model, prepared.features, self.dense, history)


@dataclass(frozen=True, eq=False, repr=False)
class _Shown:
    """A model whose class does not say what it is, under its class's name and its attributes."""

    model: Any
    shown: str

    def __repr__(self) -> str:
        return self.shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shown) and self.shown == other.shown

    def __hash__(self) -> int:
        return hash(self.shown)


def _shown(model: Any) -> str:
    """Return a model's class with its attributes, where its class shows nothing itself and they say all; else ""."""
    if " at 0x" not in repr(model):
        return ""
    attributes = getattr(model, "__dict__", {})
    if not all(isinstance(value, bool | int | float | str | None) for value in attributes.values()):
        return ""
    return f"{type(model).__name__}({', '.join(f'{name}={value!r}' for name, value in attributes.items())})"


def _given(values: Any, dense: bool) -> Any:
    """Return observations as the model wants them, so that it may change a dense array: a copy of ours."""
    if not dense:
        return values
    return values.copy() if isinstance(values, np.ndarray) else as_dense(values)


def _seed(model: _Seedable, rng: np.random.Generator) -> None:
    """Set what a scikit-learn model, or a part of it, would otherwise draw from numpy's own generator."""
    unset = [
        name
        for name, value in sorted(model.get_params().items())
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    if unset:
        model.set_params(**{name: int(rng.integers(2**31)) for name in unset})


def as_representation(model: Any) -> Representation:
    """Return ``model`` where it is a representation, else wrap it (see :class:`Wrapped`)."""
    return model if isinstance(model, Representation) else Wrapped(model)
