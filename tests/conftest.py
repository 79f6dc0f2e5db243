"""What several tests share: where the real data lie, and small cells to measure."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from noiselaw.table import to_table

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


@pytest.fixture(scope="session")
def made_up():
    """Make a measurements table from Eq. 2 and a saturating power law, with noise that seeds share nothing of."""

    def make(
        signals=("cell_type", "protein"),
        representations=("pca", "random_projection"),
        levels=10,
        sizes=5,
        seeds=3,
        noise=0.02,
        dataset="pbmc",
        depth=8000.0,
    ):
        rng = np.random.default_rng(1)
        capacity = {"pca": (2.45, 300.0), "random_projection": (1.6, 700.0)}
        ceiling = {"cell_type": 2.75}
        rows = []
        for signal, model in product(signals, representations):
            top, u_bar = capacity.get(model, (2.0, 500.0))
            u_bar *= 1.0 if signal == "cell_type" else 12.0
            grid = product(np.logspace(-3, 0, levels), np.geomspace(200, 7500, sizes).round().astype(int), range(seeds))
            for level, size, seed in grid:
                u = level * depth * (1 + 0.01 * rng.standard_normal())
                missing = 0.0 if model == "random_projection" else (size / 60.0) ** -0.8
                bits = 0.5 * np.log2(1 + (4**top - 1) * u / (u + u_bar)) - missing * min(1.0, u / 500)
                rows.append(
                    {
                        "dataset": dataset, "signal": signal, "channel": "binomial", "level": level, "u": u,
                        "u_unit": "UMI per cell", "n_train": size, "n_test": 2500, "representation": model,
                        "probe": "recommended", "seed": seed, "bits": bits + noise * rng.standard_normal(),
                        "standard_error": noise, "ceiling_bits": ceiling.get(signal, np.nan), "n_pairs": 2500,
                        "status": "ok", "reason": "", "diagnostics": "{}",
                    }
                )  # fmt: skip
        return to_table(rows)

    return make
