from __future__ import annotations

import gzip
import io

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import io as matrix_market
from scipy import sparse

from noiselaw import arrays
from noiselaw.datasets import DATASETS, LarryInVitro, MerfishMouseBrain, PbmcCiteSeq, load
from noiselaw.datasets.larry import whole_counts
from noiselaw.errors import InputError, UsageError

RNG = np.random.default_rng(11)


def test_every_dataset_says_what_it_is():
    for name in DATASETS.names():
        known = DATASETS.get(name)
        assert known.key == name
        assert known.about.title and known.about.source and known.about.licence and known.about.signals
        assert all(file.url.startswith("https://") for file in known.files)
        assert known.files or known.about.by_hand or name == "pbmc68k_reduced"


def test_unknown_names_and_options():
    with pytest.raises(UsageError, match="no dataset called 'pbmc68k'. Nearest: pbmc68k_reduced"):
        load("pbmc68k")
    with pytest.raises(UsageError, match="no option 'blank'. Nearest: blanks"):
        load("merfish_mouse_brain", blank=True)


def test_pbmc68k_reduced_is_there_for_everybody():
    dataset = load("pbmc68k_reduced")
    assert dataset.observations.shape == (700, 765)
    assert dataset.observations.dtype == np.int32
    shares = dataset.annotations["bulk_labels"].value_counts(normalize=True).to_numpy()
    assert -(shares * np.log2(shares)).sum() == pytest.approx(2.75, abs=0.005)
    assert float(dataset.provenance["counts"].rpartition(" ")[2]) < 0.085
    assert (arrays.row_sums(dataset.observations) <= dataset.annotations["n_counts"]).all()


# PBMC CITE-seq, as scvi-tools distributes it: an h5ad with protein_counts in obsm.


@pytest.fixture
def citeseq(tmp_path):
    counts = RNG.poisson(2.0, (30, 12)).astype(np.float32)
    genes = [f"MT-{j}" if j < 2 else f"GENE{j}" for j in range(12)]
    counts[:, :2] = 0
    counts[0, 0] = counts[0].sum() + 10  # mostly mitochondrial
    names = [
        "CD4-1",
        "CD4-2",
        "CD11a/CD18",
        "Notch-1",
        "Notch-2",
        "TCR-1",
        "CD3-1",
        "HLA-DR",
        *(f"P{j}" for j in range(200)),
    ]
    proteins = pd.DataFrame(RNG.poisson(20, (30, len(names))) + 1.0, index=[f"c{j}" for j in range(30)], columns=names)
    proteins.iloc[1] = 1.0  # too few molecules
    proteins.iloc[2, 20:] = 0.0
    proteins.iloc[2, :20] = 200.0  # too few proteins
    labels = ["Doublet" if j == 3 else "B" for j in range(30)]
    made = anndata.AnnData(
        sparse.csr_matrix(counts),
        obs=pd.DataFrame({"celltype.l2": labels, "celltype.l3": labels}, index=proteins.index),
        var=pd.DataFrame(index=genes),
    )
    made.obsm["protein_counts"] = proteins
    made.write_h5ad(tmp_path / "pbmc_seurat_v4.h5ad")
    return tmp_path, made


def test_citeseq_filters_and_sums(citeseq):
    folder, made = citeseq
    dataset = PbmcCiteSeq().load(folder)
    assert dataset.name == "pbmc_citeseq"
    assert dataset.names.tolist() == [f"c{j}" for j in range(4, 30)]
    assert dataset.provenance["filtered"] == "26 of 30 cells pass"
    proteins = dataset.matrices["protein_counts"]
    assert proteins.columns[:7].tolist() == ["CD4", "CD11a/CD18", "Notch-1", "Notch-2", "TCR-1", "CD3-1", "HLA-DR"]
    theirs = made.obsm["protein_counts"]
    assert np.array_equal(proteins["CD4"], (theirs["CD4-1"] + theirs["CD4-2"]).iloc[4:])
    assert np.array_equal(dataset.observations.toarray(), made.X.toarray()[4:])


def test_citeseq_as_it_is(citeseq):
    folder, _ = citeseq
    dataset = PbmcCiteSeq(filtered=False, summed_proteins=False).load(folder)
    assert len(dataset.names) == 30
    assert dataset.matrices["protein_counts"].shape[1] == 208


