"""What a store holds of what its study asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noiselaw.errors import StoreError
from noiselaw.sweep.conduct import plan_of
from noiselaw.sweep.progress import running_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.sweep.store import Store

__all__ = ["Status", "status_of"]


@dataclass(frozen=True)
class Status:
    """How far a study has come: measurements asked for, finished, failed (by reason) and missing; what runs now."""

    total: int
    done: int
    failed: int
    missing: int
    reasons: Mapping[str, int]
    missing_rows: Sequence[Mapping[str, Any]]
    running: Sequence[str] = ()


def status_of(store: Store) -> Status:
    """Return how far the study in ``store`` has come.

    Raises
    ------
    StoreError
        If no run has been started there.
    """
    plan = plan_of(store)
    if plan is None:
        raise StoreError(f"{store.root} has no plan.json: no run has been started there. Start one: noiselaw run.")
    done, failed, lacking = 0, 0, []
    reasons: dict[str, int] = {}
    for asked in plan["measurements"]:
        try:
            row = store.read("measurements", asked["key"]).body["row"]
        except StoreError:
            lacking.append({key: value for key, value in asked.items() if key != "key"})
            continue
        done += 1
        if row["status"] == "failed":
            failed += 1
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    running = [f"{task} (process {run.process} on {run.host})" for run in running_in(store) for task in run.running]
    return Status(len(plan["measurements"]), done, failed, len(lacking), reasons, lacking, running)
