"""Thinning of count matrices of any kind, block by block on several threads.

The verbs behind the two channels that remove molecules, :class:`noiselaw.channels.binomial.Binomial` and
:class:`noiselaw.channels.hypergeometric.Hypergeometric`.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np
from scipy import sparse, special

from noiselaw.arrays import blocks, by_rows, canonical, copied, is_sparse, row_sums, same_kind
from noiselaw.errors import UsageError
from noiselaw.optional import require
from noiselaw.randomness import generator, seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from noiselaw.arrays import Block
    from noiselaw.records import IntArray, Matrix

__all__ = ["check_fraction", "keep_each", "keep_exactly"]

T = TypeVar("T")

#: Counts up to this are drawn from tables of their distribution functions.
_TABULATED = 64


def check_fraction(fraction: float) -> None:
    """Refuse a share of molecules to keep that is not in (0, 1].

    Raises
    ------
    UsageError
        Naming the share.
    """
    if not 0 < fraction <= 1:
        raise UsageError(
            f"The fraction of molecules to keep must lie in (0, 1]; got {fraction}. Pass e.g. 0.1 for a tenth of them."
        )


def keep_each(x: Matrix, fraction: float, seed: int) -> Any:
    """Keep each molecule with probability ``fraction``, independently of all others.

    Parameters
    ----------
    x
        Counts (n observations, n features), checked beforehand.
    fraction
        In (0, 1].
    seed
        With ``fraction`` and the number of molecules it determines every draw, so that thinning a result again,
        even with the same seed, draws anew.

    Returns
    -------
    In memory, laid out as ``x`` and of its dtype, without explicit zeros. The numbers are the same for every layout.
    """
    if fraction == 1:
        return copied(x)
    x = canonical(x)
    molecules = sum(_in_order(_molecules, blocks(x)))
    return _assemble(x, partial(_thin, _Thinning.of(x, fraction, seed, molecules), None))


def keep_exactly(x: Matrix, fraction: float, seed: int, per: Literal["matrix", "cell"]) -> Any:
    """Keep exactly ``int(fraction * total)`` molecules of the matrix or of each observation, every choice as likely.

    Parameters and result as in :func:`keep_each`. CSC passes through CSR and back.

    Notes
    -----
    Independently kept molecules, given their number, are a uniformly random set of that size. Taking away, or adding,
    a uniformly random set of molecules leaves a uniformly random set of the wanted size. So a thinning by
    :func:`keep_each` is corrected in the few molecules, about the square root of all, that it keeps too many or few.
    """
    if fraction == 1:
        return copied(x)
    rows = by_rows(x)
    totals = row_sums(rows).astype(np.int64)
    thinning = _Thinning.of(rows, fraction, seed, int(totals.sum()))
    exact = (fraction * totals).astype(np.int64) if per == "cell" else _per_matrix(thinning, rows, totals)
    return same_kind(_assemble(rows, partial(_thin, thinning, exact)), x)


@dataclass(frozen=True)
class _Thinning:
    """One thinning: the probability to keep a molecule, the key of its random numbers, the columns of the matrix."""

    fraction: float
    key: int
    columns: int

    @classmethod
    def of(cls, x: Matrix, fraction: float, seed: int, molecules: int) -> _Thinning:
        return cls(fraction, seed_of(seed, "thin", float(fraction), molecules), int(x.shape[1]))

    @property
    def draws_losses(self) -> bool:
        """Whether losses are drawn instead of what is kept, because they are fewer."""
        return self.fraction > 0.5

    @property
    def rarer(self) -> float:
        return 1.0 - self.fraction if self.draws_losses else self.fraction


class _Tables(NamedTuple):
    """What small counts are drawn with: uint64 ``table`` and uint8 ``guide``, see ``_kernels.thin_rows``."""

    table: np.ndarray
    guide: np.ndarray


@lru_cache(maxsize=32)
def _tables(p: float) -> _Tables:
    """Return the distribution functions of Binomial(n, p) and what the first 8 random bits say about a draw."""
    n, k = np.ogrid[: _TABULATED + 1, :_TABULATED]
    # 2^64 itself does not fit into 64 bits; the float just below it does.
    below = np.minimum(special.bdtr(k, n, p) * 2.0**64, np.nextafter(2.0**64, 0))
    table = np.where(k < n, below, 0).astype(np.uint64)
    table[k >= n] = 2**64 - 1
    first = np.arange(256, dtype=np.uint64) << np.uint64(56)
    bounds = first, first | np.uint64(2**56 - 1)
    low, high = (np.array([np.searchsorted(row[:m], bound) for m, row in enumerate(table)]) for bound in bounds)
    return _Tables(table, np.where(low == high, low, 255).astype(np.uint8))


def _per_matrix(thinning: _Thinning, x: Matrix, totals: IntArray) -> IntArray:
    """Return how many molecules each observation must keep: what it draws, less its part in the surplus of all."""
    drawn = _in_order(lambda block: _thin(thinning, None, block, pack=False).molecules, blocks(x))
    kept: IntArray = np.concatenate(list(drawn))
    surplus = int(kept.sum()) - int(thinning.fraction * int(totals.sum()))
    pool = kept if surplus > 0 else totals - kept
    ends = np.cumsum(pool)
    chosen = _distinct(int(ends[-1]), abs(surplus), generator(thinning.key, "surplus"))
    kept -= np.sign(surplus) * np.bincount(np.searchsorted(ends, chosen, side="right"), minlength=len(pool))
    return kept


def _distinct(n: int, size: int, rng: np.random.Generator) -> IntArray:
    """Return ``size`` distinct whole numbers below ``n``, every set equally likely."""
    chosen: IntArray = np.empty(0, dtype=np.int64)
    while len(chosen) < size:
        chosen = np.union1d(chosen, rng.integers(0, n, size - len(chosen)))
    return chosen


class _Thinned(NamedTuple):
    """What is left of a block.

    Entries and molecules in each row (column of CSC), and the entries' indices and values.
    """

    block: Block
    lengths: IntArray
    molecules: IntArray
    indices: IntArray
    values: IntArray


def _thin(thinning: _Thinning, wanted: IntArray | None, block: Block, *, pack: bool = True) -> _Thinned:
    """Thin a block; its rows keep exactly what is ``wanted`` of each row of the matrix, if that is given.

    Without ``pack`` only molecules are counted, not entries.
    """
    from noiselaw.channels import _kernels

    part, origin = block.values, (block.rows.start, thinning.columns, 1)
    if not is_sparse(part):
        part = sparse.csr_matrix(part)
    elif part.format == "csc":
        origin = (block.columns.start, 1, thinning.columns)
    room = part.nnz if pack else 0
    indices, values = np.empty(room, dtype=part.indices.dtype), np.empty(room, dtype=np.uint32)
    lengths, molecules = (np.empty(len(part.indptr) - 1, dtype=np.int64) for _ in range(2))
    filled = _kernels.thin_rows(
        part.indptr.astype(np.int64, copy=False),
        part.indices,
        part.data.view(np.uint32) if part.dtype == np.int32 else part.data.astype(np.uint32, copy=False),
        np.array([thinning.key, seed_of(thinning.key, "correct")], dtype=np.uint64),
        np.array(origin, dtype=np.uint64),
        thinning.rarer,
        thinning.draws_losses,
        *_tables(thinning.rarer),
        np.empty(0, dtype=np.int64) if wanted is None else wanted[block.rows],
        indices,
        values,
        lengths,
        molecules,
    )
    # Copies, so that what was not filled is let go.
    return _Thinned(block, lengths, molecules, indices[:filled].copy(), values[:filled].copy())


def _molecules(block: Block) -> int:
    from noiselaw.channels import _kernels

    return int(_kernels.molecules_of(block.entries.ravel()))


def _threads() -> int:
    """Return how many threads the environment (``NUMBA_NUM_THREADS``, else the processor) allows."""
    # Asking numba.get_num_threads() would start its threads, which do not survive a fork of this process.
    return int(require("numba", "Thinning counts").config.NUMBA_NUM_THREADS)


def _in_order(function: Callable[[Block], T], items: Iterable[Block]) -> Iterator[T]:
    """Apply ``function`` on several threads, a few items at a time, and yield the results in order."""
    threads = _threads()
    if threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _assemble(x: Matrix, thin: Callable[[Block], _Thinned]) -> Any:
    """Thin every block of ``x`` and put the results together as ``x`` is laid out."""
    parts = _in_order(thin, blocks(x))
    if is_sparse(x):
        return _stacked(parts, x)
    result = np.zeros(x.shape, dtype=x.dtype)
    for part in parts:
        rows = np.repeat(np.arange(part.block.rows.start, part.block.rows.stop), part.lengths)
        result[rows, part.indices] = part.values
    return result


def _stacked(parts: Iterable[_Thinned], x: Matrix) -> Any:
    lengths: list[IntArray] = [np.zeros(1, dtype=np.int64)]
    indices: deque[IntArray] = deque()
    values: deque[IntArray] = deque()
    for part in parts:
        lengths.append(part.lengths)
        indices.append(part.indices)
        values.append(part.values)
        compressed = type(part.block.values)
    indptr = np.concatenate(lengths).cumsum()
    stored = (_joined(values, indptr[-1], x.dtype), _joined(indices, indptr[-1], indices[0].dtype), indptr)
    result = compressed(stored, shape=x.shape)
    result.has_canonical_format = True
    return result


def _joined(pieces: deque[IntArray], length: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Concatenate ``pieces``, letting go of each once it is copied, so that there are never two results in memory."""
    joined, at = np.empty(length, dtype=dtype), 0
    while pieces:
        piece = pieces.popleft()
        joined[at : at + len(piece)] = piece
        at += len(piece)
    return joined