def test_citeseq_damaged(citeseq):
    folder, made = citeseq
    path = folder / "pbmc_seurat_v4.h5ad"
    whole = path.read_bytes()
    del made.obsm["protein_counts"]
    made.write_h5ad(path)
    with pytest.raises(InputError, match="must hold 'protein_counts'; it does not.*fetch it again"):
        PbmcCiteSeq().load(folder)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="it is cut off after 5,000 of"):
        PbmcCiteSeq().load(folder)
    path.write_bytes(whole)
    PbmcCiteSeq().load(folder)
    path.write_bytes(whole[:5000])
    with pytest.raises(InputError, match="is not the published file"):
        PbmcCiteSeq().load(folder)


# LARRY, as its authors publish it: matrices without names, zipped.


def write_larry(folder, counts, scale=None):
    scale = 1000.0 / np.maximum(counts.sum(axis=1, keepdims=True), 1) if scale is None else scale
    clones = np.zeros((len(counts), 3), dtype=int)
    clones[0, 0] = clones[1, 0] = clones[2, 2] = clones[3, 0] = clones[3, 1] = 1
    for part, values in (("normed_counts", counts * scale), ("clone_matrix", clones)):
        buffer = io.BytesIO()
        matrix_market.mmwrite(buffer, sparse.coo_matrix(values), precision=8)
        (folder / f"stateFate_inVitro_{part}.mtx.gz").write_bytes(gzip.compress(buffer.getvalue()))
    genes = "".join(
        f"{gene}\n" for gene in ["0610007L01Rik", 'Gata"1', "NA", *(f"G{j}" for j in range(counts.shape[1] - 3))]
    )
    (folder / "stateFate_inVitro_gene_names.txt.gz").write_bytes(gzip.compress(genes.encode()))
    header = "Library\tCell barcode\tTime point\tStarting population\tCell type annotation\tWell\tSPRING-x\tSPRING-y\n"
    rows = [
        f"d6_2_2\tGCGTGCAA-{j:04d}\t{2 + 2 * (j % 3)}\tLin-Kit+Sca1-\tundiff\t0\t1.5\t-2.5\n"
        for j in range(len(counts))
    ]
    (folder / "stateFate_inVitro_metadata.txt.gz").write_bytes(gzip.compress((header + "".join(rows)).encode()))


@pytest.fixture
def larry(tmp_path):
    counts = RNG.poisson(1.5, (9, 8))
    counts[:, 0] = 1  # every cell has a gene seen once
    write_larry(tmp_path, counts)
    return tmp_path, counts


def test_larry(larry):
    folder, counts = larry
    dataset = LarryInVitro().load(folder)
    assert np.array_equal(dataset.observations.toarray(), counts)
    assert dataset.observations.dtype == np.int32
    assert dataset.features[:3].tolist() == ["0610007L01Rik", 'Gata"1', "NA"]
    assert dataset.annotations["time_point"].tolist() == [2, 4, 6] * 3
    assert dataset.annotations["clone"].tolist()[:5] == ["clone_0", "clone_0", "clone_2", None, None]
    assert "largest residual" in dataset.provenance["counts"]


def test_larry_values_that_are_no_multiples(larry):
    folder, counts = larry
    write_larry(folder, counts, scale=1 + RNG.random(counts.shape))
    (folder / "hashes.json").unlink(missing_ok=True)
    with pytest.raises(InputError, match="multiples of its smallest; one misses by 0.*fetch it again"):
        LarryInVitro().load(folder)


