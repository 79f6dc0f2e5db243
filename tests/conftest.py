"""What several tests share: where the real data lie, and small cells to measure."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

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


@pytest.fixture
def curve_table():
    """One size, depth alone: Eq. 2 with small errors."""

    def make(top=2.0, u_bar=100.0, low=1.0, high=10_000.0, levels=10, sd=0.003, seeds=3, seed=0, **columns):
        from noiselaw.laws import NoiseLaw
        from noiselaw.simulate import rows

        u = np.geomspace(low, high, levels)
        return rows(NoiseLaw(), [top, u_bar], u, sd=sd, seeds=seeds, seed=seed, **columns)

    return make


@pytest.fixture
def grid_table():
    """Depth × size from a joint law whose answers are analytic."""

    def make(top=3.0, u_bar=2000.0, n_0=30.0, s=0.6, sd=0.005, seeds=1, seed=0, levels=8, sizes=6, high=4000.0):
        from noiselaw.laws import CapacityLaw
        from noiselaw.simulate import rows

        u, n = np.meshgrid(np.geomspace(high / 500, high, levels), np.geomspace(100, 10_000, sizes).round())
        return rows(CapacityLaw(), [top, u_bar, n_0, s], u.ravel(), n.ravel(), sd=sd, seeds=seeds, seed=seed)

    return make


@pytest.fixture
def joint_truth():
    def bits(u, n, top=3.0, u_bar=2000.0, n_0=30.0, s=0.6):
        from noiselaw.laws import CapacityLaw

        return float(CapacityLaw()(np.array([top, u_bar, n_0, s]), np.array(float(u)), np.array(float(n))))

    return bits


_IN_MEMORY = ["dense", "memory map", "csr matrix", "csr array", "csc matrix", "csc array", "coo matrix", "unsorted csr"]
_ON_DISK = ["h5ad csr", "h5ad csc", "h5py", "zarr"]


def _unsorted(counts):
    """CSR with the columns of each row in reverse order, and the first entry of each row given in two parts."""
    x = sparse.csr_matrix(counts)
    rows = [np.arange(a, b)[::-1] for a, b in zip(x.indptr, x.indptr[1:], strict=False)]
    order = np.concatenate([np.concatenate([row, row[-1:]]) for row in rows])
    data = x.data[order]
    ends = np.cumsum([len(row) + (len(row) > 0) for row in rows])
    data[ends - 1] -= 1
    data[ends - 2] = 1
    return sparse.csr_matrix((data, x.indices[order], np.concatenate([[0], ends])), shape=x.shape)


@pytest.fixture(params=[*_IN_MEMORY, *_ON_DISK])
def as_kind(request, tmp_path):
    """Turn a dense array into a matrix of one of all kinds, in memory and on disk; ``.name`` says which."""
    opened = []

    def make(dense):
        kind = request.param
        if kind == "dense":
            return dense.copy()
        if kind == "memory map":
            np.save(tmp_path / "x.npy", dense)
            return np.load(tmp_path / "x.npy", mmap_mode="r")
        if kind == "unsorted csr":
            return _unsorted(dense)
        if kind in _IN_MEMORY:
            return getattr(sparse, kind.replace(" ", "_"))(dense)
        if kind == "zarr":
            return pytest.importorskip("zarr").array(dense)
        if kind == "h5py":
            opened.append(pytest.importorskip("h5py").File(tmp_path / f"{len(opened)}.h5", "w"))
            return opened[-1].create_dataset("x", data=dense)
        anndata = pytest.importorskip("anndata")
        anndata.AnnData(getattr(sparse, f"{kind[-3:]}_matrix")(dense)).write_h5ad(tmp_path / f"{len(opened)}.h5ad")
        backed = anndata.read_h5ad(tmp_path / f"{len(opened)}.h5ad", backed="r")
        opened.append(backed.file)
        return backed.X

    make.name = request.param
    yield make
    for file in opened:
        file.close()


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Write small photographs into class folders, which a colour tells apart; what is decoded stays in the test."""
    images = pytest.importorskip("PIL.Image")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(classes=None, height=24, width=32, folder="pictures", ending="png", seed=0):
        rng = np.random.default_rng(seed)
        place = tmp_path / folder
        for number, (label, count) in enumerate((classes or {"blue": 30, "green": 24, "red": 18}).items()):
            (place / label).mkdir(parents=True)
            for image in range(count):
                pixels = rng.integers(0, 120, (height, width, 3), dtype=np.uint8)
                pixels[..., 2 - number % 3] += 120
                images.fromarray(pixels).save(place / label / f"image_{image:04d}.{ending}")
        return place

    return make


