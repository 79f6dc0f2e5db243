"""What several tests share: where the real data lie, and small cells to measure."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def real_data():
    """Find a file of the shared real data, or skip, saying which one is absent."""

    def find(name: str) -> Path:
        path = _SHARED / "data" / name
        if not path.exists():
            pytest.skip(f"the shared data file {name} is absent")
        return path

    return find


@pytest.fixture(scope="session")
def published():
    """Find one of the paper's published measurements, or skip, saying which one is absent."""

    def find(name: str) -> Path:
        path = _SHARED / "measurements" / name
        if not path.exists():
            pytest.skip(f"the published measurements {name} are absent")
        return path

    return find
