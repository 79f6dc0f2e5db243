"""Principal components of log-normalised training observations.

Sizes are nested, so one pass over the largest training set serves every smaller one: sums and cross-products are
accumulated over blocks of rows, and each size takes what stands at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from noiselaw.arrays import as_dense, is_sparse
from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Embedding, History
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.features import check_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from noiselaw.records import FloatArray, Matrix, Prepared, View

__all__ = ["PCA", "Components"]

#: Rows of one block. Every size sums the same whole blocks and then its own incomplete one, so that fitting sizes
#: together or alone adds the same numbers in the same order.
_ROWS = 256
#: Features up to which the covariance is solved exactly.
_EXACT = 2000


@dataclass(frozen=True, eq=False)
class Components(Encoder):
    """Projects centred observations on ``components`` (n features, d); without any, every embedding is one 0."""

    mean: FloatArray
    components: FloatArray
    features: NDArray[np.str_]
    history: History

    def _embed(self, prepared: Prepared) -> Embedding:
        check_features(prepared, self.features)
        if not self.components.shape[1]:
            return Embedding(np.zeros((len(prepared), 1)))
        return Embedding(np.asarray(prepared.values @ self.components) - self.mean @ self.components)


@dataclass(frozen=True, eq=False)
class _Axes:
    """Directions of largest variance: ``components`` (n features, d), the variance along each, and in all."""

    mean: FloatArray
    components: FloatArray
    variances: FloatArray
    total_variance: float


@dataclass(frozen=True)
class PCA(Representation):
    """Project log-normalised features on the ``dims`` directions along which training observations vary most.

    There must be as many features as ``dims``, or more. Where training observations vary along fewer directions than
    that (there are at most one fewer than observations), those are kept and ``history.notes["fewer_components"]`` says
    so; where they do not vary at all, every observation is embedded as one 0, which holds no information.

    Parameters
    ----------
    dims
        Components kept.
    solver
        ``exact``: from the features' covariance; ``iterative``: Lanczos iterations (ARPACK), which never form it;
        ``auto``: exact up to 2,000 features.
    """

    takes: ClassVar[View] = "lognorm"
    shares_sizes: ClassVar[bool] = True
    dims: int = 16
    solver: Literal["auto", "exact", "iterative"] = "auto"

    def __post_init__(self) -> None:
        if self.dims < 1:
            raise UsageError(f"dims must be at least 1; got {self.dims}.")

    def _fit_sizes(self, prepared: Prepared, sizes: Sequence[int], seed: int) -> list[Encoder]:
        n_features = len(prepared.features)
        if n_features < self.dims:
            raise InputError(
                f"A PCA of {self.dims} dimensions needs at least as many features; got {n_features}. Ask for fewer "
                "dimensions (dims), or select more features."
            )
        # ARPACK finds fewer directions than there are features.
        exact = self.solver == "exact" or n_features <= max(self.dims, _EXACT if self.solver == "auto" else 0)
        ascending = sorted(set(sizes))
        if exact:
            sums = _accumulate(prepared.values, ascending)
            axes = {size: _exact(size, total, products, self.dims) for size, total, products in sums}
        else:
            axes = {size: _iterative(prepared.values[:size], self.dims) for size in ascending}
        return [self._encoder(prepared, axes[size], "exact" if exact else "iterative") for size in sizes]

    def _fit(self, prepared: Prepared, rng: np.random.Generator) -> Encoder:
        return self._fit_sizes(prepared, [len(prepared)], 0)[0]

    def _encoder(self, prepared: Prepared, axes: _Axes, solver: str) -> Components:
        found = len(axes.variances)
        share = axes.variances / axes.total_variance if found else axes.variances
        notes: dict[str, Any] = {
            "solver": solver,
            "components": found,
            "explained_variance": axes.variances.tolist(),
            "explained_variance_ratio": share.tolist(),
        }
        if found < self.dims:
            notes["fewer_components"] = f"training observations vary along {found} of the {self.dims} dims asked for"
        return Components(axes.mean, axes.components, prepared.features, History(notes=notes))


def _accumulate(values: Matrix, sizes: Sequence[int]) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Yield, for each of the ascending ``sizes``, the sum and the cross-products (lower half) of that many rows."""
    n_features = values.shape[1]
    total, products = np.zeros(n_features), np.zeros((n_features, n_features), order="F")
    done = 0
    for size in sizes:
        while done + _ROWS <= size:
            total, products = _add(total, products, values[done : done + _ROWS])
            done += _ROWS
        yield size, *_add(total, products.copy(order="F"), values[done:size])