@pytest.fixture(scope="session")
def made_measurements(tmp_path_factory):
    """Write a folder of measurements in the published format, from Eq. 2, for machines without the real ones."""
    import json

    import pandas as pd

    folder = tmp_path_factory.mktemp("measurements")
    q, shares = np.logspace(-3, 0, 7), np.logspace(-3, 0, 4)
    tops = {"VAE": 4.5, "PCA": 4.0, "RandomProjection": 2.5, "nanoTxformer": 2.8}
    rng = np.random.default_rng(0)
    for file, cells, depth, columns in (
        ("LARRY_scaling.csv", 196332, 2586.6, ["Clonal MI"]),
        ("MERFISH_scaling.csv", 50868, 352.98, ["Spatial neighborhood MI"]),
        ("PBMC_CITEseq_scaling.csv", 114072, 8156.7, ["Protein MI", "Cell type coarse MI", "Cell type fine MI"]),
    ):
        rows = []
        for level, share, method in product(q, shares, tops):
            if method == "nanoTxformer" and round(share, 3) not in (0.001, 0.01, 0.1, 1.0):
                continue
            u, n = level * depth, int(share * cells)
            missing = (n / 20.0) ** -0.7 if method in ("VAE", "PCA") else 0.0
            bits = 0.5 * np.log2(1 + (4 ** tops[method] - 1) * u / (u + 0.3 * depth)) - missing * min(1, u / 100)
            row = {
                "Quality": f"Q{level:.3f}", "UMI per cell": u, "Replicate": "rep0", "Fraction": round(share, 3),
                "Cell number": n, "Method": method,
            }  # fmt: skip
            rows.append(row | {name: bits + 0.01 * rng.standard_normal() for name in columns})
        pd.DataFrame(rows).to_csv(folder / file)
    for file, column, values, power in (
        ("Caltech101_Gaussian.csv", "Scale", np.logspace(-1, 2, 10), -2.0),
        ("Caltech101_resolution.csv", "Factor", np.array([1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 200]), -1.0),
    ):
        rows = []
        for value, (label, number) in product(
            values, {"0": 220, "1": 215, "3": 400, "5": 400, "94": 120, "all": 0}.items()
        ):
            top, u = (2.19 if label == "all" else 1.0), float(value) ** power
            bits = 0.5 * np.log2(1 + (4**top - 1) * u / (u + (0.5 if label == "94" else 0.1)))
            rows.append({column: value, "MI": bits, "Class label": label, "N instances of label": number})
        pd.DataFrame(rows).to_csv(folder / file)
    losses = json.dumps([7.0, 3.0, 1.0])
    pd.DataFrame(
        [
            {"MI": 2.8, "Layers": n, "Embedding size": d, "Heads": 4, "Val. loss": losses, "Extract layer": layer}
            for n, d, layer in product((2, 6), (128, 256), ("Last", "Second to last"))
        ]
    ).to_csv(folder / "Tx_param_screen.csv")
    pd.DataFrame(
        [
            {"UMI per cell": 8164.0 * level, "Encoding": kind, "Representation dim.": 16, "MI": 1.0 + level * extra}
            for level, (kind, extra) in product((0.01, 0.1, 1.0), (("count", 1.0), ("rank", 0.4)))
        ]
    ).to_csv(folder / "rank_encoding_info_loss.csv")
    for file, models, deep in (
        ("PBMC_CITEseq_inference_time_scaling.csv", ("Geneformer", "scGPT"), True),
        (
            "PBMC_CITEseq_inference_time_scaling_nanoTx.csv",
            ("nanoTxformer", "Random projection", "Rank random projection"),
            False,
        ),
    ):
        pd.DataFrame(
            [
                {"Model": model, "UMI per cell": 8156.7 * (1.0 if deep else level), "Quality": level, "MI": 3.0 + level}
                for level, model in product(q, models)
            ]
        ).to_csv(folder / file)
    return folder
