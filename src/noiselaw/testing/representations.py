"""The contract of a representation, as a check."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from noiselaw.arrays import as_dense, is_sparse
from noiselaw.prepare import GeneSelection
from noiselaw.randomness import generator
from noiselaw.records import Prepared
from noiselaw.represent import Wrapped, as_representation
from noiselaw.represent.base import Encoder, Representation
from noiselaw.testing.promises import Promises

if TYPE_CHECKING:
    from noiselaw.records import FloatArray, View

__all__ = ["check_representation", "example_cells", "example_images"]


def example_cells(view: View, n_train: int = 120, n_test: int = 40, n_genes: int = 30) -> tuple[Prepared, Prepared]:
    """Return small training and held-out cells as ``view`` shows them; one of each is empty."""
    rng = generator(0, "example cells")
    n_cells = n_train + n_test
    depths = np.exp(rng.normal(size=(n_cells, 1)))
    counts = rng.poisson(rng.gamma(0.5, 2.0, size=n_genes + 20) * depths, size=(n_cells, n_genes + 20))
    counts[[0, n_cells - 10]] = 0
    noisy = sparse.csr_matrix(counts)
    names, genes = (
        np.array([f"{letter}{i}" for i in range(size)]) for letter, size in zip("cg", counts.shape, strict=True)
    )
    fitted = GeneSelection(n_genes=n_genes).fit(noisy, np.arange(n_train), genes)
    whole = fitted.as_view(fitted.apply(noisy, names, 0.5), view)
    return whole.take(slice(n_train)), whole.take(slice(n_train, n_cells))


def example_images(n_train: int = 48, n_test: int = 16, side: int = 8) -> tuple[Prepared, Prepared]:
    """Return small training and held-out images of two colours, the training ones with their labels."""
    rng = generator(0, "example images")
    kinds = rng.integers(0, 2, size=n_train + n_test)
    pixels = rng.normal(scale=0.1, size=(len(kinds), 3, side, side)).astype(np.float32)
    pixels[np.arange(len(kinds)), kinds] += 0.8
    names, colours = np.array([f"i{i}" for i in range(len(kinds))]), np.array(["red", "green", "blue"])
    labels = np.array(["red", "green"])[kinds]
    whole = Prepared("image", pixels, names, colours, np.full(len(kinds), np.nan), 0.5, labels=labels)
    return whole.take(slice(n_train)), replace(whole.take(slice(n_train, len(kinds))), labels=None)


def check_representation(
    representation: Representation | Any,
    cells: tuple[Prepared, Prepared] | None = None,
    *,
    tolerance: float = 1e-6,
    study_file: bool = True,
) -> None:
    """Check that a representation keeps every promise of its contract.

    Parameters
    ----------
    representation
        A :class:`~noiselaw.represent.base.Representation`, or an object with ``fit`` and ``transform``. It is fitted
        some ten times, so make it small.
    cells
        Training and held-out observations as it takes them; by default :func:`example_cells`, or
        :func:`example_images`. At least 40 and 12.
    tolerance
        By how much embeddings may differ, relatively and absolutely, where sums are taken in another order.
    study_file
        Whether a study file must be able to hold it; an object with ``fit`` and ``transform`` is never asked.

    Raises
    ------
    BrokenPromise
        Naming the first promise that it breaks.
    """
    model = as_representation(representation)
    name = type(model.bare if isinstance(model, Wrapped) else model).__name__
    held = study_file and not isinstance(model, Wrapped)
    with Promises.of(model, Representation, study_file=held, name=name) as promises:
        _check(promises, model, cells if cells is not None else _example(model.takes), tolerance)


def _example(view: View) -> tuple[Prepared, Prepared]:
    return example_images() if view == "image" else example_cells(view)


def _check(promises: Promises, model: Representation, cells: tuple[Prepared, Prepared], tolerance: float) -> None:
    train, test = cells
    other: View = "counts" if model.takes == "image" else "image"
    arrays = {
        f"{what} of the {which} observations": getattr(part, what)
        for which, part in (("training", train), ("held-out", test))
        for what in ("values", "library_size")
    }
    with promises.undisturbed(**arrays):
        encoder = model.fit(train, generator(5, "fit"))
        values = _embedded(promises, encoder, test)
    _check_history(promises, encoder)
    _check_repeats(promises, model, train, test, values)
    _check_rows(promises, encoder, test, values, tolerance)
    _check_layouts(promises, model, train, test, values, max(tolerance, 1e-5))
    promises.refuses("a view that it does not take", lambda: model.fit(replace(train, view=other), generator(5, "fit")))
    for size in (1, len(train) + 1):
        promises.refuses(
            f"a training size of {size} for {len(train)} observations",
            lambda size=size: model.fit_sizes(train, [size], generator(5, "fit")),  # type: ignore[misc]
        )


def _embedded(promises: Promises, encoder: Encoder, test: Prepared) -> FloatArray:
    promises.holds(isinstance(encoder, Encoder), "fit returns an Encoder", f"It returned {encoder!r}.")
    values = np.asarray(encoder.embed(test).values)
    promise = "an embedding has a finite row for each observation"
    promises.holds(values.ndim == 2, promise, f"It is an array of shape {values.shape}.")
    promises.holds(len(values) == len(test), promise, f"It has {len(values)} rows for {len(test)} observations.")
    promises.holds(values.shape[1] > 0, promise, "It has no dimension.")
    promises.holds(bool(np.isfinite(values).all()), promise, "It has NaN or infinite entries.")
    return values


def _check_history(promises: Promises, encoder: Encoder) -> None:
    promise = "its history says why the training stopped, in words that JSON can hold"
    promises.holds(bool(encoder.history.stop_reason), promise, "stop_reason is empty.")
    try:
        json.dumps([dict(encoder.history.notes), {name: list(curve) for name, curve in encoder.history.curves.items()}])
    except (TypeError, ValueError) as error:
        raise promises.broken(promise, f"Its notes or curves cannot be written: {error}.") from error


def _check_repeats(
    promises: Promises, model: Representation, train: Prepared, test: Prepared, values: FloatArray
) -> None:
    again = model.fit(train, generator(5, "fit")).embed(test).values
    promises.are_equal(values, again, "the same seed gives the same numbers", "Two fits with one seed")
    sizes = [len(train) // 3, len(train)]
    together = model.fit_sizes(train, sizes, generator(5, "fit"))
    for size, encoder in zip(sizes, together, strict=True):
        alone = model.fit(train.take(slice(size)), generator(5, "fit"))
        promises.are_equal(
            encoder.embed(test).values,
            alone.embed(test).values,
            "sizes fitted together are sizes fitted alone",
            f"For {size} observations",
        )


def _check_rows(promises: Promises, encoder: Encoder, test: Prepared, values: FloatArray, tolerance: float) -> None:
    order = generator(0, "order").permutation(len(test))
    promises.are_equal(
        values[order],
        encoder.embed(test.take(order)).values,
        "rows keep the order of the observations",
        "In another order",
        tolerance,
    )
    promises.are_equal(
        values[:3],
        encoder.embed(test.take(slice(3))).values,
        "an observation's embedding does not depend on its company",
        "With 3 of them",
        tolerance,
    )


def _check_layouts(
    promises: Promises, model: Representation, train: Prepared, test: Prepared, values: FloatArray, tolerance: float
) -> None:
    if train.view == "image" or not is_sparse(train.values):
        return
    dense = [replace(part, values=as_dense(part.values)) for part in (train, test)]
    with promises.undisturbed(**{"dense training observations": dense[0].values, "dense held-out": dense[1].values}):
        found = model.fit(dense[0], generator(5, "fit")).embed(dense[1]).values
    promises.are_equal(values, found, "sparse and dense observations give the same numbers", "Dense", tolerance)