def _add(total: FloatArray, products: FloatArray, rows: Matrix) -> tuple[FloatArray, FloatArray]:
    """Return ``total`` and ``products`` (overwritten) with those of ``rows`` added."""
    block = as_dense(rows).astype(np.float64, copy=False)
    if not block.size:
        return total, products
    added: FloatArray = linalg.blas.dsyrk(1.0, block.T, beta=1.0, c=products, lower=1, overwrite_c=1)
    return total + block.sum(axis=0), added


def _exact(size: int, total: FloatArray, products: FloatArray, dims: int) -> _Axes:
    """Solve the covariance of ``size`` observations with this sum and these cross-products."""
    mean = total / size
    n_features = len(mean)
    count = min(dims, n_features, size - 1)
    scale = float(np.trace(products)) / (size - 1)
    noise = _noise(size, n_features, scale)
    if not count or not scale:
        return _axes(mean, np.zeros(0), np.zeros((n_features, 0)), 0.0, noise)
    covariance = (products - size * np.outer(mean, mean)) / (size - 1)
    variances, components = linalg.eigh(covariance, subset_by_index=[n_features - count, n_features - 1])
    return _axes(mean, variances, components, float(np.trace(covariance)), noise)


def _iterative(values: Matrix, dims: int) -> _Axes:
    """Find the leading directions of ``values`` (n, n features) without forming their covariance."""
    values = values.astype(np.float64)
    size, n_features = values.shape
    mean = np.asarray(values.mean(axis=0)).ravel()
    scale = float((values.data**2).sum() if is_sparse(values) else (values**2).sum()) / (size - 1)
    total_variance = scale - size * float(mean @ mean) / (size - 1)
    noise = _noise(size, n_features, scale)
    if total_variance <= noise:
        return _axes(mean, np.zeros(0), np.zeros((n_features, 0)), 0.0, noise)

    def times(vector: FloatArray) -> FloatArray:
        product: FloatArray = (values.T @ (values @ vector) - size * mean * (mean @ vector)) / (size - 1)
        return product

    covariance = LinearOperator((n_features, n_features), matvec=times, dtype=np.float64)
    start = generator(0, "first Lanczos vector").standard_normal(n_features)
    try:
        variances, components = eigsh(covariance, k=min(dims, size - 1), v0=start)
    except ArpackNoConvergence as error:
        raise InputError('Lanczos iterations found no principal components; choose solver = "exact".') from error
    return _axes(mean, variances, components, total_variance, noise)


def _noise(size: int, n_features: int, scale: float) -> float:
    """Return the variance left by rounding where there is none; rows have squares that sum to ``scale`` on average."""
    return (size + n_features) * float(np.finfo(np.float64).eps) * scale


def _axes(
    mean: FloatArray, variances: FloatArray, components: FloatArray, total_variance: float, noise: float
) -> _Axes:
    """Order ascending solutions from the largest, drop those that are rounding, and make signs the same everywhere."""
    real = np.flatnonzero(variances > noise)[::-1]
    variances, components = variances[real], components[:, real]
    largest = np.abs(components).argmax(axis=0) if len(real) else np.zeros(0, dtype=np.intp)
    # Each direction points to where its largest entry is positive.
    signs = np.sign(components[largest, np.arange(len(real))])
    return _Axes(mean, np.ascontiguousarray(components * signs), variances, total_variance)
