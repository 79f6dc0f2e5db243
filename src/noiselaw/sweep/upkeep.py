"""Looking after stores: checking every byte, freeing what can be made again, joining stores of one study."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noiselaw.errors import StoreError
from noiselaw.sweep.conduct import collect, plan_of
from noiselaw.table import KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from noiselaw.sweep.store import Store

__all__ = ["KINDS", "Verdict", "clean", "merge", "verify"]

#: Every kind of piece, in the order in which they are made.
KINDS = ("sources", "splits", "pairs", "profiles", "conditions", "embeddings", "measurements")


@dataclass(frozen=True)
class Verdict:
    """What a check of every piece found: how many are sound, and which were damaged and put aside."""

    sound: int
    damaged: Sequence[str]


def verify(store: Store) -> Verdict:
    """Read every byte of every piece against its checksum; put what is damaged aside, so that a run makes it again."""
    sound, damaged = 0, []
    for kind in KINDS:
        for key in sorted(store.folders(kind)):
            try:
                store.read(kind, key, verify=True)
                sound += 1
            except StoreError:
                if store.quarantine(kind, key) is None:  # a run at work has freed it meanwhile
                    continue
                damaged.append(f"{kind}/{key}")
    return Verdict(sound, tuple(damaged))


def clean(store: Store, *, embeddings: bool = False) -> int:
    """Free what can be made again and return how many bytes that was.

    Prepared conditions, what was put aside as damaged and what killed processes left go; embeddings only on request,
    since a new signal or probe would need their fits again. Measurements stay.
    """
    before = _size(store.root)
    store.tidy()
    for kind in ("conditions", "embeddings") if embeddings else ("conditions",):
        for key in store.keys(kind):
            store.remove(kind, key)
    shutil.rmtree(store.root / "quarantine", ignore_errors=True)
    return before - _size(store.root)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def merge(into: Store, others: Iterable[Store]) -> int:
    """Bring the finished pieces of ``others`` into one store of the same data; return how many were new.

    Raises
    ------
    StoreError
        If a store holds other data or a damaged piece. Nothing of that store has been taken then.
    """
    others = list(others)
    plans = {store: _plan(store) for store in (into, *others)}
    for other in others:
        _check_same(into, other, plans)
        for kind in KINDS:
            for key in other.keys(kind):
                other.read(kind, key, verify=True)
    asked = {item["key"]: item for plan in plans.values() for item in plan["measurements"]}
    _check_distinct(asked.values())
    new = sum(_take(into, other) for other in others)
    known = {(row["signal"], row["level"]): row for store in reversed(plans) for row in plans[store]["truth"]}
    merged = {**plans[into], "measurements": list(asked.values()), "truth": list(known.values())}
    into.write_text("plan.json", json.dumps(merged))
    collect(into)
    return new


def _plan(store: Store) -> dict[str, Any]:
    plan = plan_of(store)
    if plan is None:
        raise StoreError(f"{store.root} has no plan.json: no run has been started there, so there is nothing to merge.")
    return plan


def _check_same(into: Store, other: Store, plans: dict[Store, dict[str, Any]]) -> None:
    mine, theirs = plans[into]["source"], plans[other]["source"]
    if mine != theirs:
        raise StoreError(
            f"{other.root} measures other data than {into.root} (hashes {theirs} and {mine}). Only stores of one data "
            "set can be merged."
        )


def _check_distinct(asked: Iterable[dict[str, Any]]) -> None:
    """Refuse plans that measure one thing in two ways (another preparation, say): a table must not mix them up."""
    seen: dict[tuple[Any, ...], str] = {}
    for item in asked:
        name = tuple(item[column] for column in KEY)
        if seen.setdefault(name, item["key"]) != item["key"]:
            what = ", ".join(f"{column} {value}" for column, value in zip(KEY, name, strict=True))
            raise StoreError(
                f"The stores measure {what} in different ways (their study.toml differ). Only stores whose studies "
                "differ in levels, sizes, seeds, models, probes or signals can be merged."
            )


def _take(into: Store, other: Store) -> int:
    new = 0
    for key in other.keys("measurements") & into.keys("measurements"):
        if _failed(into, key) and not _failed(other, key):  # a worker that was killed there, say
            into.remove("measurements", key)
    for kind in KINDS:
        for key in sorted(other.keys(kind) - into.keys(kind)):
            piece = other.read(kind, key)
            into.write(kind, key, piece.body, piece.arrays)
            new += 1
    return new


def _failed(store: Store, key: str) -> bool:
    return bool(store.read("measurements", key).body["row"]["status"] == "failed")
