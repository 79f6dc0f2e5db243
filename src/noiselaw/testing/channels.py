"""The contract of a channel, as a check."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from noiselaw.arrays import as_dense, is_sparse
from noiselaw.channels.base import Channel
from noiselaw.errors import InputError
from noiselaw.randomness import generator
from noiselaw.testing.promises import Promises

__all__ = ["check_channel"]


def check_channel(channel: Channel, weaker: Channel | None = None, x: Any = None, *, study_file: bool = True) -> None:
    """Check that a channel keeps every promise of its contract.

    Parameters
    ----------
    channel
        Of a level at which it makes noise.
    weaker
        The same channel with less noise; its strength must be higher.
    x
        What it is applied to, dense, (n observations, n features); by default small counts, or small images.
    study_file
        Whether a study file must be able to hold it.

    Raises
    ------
    BrokenPromise
        Naming the first promise that it breaks.
    """
    with Promises.of(channel, Channel, study_file=study_file) as promises:
        example = _images if channel.takes == "images" else _counts
        _check(promises, channel, weaker, example() if x is None else np.asarray(x))


def _check(promises: Promises, channel: Channel, weaker: Channel | None, counts: np.ndarray) -> None:
    promises.holds(bool(getattr(channel, "unit", "")), "it says the unit of its strength", "unit is missing or empty.")
    with promises.undisturbed(x=counts):
        noisy = channel.apply(counts, generator(1, "cells"))
    promise = "the result is laid out as the input and shares nothing with it"
    promises.holds(_alike(noisy, counts), promise, "Its kind or shape is another.")
    promises.holds(not np.shares_memory(noisy, counts), promise, "It shares memory with the input.")
    _check_randomness(promises, channel, counts, noisy)
    _check_sparse(promises, channel, counts, noisy)
    _check_strength(promises, channel, weaker, counts, noisy)
    promises.refuses("a value that is no number", lambda: channel.apply(_spoilt(counts), generator(1, "cells")))
    promises.refuses("one dimension", lambda: channel.apply(counts[0], generator(1, "cells")))
    promises.refuses("no observation", lambda: channel.apply(counts[:0], generator(1, "cells")))


def _counts() -> np.ndarray:
    rng = generator(0, "example counts")
    return 1.0 + rng.poisson(rng.gamma(0.5, 8.0, size=30), size=(60, 30)).astype(np.float64)


def _images() -> np.ndarray:
    return generator(0, "example images").uniform(-1, 1, size=(12, 3, 24, 24)).astype(np.float32)


def _alike(noisy: Any, counts: np.ndarray) -> bool:
    """Say whether what came out is of the kind and shape of what went in; images may come out smaller."""
    if counts.ndim == 4:
        return isinstance(noisy, np.ndarray) and noisy.ndim == 4 and noisy.shape[:2] == counts.shape[:2]
    return not is_sparse(noisy) and noisy.shape == counts.shape


def _spoilt(counts: np.ndarray) -> np.ndarray:
    spoilt = counts.astype(np.float64 if counts.ndim == 2 else counts.dtype)
    spoilt[3, 2] = np.nan
    return spoilt


def _check_randomness(promises: Promises, channel: Channel, counts: np.ndarray, noisy: np.ndarray) -> None:
    again, other = (channel.apply(counts, generator(seed, "cells")) for seed in (1, 2))
    promises.are_equal(noisy, again, "the same seed gives the same numbers", "Applied twice with one seed")
    if not channel.random:
        promises.are_equal(noisy, other, "without chance, every seed gives the same", "Two seeds gave other numbers")
        return
    promises.holds(not np.array_equal(noisy, other), "another seed gives other numbers", "Two seeds gave the same.")
    rng = generator(1, "cells")
    moved = not np.array_equal(channel.apply(counts, rng), channel.apply(counts, rng))
    promises.holds(moved, "it moves the generator it is given", "Applied twice with one generator, it gave the same.")


def _check_sparse(promises: Promises, channel: Channel, counts: np.ndarray, noisy: np.ndarray) -> None:
    """Raise unless sparse observations are treated like dense ones, or refused by a channel for dense ones."""
    if counts.ndim != 2:
        return
    for kind in (sparse.csr_matrix, sparse.csc_matrix):
        x = kind(counts)
        try:
            found = channel.apply(x, generator(1, "cells"))
        except InputError:
            return
        promise = "sparse observations stay sparse and give the same numbers as dense ones"
        promises.holds(is_sparse(found), promise, f"{kind.__name__} became {type(found).__name__}.")
        promises.are_equal(noisy, as_dense(found), promise, kind.__name__)
        promises.holds(np.array_equal(as_dense(x), counts), "what it is given stays untouched", "It changed x.")


def _check_strength(
    promises: Promises, channel: Channel, weaker: Channel | None, counts: np.ndarray, noisy: np.ndarray
) -> None:
    strength = channel.strength(noisy)
    promise = "its strength is a finite number"
    promises.holds(isinstance(strength, float) and math.isfinite(strength), promise, f"It is {strength!r}.")
    if weaker is not None:
        found = weaker.strength(weaker.apply(counts, generator(1, "cells")))
        promise = "strength rises as noise falls"
        promises.holds(found > strength, promise, f"{found:.4g} with less noise, {strength:.4g} with more.")
