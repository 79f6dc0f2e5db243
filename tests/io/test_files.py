from __future__ import annotations

import importlib.util
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from noiselaw import arrays
from noiselaw.errors import InputError
from noiselaw.io import content_hash, from_anndata, read

HDF5 = ["csr.h5ad", "csc.h5ad", "dense.h5ad", "float.h5ad", ".h5mu"]
ZARR = [".zarr", "mu.zarr"]
TENX = ["10x.h5", "v2.h5", "mtx", "plain_mtx"]
FORMATS = [*HDF5, *ZARR, *TENX]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_dataset(kind, tmp_path, cells, write, adata):
    path = write(kind)
    before = {item: item.stat().st_mtime_ns for item in tmp_path.rglob("*")}
    dataset = read(path)
    assert {item: item.stat().st_mtime_ns for item in tmp_path.rglob("*")} == before, "nothing is written"
    assert np.array_equal(arrays.as_dense(dataset.observations), cells.counts)
    assert np.array_equal(dataset.names, cells.names)
    assert np.array_equal(dataset.features, cells.genes)
    assert content_hash(dataset) == content_hash(from_anndata(adata))
    assert dataset.provenance["counts"] == "counts found in X"
    assert len(dataset.provenance["sha256"]) == 64
    if kind != "v2.h5":
        key = "Antibody Capture" if "10x" in kind or "mtx" in kind else "protein"
        assert dataset.matrices[key].columns.tolist() == cells.antibodies
        assert dataset.matrices[key].index.tolist() == cells.names.tolist()
        assert np.array_equal(dataset.matrices[key].to_numpy(), cells.proteins)
    if kind.endswith(("h5ad", "h5mu", "zarr")):
        assert dataset.annotations["cell_type"].tolist() == cells.labels.tolist()
        assert isinstance(dataset.annotations["cell_type"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize("kind", [*HDF5, *ZARR])
def test_backed_counts_stay_on_disk(kind, tmp_path, cells, write, adata):
    dataset = read(write(kind), backed=True)
    assert arrays.is_backed(dataset.observations)
    assert np.array_equal(arrays.as_dense(dataset.observations), cells.counts)
    assert content_hash(dataset) == content_hash(from_anndata(adata))


def test_kinds_of_arrays_are_kept(write, cells):
    assert read(write("csc.h5ad")).observations.format == "csc"
    assert isinstance(read(write("dense.h5ad")).observations, np.ndarray)
    assert read(write("csr.h5ad")).observations.dtype == np.int32


@pytest.mark.parametrize("kind", ["10x.h5", "v2.h5", "mtx"])
def test_10x_is_read_as_scanpy_reads_it(kind, tmp_path, cells, write, adata):
    import scanpy

    path = write(kind)
    theirs = scanpy.read_10x_mtx(path) if kind == "mtx" else scanpy.read_10x_h5(path, gex_only=True)
    ours = read(path)
    assert ours.names.tolist() == theirs.obs_names.tolist()
    assert ours.features.tolist() == theirs.var_names.tolist()
    assert np.array_equal(ours.observations.toarray(), theirs.X.toarray())


def test_the_name_is_the_files(write, cells):
    assert read(write("csr.h5ad")).name == "cells_csr"
    folder = write("mtx")
    assert read(folder).name == "cells_mtx"
    assert read(folder / "matrix.mtx.gz").name == "cells_mtx"
    assert read(folder, name="pbmc").name == "pbmc"


@pytest.mark.parametrize(
    "name",
    [
        "citeseq_eccite_pbmc_citefuse",
        "citeseq_pbmc10k_hvg4000",
        "clonal_larry_invitro_cospar781",
        "scrna_pbmc_facs_sorted2140",
        "scrna_pbmc_hao2021_speck1000",
        "spatial_merfish_moffitt_4slices",
        "spatial_starmap_mpfc",
    ],
)
def test_real_cells(name, real_data):
    dataset = read(real_data(f"{name}.h5ad"))
    totals = arrays.row_sums(dataset.observations)
    assert np.array_equal(totals, dataset.annotations["total_counts"])
    assert set(dataset.matrices) == ({"protein"} if "citeseq" in name else {"spatial"} if "spatial" in name else set())


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"There is no file or folder '.*nowhere.h5ad'. Pass .h5ad, .h5mu"):
        read(tmp_path / "nowhere.h5ad")


@pytest.mark.parametrize(
    ("ending", "hint"), [(".xlsx", "Unknown ending '.xlsx'"), (".rds", "zellkonverter"), (".loom", "read_loom")]
)
def test_unknown_ending(ending, hint, tmp_path):
    path = tmp_path / f"cells{ending}"
    path.write_bytes(b"1234")
    with pytest.raises(InputError, match=hint):
        read(path)


@pytest.mark.parametrize("content", [b"", b"cell,gene\n1,2\n", bytes(range(256)) * 20])
def test_a_file_that_is_no_h5ad(content, tmp_path):
    path = tmp_path / "cells.h5ad"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cells.h5ad: Expected HDF5; its first bytes are no HDF5 signature"):
        read(path)


def test_another_hdf5(tmp_path):
    with h5py.File(tmp_path / "model.h5", "w") as stored:
        stored["weights"] = np.ones(3)
    with pytest.raises(InputError, match=r"Expected AnnData \(obs, var, X\), MuData.* it holds weights. Pass .h5ad"):
        read(tmp_path / "model.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(InputError, match="it holds nothing"):
        read(tmp_path / "empty.h5")


@pytest.mark.parametrize("kind", ["csr.h5ad", "csc.h5ad", "dense.h5ad", ".h5mu", "10x.h5"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files(kind, share, write):
    path = write(kind)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(
        InputError,
        match=r"could not be read \(it is cut off after [\d,]+ of [\d,]+ bytes\). Expected a complete file; copy",
    ):
        read(path)


@pytest.mark.parametrize("name", ["matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz"])
def test_truncated_folders(name, write):
    folder = write("mtx")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cells_mtx could not be read \(.*\). Expected a complete file; copy"):
        read(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match=r"cells_mtx: Expected (one )?[a-z]+\.(mtx|tsv)\(.gz\)"):
        read(folder)


def test_a_folder_with_other_barcodes(write, cells):
    folder = write("plain_mtx")
    (folder / "GSM1_barcodes.tsv").write_text("A\nB\n")
    with pytest.raises(InputError, match=r"Expected 40 barcodes, as many as GSM1_matrix.mtx has; got 2"):
        read(folder)


def test_a_zarr_folder_that_is_none(tmp_path):
    (tmp_path / "cells.zarr").mkdir()
    with pytest.raises(InputError, match=r"Expected a zarr group; the folder holds no zarr.json or .zgroup"):
        read(tmp_path / "cells.zarr")
    with pytest.raises(InputError, match=r"Expected one matrix.mtx\(.gz\) in .*; got none"):
        read(tmp_path)


@pytest.mark.skipif(h5py.version.hdf5_version_tuple < (1, 14, 4), reason="this HDF5 itself crashes on damaged text")
@pytest.mark.parametrize("kind", ["csr.h5ad", "dense.h5ad", "10x.h5"])
def test_flipped_bytes_never_give_anything_but_cells_or_a_sentence(kind, tmp_path, cells, write, adata):
    """Damage is refused, or it hit what is not read; no other error may come out."""
    path = write(kind)
    content = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(30):
        damaged = bytearray(content)
        start = int(rng.integers(8, len(content) - 64))
        damaged[start : start + 64] = rng.integers(0, 256, 64, dtype=np.uint8).tobytes()
        path.write_bytes(damaged)
        for backed in (False, True):
            try:
                dataset = read(path, backed=backed)
            except InputError:
                continue
            assert dataset.observations.shape == (40, 25)


def test_missing_counts_in_a_zarr_folder(write, cells):
    path = write(".zarr")
    for part in (path / "X" / "data").rglob("*"):
        if part.is_file() and part.name not in {"zarr.json", ".zarray", ".zattrs", ".zgroup"}:
            part.unlink()
    for backed in (False, True):
        with pytest.raises(InputError, match=r"cells.zarr: 1 of 1 pieces of the matrix are missing. Copy the whole"):
            read(path, backed=backed)


def test_an_encoding_nobody_knows(write, cells):
    path = write("csr.h5ad")
    with h5py.File(path, "r+") as stored:
        stored["X"].attrs["encoding-type"] = "holographic"
    with pytest.raises(InputError, match=r"could not be read \(.*holographic"):
        read(path)


def test_modalities(write, cells):
    path = write(".h5mu")
    assert read(path).provenance["modality"] == "rna"
    other = read(path, modality="protein")
    assert other.features.tolist() == cells.antibodies
    assert np.array_equal(arrays.as_dense(other.observations), cells.proteins)
    with pytest.raises(InputError, match=r"There is no modality called 'prot'. Nearest: protein."):
        read(path, modality="prot")
    with pytest.raises(InputError, match=r"holds one assay, no modalities; got modality='rna'"):
        read(write("csr.h5ad"), modality="rna")


def test_a_file_from_before_anndata_0_7():
    """Scanpy's own package carries one; its X is scaled and its raw.X logarithms, which is said."""
    folder = Path(importlib.util.find_spec("scanpy").origin).parent
    with pytest.raises(
        InputError, match=r"X: Counts must .*\(layers\['counts'\] absent; raw.X holds no counts either\)"
    ):
        read(folder / "datasets" / "10x_pbmc68k_reduced.h5ad")


@pytest.mark.parametrize("backed", [False, True])
@pytest.mark.parametrize(
    ("part", "values"), [("indptr", [0, 2**31 - 1, -(2**31)]), ("indices", [0, 1, 25]), ("indices", [0, -1, 3])]
)
def test_indices_that_point_outside_are_refused_before_anything_follows_them(part, values, backed, write):
    path = write("csr.h5ad")
    with h5py.File(path, "r+") as stored:
        stored["X"][part][:3] = values
    with pytest.raises(InputError, match="sound sparse matrix; its indices point outside it"):
        read(path, backed=backed)


def test_entries_of_obsm_that_are_no_tables_are_left_out_and_said(write):
    """Scirpy keeps lists of receptors there; a file must not be unreadable for what nobody asks about."""
    path = write("csr.h5ad")
    with h5py.File(path, "r+") as stored:
        stored["obsm"].create_group("airr").attrs["encoding-type"] = "awkward-array"
    dataset = read(path)
    assert list(dataset.matrices) == ["protein"]
    assert dataset.provenance["matrices not read"] == "airr (no table of one row per cell)"


def test_an_old_10x_folder(tmp_path, cells):
    from scipy import io, sparse

    io.mmwrite(tmp_path / "matrix.mtx", sparse.coo_matrix(cells.counts.T), field="integer")
    (tmp_path / "genes.tsv").write_text("".join(f"ENSG{j}\t{name}\n" for j, name in enumerate(cells.genes)))
    (tmp_path / "barcodes.tsv").write_text("".join(f"{name}\n" for name in cells.names))
    dataset = read(tmp_path)
    assert dataset.features.tolist() == cells.genes.tolist()
    assert np.array_equal(dataset.observations.toarray(), cells.counts)
    assert not dataset.matrices


def test_other_kinds_of_features_only(tmp_path, cells):
    path = tmp_path / "peaks.h5"
    with h5py.File(path, "w") as stored:
        turned = np.asarray(cells.counts.T)
        from scipy import sparse

        both = sparse.csc_matrix(turned)
        matrix = stored.create_group("matrix")
        matrix["barcodes"] = cells.names.astype("S")
        matrix["data"], matrix["indices"], matrix["indptr"] = both.data, both.indices, both.indptr
        matrix["shape"] = np.array(both.shape)
        matrix["features/name"] = cells.genes.astype("S")
        matrix["features/feature_type"] = np.array(["Peaks"] * 25, dtype="S")
    with pytest.raises(InputError, match="Expected features of kind 'Gene Expression'. There are: Peaks"):
        read(path)


def test_text_that_pandas_stores_in_its_own_way(tmp_path, adata):
    import anndata

    adata.obs_names = adata.obs_names.astype("string")
    adata.obs["note"] = pd.array(["a", None] * 20, dtype="string")
    with anndata.settings.override(allow_write_nullable_strings=True):
        adata.write_h5ad(tmp_path / "cells.h5ad")
    dataset = read(tmp_path / "cells.h5ad")
    assert dataset.names.dtype.kind == "U"
    assert dataset.annotations["note"].isna().sum() == 20


@pytest.mark.parametrize("wide", ["indices", "indptr"])
@pytest.mark.parametrize("backed", [False, True])
def test_indices_of_32_and_64_bits_in_one_file(wide, backed, write, adata):
    path = write("csr.h5ad")
    with h5py.File(path, "r+") as file:
        for part in ("indices", "indptr"):
            values = file["X"][part][:].astype(np.int64 if part == wide else np.int32)
            del file["X"][part]
            file["X"][part] = values
    assert content_hash(read(path, backed=backed)) == content_hash(from_anndata(adata))
