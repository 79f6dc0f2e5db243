"""The only source of randomness.

Every random number descends from one seed and a key that names its use, so that no number depends on which
worker computed it, in which order, or how many there were.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

__all__ = ["draw_seed", "generator", "seed_of"]


def _entropy(seed: int, key: tuple[object, ...]) -> bytes:
    digest = blake2b(digest_size=32, person=b"noiselaw")
    for part in (int(seed), *key):
        text = f"{type(part).__name__}:{part!r}".encode()
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)
    return digest.digest()


def generator(seed: int, *key: str | int | float) -> np.random.Generator:
    """Return the random generator for the use named by ``key`` under ``seed``; equal arguments, equal numbers.

    Examples
    --------
    >>> bool(generator(1, "split").random() == generator(1, "split").random())
    True
    >>> bool(generator(1, "split").random() == generator(1, "folds").random())
    False
    """
    return np.random.Generator(np.random.PCG64(int.from_bytes(_entropy(seed, key), "little")))


def seed_of(seed: int, *key: str | int | float) -> int:
    """Return a 63-bit seed for libraries that take a number (torch, scanpy) instead of a generator."""
    return int.from_bytes(_entropy(seed, key)[:8], "little") >> 1


def draw_seed(rng: np.random.Generator) -> int:
    """Draw a 63-bit seed from ``rng``: the root of a family of generators that may be used in any order."""
    return int(rng.integers(0, 2**63 - 1))
