"""Compiled loops of thinning, imported when counts are first thinned because numba is heavy.

Every entry draws from a random number of its own, a function of the key (from the seed), its row and its column. So
neither the order of work, nor blocks, nor threads, nor the layout of the matrix can change a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["correct", "molecules_of", "random_bits", "thin_rows"]

#: SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195): the increment, the finaliser's multipliers.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31, _S56 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(56)
#: Up to this many expected molecules inversion along the recurrence is cheap; beyond, rejection is.
_FEW = 10.0
_UNDECIDED = 255


def _compiled(function: F) -> F:
    compiled: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


@_compiled
def _mix(state: Any) -> Any:
    """Turn a SplitMix64 state into 64 random bits."""
    z = (state ^ (state >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@_compiled
def _unit(state: Any) -> Any:
    """Turn a SplitMix64 state into a number in (0, 1): the middle of one of 2^53 steps."""
    return (np.float64(_mix(state) >> _S11) + 0.5) * (1.0 / 9007199254740992.0)


@_compiled
def random_bits(key: Any, counters: Any) -> Any:
    """Return the 64 random bits of each of the uint64 ``counters`` under ``key``."""
    bits = np.empty(len(counters), np.uint64)
    for i in range(len(counters)):
        bits[i] = _mix(key + counters[i] * _GAMMA)
    return bits


@_compiled
def molecules_of(counts: Any) -> Any:
    """Return the sum of whole numbers of any dtype, five times as fast as numpy, which casts them in a buffer."""
    total: Any = np.int64(0)
    for i in range(len(counts)):
        total += np.int64(counts[i])
    return total


@_compiled
def _stirling_error(k: Any) -> Any:
    """Return log k! less (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2."""
    if k < 10.0:
        return math.lgamma(k + 1.0) - (k + 0.5) * math.log(k + 1.0) + (k + 1.0) - 0.9189385332046728
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)


@_compiled
def _binomial_few(n: Any, p: Any, state: Any) -> Any:
    """Draw Binomial(n, p), n p small, by inversion along the recurrence of its probabilities."""
    odds = p / (1.0 - p)
    none = math.exp(n * math.log1p(-p))
    # Rounding could walk for ever in the far tail; beyond this bound lies less mass than a random number resolves.
    last = min(n, n * p + 40.0 * math.sqrt(n * p + 1.0))
    while True:
        state += _GAMMA
        left, chance, k = _unit(state), none, 0.0
        while left > chance and k <= last:
            left -= chance
            chance *= (n - k) / (k + 1.0) * odds
            k += 1.0
        if k <= last:
            return k


@_compiled
def _binomial_many(n: Any, p: Any, state: Any) -> Any:
    """Draw Binomial(n, p), n p >= 10 and p <= 1/2, by transformed rejection.

    BTRS of Hormann 1993, doi:10.1080/00949659308811496.
    """
    sd = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * sd
    a = -0.0873 + 0.0248 * b + 0.01 * p
    centre = n * p + 0.5
    sure = 0.92 - 4.2 / b
    alpha = (2.83 + 5.1 / b) * sd
    odds = p / (1.0 - p)
    mode = math.floor((n + 1.0) * p)
    height = (mode + 0.5) * math.log((mode + 1.0) / (odds * (n - mode + 1.0)))
    height += _stirling_error(mode) + _stirling_error(n - mode)
    while True:
        state += _GAMMA
        u = _unit(state) - 0.5
        state += _GAMMA
        v = _unit(state)
        edge = 0.5 - abs(u)
        k = math.floor((2.0 * a / edge + b) * u + centre)
        if edge >= 0.07 and v <= sure:
            return k
        if k < 0.0 or k > n:
            continue
        bound = height + (n + 1.0) * math.log((n - mode + 1.0) / (n - k + 1.0))
        bound += (k + 0.5) * math.log(odds * (n - k + 1.0) / (k + 1.0))
        bound -= _stirling_error(k) + _stirling_error(n - k)
        if math.log(v * alpha / (a / (edge * edge) + b)) <= bound:
            return k


@_compiled
def _choose(positions: Any, n: Any, state: Any) -> None:
    """Fill ``positions`` with distinct whole numbers below ``n`` in rising order, every set equally likely."""
    for filled in range(len(positions)):
        while True:
            state += _GAMMA
            position = np.int64(_unit(state) * n)
            at = np.searchsorted(positions[:filled], position)
            if at == filled or positions[at] != position:
                break
        for i in range(filled, at, -1):
            positions[i] = positions[i - 1]
        positions[at] = position


@_compiled
def correct(counts: Any, kept: Any, more: Any, pool: Any, state: Any) -> None:
    """Keep ``more`` molecules more (fewer, where negative) of a row's ``counts``, every choice of them as likely.

    ``pool`` is how many there are to choose from: those lost (or kept) so far.
    """
    gain = more > 0
    positions = np.empty(abs(more), np.int64)
    _choose(positions, pool, state)
    seen, e = np.int64(0), -1
    for position in positions:
        while seen <= position:
            e += 1
            seen += np.int64(counts[e]) - np.int64(kept[e]) if gain else np.int64(kept[e])
        # What is still to be seen of this entry does not change with it.
        kept[e] += np.uint32(1) if gain else np.uint32(0xFFFFFFFF)


@_compiled
def thin_rows(
    indptr: Any,
    indices: Any,
    counts: Any,
    keys: Any,
    origin: Any,
    p: Any,
    lost: Any,
    table: Any,
    guide: Any,
    wanted: Any,
    packed_indices: Any,
    packed: Any,
    lengths: Any,
    molecules: Any,
) -> Any:
    """Draw Binomial(count, p) for every entry; with ``lost``, that many are lost, else kept.

    Parameters
    ----------
    indptr, indices, counts
        A block's compressed rows: int64, int32 and uint32.
    keys
        Two uint64, of the draws and of the corrections.
    origin
        Three uint64 (first, stride, step): the entry of row r and index i has counter
        (first + r) * stride + i * step.
    p
        At most 1/2.
    table
        uint64: the distribution function of Binomial(n, p) at 0, 1, ... times 2^64 in row n; 2^64 - 1 from n on.
    guide
        uint8: what the first 8 of the 64 random bits decide for n in row n; 255 where they do not.
    wanted
        Molecules that each row must keep in the end, int64; empty where any number will do.
    packed_indices, packed
        As long as ``indices``; filled with the entries that keep a molecule, uint32. Empty where they do not matter.
    lengths, molecules
        Filled with the entries and the molecules that each row keeps, int64.

    Returns
    -------
    How much of ``packed`` is filled.
    """
    first, stride, step = origin
    longest = np.int64(0)
    for row in range(len(indptr) - 1):
        longest = max(longest, indptr[row + 1] - indptr[row])
    buffer = np.empty(longest, np.uint32)
    filled = np.int64(0)
    for row in range(len(indptr) - 1):
        begin, end = indptr[row], indptr[row + 1]
        kept = buffer[: end - begin]
        start = keys[0] + (first + np.uint64(row)) * stride * _GAMMA
        total, everything = np.int64(0), np.int64(0)
        for e in range(begin, end):
            n = np.int64(counts[e])
            everything += n
            bits = _mix(start + np.uint64(indices[e]) * step * _GAMMA)
            if n < len(table):
                k = np.int64(guide[n, bits >> _S56])
                if k == _UNDECIDED:
                    k = np.int64(0)
                    while k < n and bits > table[n, k]:
                        k += 1
            elif n * p < _FEW:
                k = np.int64(_binomial_few(np.float64(n), p, bits))
            else:
                k = np.int64(_binomial_many(np.float64(n), p, bits))
            if lost:
                k = n - k
            kept[e - begin] = k
            total += k
        if len(wanted) and wanted[row] != total:
            more = wanted[row] - total
            pool = everything - total if more > 0 else total
            correct(counts[begin:end], kept, more, pool, _mix(keys[1] + (first + np.uint64(row)) * _GAMMA))
            total = wanted[row]
        molecules[row] = total
        lengths[row] = -filled
        if len(packed) == 0:
            continue
        for e in range(begin, end):
            # Written before it is known to count: a branch would cost more.
            packed_indices[filled], packed[filled] = indices[e], kept[e - begin]
            filled += kept[e - begin] != 0
        lengths[row] += filled
    return filled
