"""Small cells, and the same cells written in every format that is read."""

from __future__ import annotations

import gzip
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import io as matrix_market
from scipy import sparse


@pytest.fixture(scope="session")
def cells():
    """Forty cells with labels and proteins, as plain arrays."""
    rng = np.random.default_rng(7)
    counts = rng.poisson(0.6, (40, 25)).astype(np.int32)
    return SimpleNamespace(
        counts=counts,
        names=np.array([f"ACGT{j:03d}-1" for j in range(40)]),
        genes=np.array([f"Gene{j}" for j in range(25)]),
        labels=np.array(["T", "B"])[np.arange(40) % 2],
        proteins=rng.poisson(50, (40, 3)),
        antibodies=["CD3", "CD19", "CD4"],
    )


@pytest.fixture
def adata(cells):
    """The cells as AnnData, CSR."""
    return make_adata(cells)


@pytest.fixture
def write(tmp_path, cells):
    """Write the cells in a format and return the path."""
    return lambda kind: _write(kind, tmp_path, cells)


def make_adata(cells, counts=None):
    import anndata

    x = sparse.csr_matrix(cells.counts) if counts is None else counts
    made = anndata.AnnData(
        X=x,
        obs=pd.DataFrame({"cell_type": pd.Categorical(cells.labels)}, index=cells.names),
        var=pd.DataFrame(index=cells.genes),
    )
    made.obsm["protein"] = pd.DataFrame(cells.proteins, index=cells.names, columns=cells.antibodies)
    return made


def make_mudata(cells):
    import anndata
    import mudata

    protein = anndata.AnnData(
        X=cells.proteins.astype(np.float32),
        obs=pd.DataFrame(index=cells.names),
        var=pd.DataFrame(index=cells.antibodies),
    )
    rna = make_adata(cells)
    del rna.obsm["protein"]
    return mudata.MuData({"rna": rna, "protein": protein})


def write_tenx(path, cells):
    """Write what Cell Ranger 3 and later write: features × barcodes by columns, genes and antibodies together."""
    import h5py

    both = sparse.csc_matrix(np.hstack([cells.counts, cells.proteins]).T.astype(np.int32))
    names = [*cells.genes, *cells.antibodies]
    kinds = ["Gene Expression"] * len(cells.genes) + ["Antibody Capture"] * len(cells.antibodies)
    with h5py.File(path, "w") as stored:
        matrix = stored.create_group("matrix")
        matrix["barcodes"] = cells.names.astype("S")
        matrix.create_dataset("data", data=both.data, compression="gzip")
        matrix.create_dataset("indices", data=both.indices.astype(np.int64), compression="gzip")
        matrix["indptr"] = both.indptr.astype(np.int64)
        matrix["shape"] = np.array(both.shape, dtype=np.int32)
        features = matrix.create_group("features")
        features["id"] = np.array([f"ENSG{j:05d}" for j in range(len(names))], dtype="S")
        features["name"] = np.array(names, dtype="S")
        features["feature_type"] = np.array(kinds, dtype="S")
        features["genome"] = np.array(["GRCh38"] * len(names), dtype="S")
        features["_all_tag_keys"] = np.array(["genome"], dtype="S")
    return path


def write_tenx_v2(path, cells):
    """Write what Cell Ranger 2 wrote: one group per genome."""
    import h5py

    turned = sparse.csc_matrix(cells.counts.T)
    with h5py.File(path, "w") as stored:
        genome = stored.create_group("GRCh38")
        genome["barcodes"] = cells.names.astype("S")
        genome["data"], genome["indices"], genome["indptr"] = turned.data, turned.indices, turned.indptr
        genome["shape"] = np.array(turned.shape, dtype=np.int32)
        genome["genes"] = np.array([f"ENSG{j:05d}" for j in range(25)], dtype="S")
        genome["gene_names"] = cells.genes.astype("S")
    return path


def write_mtx(folder, cells, prefix="", zipped=True):
    """Write a folder of ``matrix.mtx.gz``, ``features.tsv.gz``, ``barcodes.tsv.gz``."""
    folder.mkdir()
    both = sparse.coo_matrix(np.hstack([cells.counts, cells.proteins]).T)
    kinds = ["Gene Expression"] * len(cells.genes) + ["Antibody Capture"] * len(cells.antibodies)
    rows = zip([*cells.genes, *cells.antibodies], kinds, strict=True)
    lines = [f"ENSG{j:05d}\t{name}\t{kind}\n" for j, (name, kind) in enumerate(rows)]
    opened = (lambda name: gzip.open(folder / f"{prefix}{name}.gz", "wb")) if zipped else None
    opened = opened or (lambda name: (folder / f"{prefix}{name}").open("wb"))
    with opened("matrix.mtx") as stream:
        matrix_market.mmwrite(stream, both, field="integer")
    with opened("features.tsv") as stream:
        stream.write("".join(lines).encode())
    with opened("barcodes.tsv") as stream:
        stream.write("".join(f"{name}\n" for name in cells.names).encode())
    return folder


def _write(kind, folder, cells):
    path = folder / f"cells{'' if kind.startswith('.') else '_'}{kind}"
    kinds = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.array, "float": np.float32}
    if kind.endswith(".h5ad"):
        make_adata(cells, kinds[kind.partition(".")[0]](cells.counts)).write_h5ad(path)
    elif kind == ".h5mu":
        make_mudata(cells).write(path)
    elif kind.endswith("zarr"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zarr formats 2 and 3 are both read; which one is written is not ours
            (make_adata(cells) if kind == ".zarr" else make_mudata(cells)).write_zarr(path)
    elif kind == "10x.h5":
        write_tenx(path, cells)
    elif kind == "v2.h5":
        write_tenx_v2(path, cells)
    else:
        plain = kind.startswith("plain")
        write_mtx(path, cells, prefix="GSM1_" if plain else "", zipped=not plain)
    return path