@pytest.mark.parametrize("part", ["normed_counts.mtx", "gene_names.txt", "metadata.txt", "clone_matrix.mtx"])
def test_larry_truncated(part, larry):
    folder, _ = larry
    path = folder / f"stateFate_inVitro_{part}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"LARRY files in .* could not be read \(.*Remove the damaged one"):
        LarryInVitro().load(folder)


def test_larry_of_other_lengths(larry):
    folder, _ = larry
    path = folder / "stateFate_inVitro_metadata.txt.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:-2])))
    with pytest.raises(InputError, match="Expected 9 rows in the metadata, one per cell; got 7"):
        LarryInVitro().load(folder)


def test_whole_counts_rounds_where_the_authors_cut():
    """3 molecules of 0.1 are 0.30000000000000004 / 0.1 = 2.9999…: cut off, that is 2."""
    normalised = sparse.csr_matrix(np.array([[0.1, 0.3, 0.0], [0.0, 0.0, 0.0], [7.0, 0.0, 21.0]]))
    counts, residual = whole_counts(normalised)
    assert counts.toarray().tolist() == [[1, 3, 0], [0, 0, 0], [1, 0, 3]]
    assert residual < 1e-12
    with pytest.raises(InputError, match="finite and not negative"):
        whole_counts(sparse.csr_matrix(np.array([[1.0, -1.0]])))


# Vizgen: tables of 39-digit cell names, downloaded by hand.

PREFIX = "datasets_mouse_brain_map_BrainReceptorShowcase_Slice1_Replicate1_"


@pytest.fixture
def vizgen(tmp_path):
    names = [f"{110883424764611924400221639916314253469 + j}" for j in range(20)]
    counts = RNG.poisson(30, (20, 6))
    counts[3] = 1  # too few
    table = pd.DataFrame(
        counts.astype(float), index=names, columns=["Oxgr1", "Htr1a", "Blank-0", "Gpr17", "Blank-1", "NA"]
    )
    table.to_csv(tmp_path / f"{PREFIX}cell_by_gene_S1R1.csv")
    columns = ["fov", "volume", "center_x", "center_y", "min_x", "max_x", "min_y", "max_y"]
    metadata = pd.DataFrame(RNG.random((20, 8)), index=names, columns=columns)
    metadata.iloc[::-1].to_csv(tmp_path / f"{PREFIX}cell_metadata_S1R1.csv")
    return tmp_path, table, metadata


@pytest.mark.parametrize("blanks", [True, False])
def test_merfish(blanks, vizgen):
    folder, table, metadata = vizgen
    dataset = MerfishMouseBrain(blanks=blanks).load(folder)
    kept = [j for j in range(20) if j != 3]
    expected = table.iloc[kept] if blanks else table.iloc[kept, [0, 1, 3, 5]]
    assert dataset.names.tolist() == expected.index.tolist()
    assert dataset.features.tolist() == expected.columns.tolist()
    assert np.array_equal(dataset.observations.toarray(), expected)
    assert np.allclose(dataset.matrices["spatial"], metadata[["center_x", "center_y"]].iloc[kept])
    assert dataset.provenance["filtered"] == "19 of 20 cells have at least 100 counts"


def test_merfish_must_be_downloaded_by_hand(tmp_path):
    with pytest.raises(
        InputError,
        match=r"ending in cell_by_gene_S1R1.csv in .*; got none. Vizgen .*https://.*pass it as folder \(--folder ",
    ):
        MerfishMouseBrain().load(tmp_path)


def test_a_dataset_knows_its_folder(vizgen):
    folder, table, _ = vizgen
    known = DATASETS.build("merfish_mouse_brain", {"folder": str(folder)})
    assert known == MerfishMouseBrain(folder=str(folder))
    assert len(known.load().names) == len(table) - 1
    assert len(load("merfish_mouse_brain", folder).names) == len(table) - 1


def test_merfish_of_two_replicates(vizgen):
    folder, _, metadata = vizgen
    metadata.iloc[:5].to_csv(folder / f"{PREFIX}cell_metadata_S1R1.csv")
    with pytest.raises(InputError, match=r"lacks cell '1108.*15 cells in all\). Download both files of one replicate"):
        MerfishMouseBrain().load(folder)
    metadata.drop(columns="center_y").to_csv(folder / f"{PREFIX}cell_metadata_S1R1.csv")
    with pytest.raises(InputError, match="lacks the column 'center_y'"):
        MerfishMouseBrain().load(folder)


def test_merfish_truncated(vizgen):
    folder, _, _ = vizgen
    path = folder / f"{PREFIX}cell_by_gene_S1R1.csv"
    path.write_text(path.read_text()[:-12])
    with pytest.raises(
        InputError, match=r"could not be read \(cell 1108\d+ has missing values\). Download the damaged"
    ):
        MerfishMouseBrain().load(folder)
    path.write_text("")
    with pytest.raises(InputError, match=r"could not be read \(.*Download the damaged one again"):
        MerfishMouseBrain().load(folder)
