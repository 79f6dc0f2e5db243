"""What the signals share whose Y is another cell: which of its numbers Y is, and how pairs are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from noiselaw.errors import UsageError
from noiselaw.records import Pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noiselaw.records import IntArray

__all__ = ["PairTarget", "check_target", "is_whole", "name_of", "partner_pairs"]

#: ``embedding``: the partner's embedding, as noisy as the observation's own. ``profile``: what the partner's counts are
#: before the channel.
PairTarget = Literal["embedding", "profile"]


def check_target(target: str, components: int) -> None:
    """Refuse a target or a number of components that does not exist.

    Raises
    ------
    UsageError
        Naming the choices.
    """
    if target not in ("embedding", "profile"):
        raise UsageError(f"target is 'embedding' or 'profile'; got {target!r}.")
    if not is_whole(components) or components < 0:
        raise UsageError(f"components must be at least 1, or 0 for every prepared feature; got {components!r}.")


def is_whole(number: object) -> bool:
    """Say whether an option is a whole number."""
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def name_of(given: str, kind: str, target: str) -> str:
    """Return how tables call the signal: the name given, or its kind and, unless it is the embedding, its target."""
    return given or (kind if target == "embedding" else f"{kind}_{target}")


def partner_pairs(
    rows: IntArray,
    partners: IntArray,
    groups: IntArray,
    test: IntArray,
    reasons: Mapping[str, NDArray[np.bool_]],
    profile: int | None,
) -> Pairs:
    """Return pairs in the order of their rows, with what became of the held-out observations that are in none.

    Parameters
    ----------
    rows, partners, groups
        Rows of the dataset, and a code that pairs which are not independent share, (n pairs,).
    test
        Rows held out, (n test,).
    reasons
        In order of precedence, which observations would be in no pair for it, (n test,) each; together they cover all.
    profile
        See :attr:`Pairs.profile <noiselaw.records.Pairs.profile>`.
    """
    order = np.lexsort((partners, rows))
    left = ~np.isin(test, np.concatenate([rows, partners]))
    dropped = {}
    for reason, holds in reasons.items():
        here = left & holds
        if here.any():
            dropped[reason] = int(here.sum())
        left &= ~here
    return Pairs(rows[order], None, partners[order], groups[order], dropped=dropped, profile=profile)
