"""A fixed number of threads for every point, so that no sum depends on how many workers there are."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, in every library that has threads of its own; put back what was set before."""
    import numba
    from threadpoolctl import threadpool_limits

    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        stack.callback(numba.set_num_threads, numba.get_num_threads())
        numba.set_num_threads(1)
        torch = sys.modules.get("torch")
        if torch is not None:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        else:  # a library that is imported inside the block reads how many threads it may use
            stack.callback(_restore, "OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS"))
            os.environ["OMP_NUM_THREADS"] = "1"
        yield


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
