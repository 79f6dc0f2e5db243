from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.io import from_anndata, from_arrays


def logged(adata):
    """The same cells, normalised in X."""
    adata.X = sparse.csr_matrix(np.log1p(adata.X.toarray() / 7).astype(np.float32))
    return adata


def test_counts_in_a_layer_come_first(adata, cells):
    adata.layers["counts"] = adata.X.copy()
    dataset = from_anndata(logged(adata))
    assert np.array_equal(dataset.observations.toarray(), cells.counts)
    assert dataset.provenance["counts"] == "counts found in layers['counts']"


def test_raw_counts_are_found_with_their_own_features(adata, cells):
    adata.raw = adata
    dataset = from_anndata(logged(adata[:, :10].copy()))
    assert dataset.provenance["counts"] == "counts found in raw.X"
    assert np.array_equal(dataset.observations.toarray(), cells.counts)
    assert dataset.features.tolist() == cells.genes.tolist()


@pytest.mark.parametrize("place", ["X", "raw", "raw.X", "layers/spliced"])
def test_counts_may_be_named(place, adata):
    adata.layers["counts"] = adata.X * 2
    adata.layers["spliced"] = adata.X.copy()
    adata.raw = adata
    shown = {"X": "X", "layers/spliced": r"layers['spliced']"}.get(place, "raw.X")
    assert from_anndata(adata, counts=place).provenance["counts"] == f"counts found in {shown}"


def test_counts_named_where_there_are_none(adata):
    adata.layers["spliced"] = adata.X.copy()
    with pytest.raises(InputError, match=r"no counts at 'layers/splced'. Pass .* Nearest: layers/spliced."):
        from_anndata(adata, counts="layers/splced")


def test_normalised_counts_say_where_one_looked(adata):
    adata = logged(adata)
    first = np.argwhere(adata.X.toarray())[0]
    adata.layers["smooth"] = adata.X.copy()
    cell, gene = adata.obs_names[first[0]], adata.var_names[first[1]]
    message = (
        rf"X: Counts must be whole numbers; cell '{cell}' has 0.\d+ for gene '{gene}' "
        r"\(layers\['counts'\] and raw.X absent\)\. The matrix looks already normalised\. "
        r"Put the raw counts into layers\['counts'\], or name one of "
        r"layers/smooth with counts=\.$"
    )
    with pytest.raises(InputError, match=message):
        from_anndata(adata)


def test_a_counts_layer_must_hold_counts(adata):
    adata.layers["counts"] = adata.X * 0.5
    with pytest.raises(InputError, match=r"layers\['counts'\]: Counts must be whole numbers"):
        from_anndata(adata)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "must not be negative.*'ACGT003-1' has -1 for gene 'Gene4'"),
        (np.nan, "finite.*'ACGT003-1' has nan for gene 'Gene4'"),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_offending_cell_and_gene(value, message, kind, adata):
    x = adata.X.toarray().astype(np.float64)
    x[3, 4] = x[9, 2] = value
    adata.X = kind(x)
    with pytest.raises(InputError, match=message):
        from_anndata(adata)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32, np.float64])
def test_whole_numbers_of_any_type_are_fine(dtype, adata, cells):
    adata.X = adata.X.astype(dtype)
    dataset = from_anndata(adata)
    assert dataset.observations.dtype == dtype
    assert np.array_equal(dataset.observations.toarray(), cells.counts)


@pytest.mark.parametrize("dtype", [np.complex128, object])
def test_odd_types(dtype, cells):
    with pytest.raises(InputError, match="real numbers; got dtype (complex128|object)"):
        from_arrays(cells.counts.astype(dtype))


@pytest.mark.filterwarnings("ignore:Transforming to str index")
def test_empty_matrices(cells, adata):
    with pytest.raises(InputError, match=r"empty matrix \(0 cells\)"):
        from_anndata(adata[:0].copy())
    with pytest.raises(InputError, match=r"empty matrix \(40, 0\)"):
        from_anndata(adata[:, :0].copy())
    with pytest.raises(InputError, match="at least one molecule"):
        from_arrays(np.zeros((3, 4), dtype=int))
    with pytest.raises(InputError, match="Expected a matrix of counts"):
        from_arrays(np.ones(3))


def test_no_counts_at_all(cells):
    import anndata

    with pytest.raises(InputError, match=r"no counts: layers\['counts'\], X, raw.X are absent\. Put the raw"):
        from_anndata(anndata.AnnData(obs=pd.DataFrame(index=["a", "b"])))


@pytest.mark.filterwarnings("ignore:Observation names are not unique")
def test_duplicate_cell_names(adata):
    adata.obs_names = ["twin", "other", "twin", "other", *adata.obs_names[4:]]
    with pytest.raises(InputError, match=r"2 names occur more than once, first 'twin'. Rename .*obs_names_make_unique"):
        from_anndata(adata)


@pytest.mark.filterwarnings("ignore:Variable names are not unique", "ignore:Suffix used")
def test_duplicate_features_are_numbered_as_anndata_does(adata):
    adata.var_names = ["TBCE", "TBCE", "TBCE-1", "TBCE", *adata.var_names[4:]]
    dataset = from_anndata(adata)
    assert dataset.provenance["features"] == "2 repeated feature names were given a number, first 'TBCE'"
    adata.var_names_make_unique()
    assert len(set(dataset.features)) == 25
    assert dataset.features.tolist() == adata.var_names.tolist()


def test_matrices_of_every_kind(adata, cells):
    adata.obsm["spatial"] = np.random.default_rng(0).random((40, 2))
    adata.obsm["sparse"] = sparse.csr_matrix(np.eye(40)[:, :30])
    adata.obsm["full"] = sparse.csr_matrix(cells.proteins)
    dataset = from_anndata(adata)
    assert dataset.matrices["spatial"].columns.tolist() == ["spatial_0", "spatial_1"]
    assert isinstance(dataset.matrices["sparse"].dtypes.iloc[0], pd.SparseDtype)
    assert np.array_equal(dataset.matrices["sparse"].to_numpy(), np.eye(40)[:, :30])
    assert np.array_equal(dataset.matrices["full"].to_numpy(), cells.proteins)
    assert all(table.index.tolist() == cells.names.tolist() for table in dataset.matrices.values())


def test_wide_matrices_are_taken_when_named(adata):
    adata.obsm["peaks"] = sparse.random(40, 6000, density=0.01, format="csr", random_state=0)
    dataset = from_anndata(adata)
    assert list(dataset.matrices) == ["protein"]
    assert dataset.provenance["matrices left out"].startswith("peaks")
    assert list(from_anndata(adata, matrices=["peaks"]).matrices) == ["peaks"]
    with pytest.raises(InputError, match="no matrix called 'protien'. Nearest: protein."):
        from_anndata(adata, matrices=["protien"])


def test_a_matrix_with_other_rows(cells):
    with pytest.raises(InputError, match=r"matrix 'protein' must have one row per cell \(40\); it has 39"):
        from_arrays(cells.counts, matrices={"protein": cells.proteins[1:]})
    named = pd.DataFrame(cells.proteins, index=[*cells.names[1:], "stranger"])
    with pytest.raises(InputError, match=r"named like the cells; 'stranger' is no cell here"):
        from_arrays(cells.counts, names=cells.names, matrices={"protein": named})


def test_a_table_in_another_order_is_put_in_order(cells):
    table = pd.DataFrame(cells.proteins, index=cells.names).iloc[::-1]
    dataset = from_arrays(cells.counts, names=cells.names, matrices={"protein": table})
    assert np.array_equal(dataset.matrices["protein"].to_numpy(), cells.proteins)


def test_arrays_of_other_lengths(cells):
    with pytest.raises(InputError, match="Expected 40 names, one per row of counts; got 3"):
        from_arrays(cells.counts, names=["a", "b", "c"])
    with pytest.raises(InputError, match="Expected 40 annotations, one per row of counts; got 2"):
        from_arrays(cells.counts, annotations={"cell_type": ["a", "b"]})


def test_modalities_that_share_only_some_cells(cells):
    import mudata

    rna = writers_adata(cells)
    protein = writers_adata(cells)[5:].copy()
    protein.var_names = [f"P{j}" for j in range(25)]
    both = mudata.MuData({"rna": rna, "protein": protein})
    table = from_anndata(both).matrices["protein"]
    assert table.iloc[:5].isna().all().all(), "what was not measured is unknown, not zero"
    assert np.array_equal(table.iloc[5:].to_numpy(), cells.counts[5:])


def test_modalities_that_share_no_cell(cells):
    import mudata

    protein = writers_adata(cells)
    protein.obs_names = [f"other{j}" for j in range(40)]
    protein.var_names = [f"P{j}" for j in range(25)]
    both = mudata.MuData({"rna": writers_adata(cells), "protein": protein})
    with pytest.raises(InputError, match=r"modality 'protein' must have rows for the cells.*it has 'other0'"):
        from_anndata(both)


def test_a_modality_must_be_named_where_none_is_rna(cells):
    import mudata

    one, two = writers_adata(cells), writers_adata(cells)
    two.var_names = [f"P{j}" for j in range(25)]
    both = mudata.MuData({"a": one, "b": two})
    with pytest.raises(InputError, match=r"Expected a modality called 'rna'; got a, b. Name the one"):
        from_anndata(both)
    assert from_anndata(both, modality="b").features[0] == "P0"


def writers_adata(cells):
    import anndata

    return anndata.AnnData(
        sparse.csr_matrix(cells.counts),
        obs=pd.DataFrame({"cell_type": cells.labels}, index=cells.names),
        var=pd.DataFrame(index=cells.genes),
    )


def test_what_is_no_anndata(cells):
    with pytest.raises(InputError, match="Expected an AnnData or MuData object; got ndarray. Pass a path"):
        from_anndata(cells.counts)


def test_the_callers_object_is_untouched(adata):
    before = adata.copy()
    dataset = from_anndata(adata)
    dataset.annotations["new"] = 1
    dataset.matrices["protein"].iloc[0, 0] = -5
    assert list(adata.obs) == list(before.obs)
    assert adata.obsm["protein"].equals(before.obsm["protein"])
    assert (adata.X != before.X).nnz == 0


def test_a_backed_anndata_stays_on_disk(adata, tmp_path, cells):
    import anndata

    from noiselaw import arrays

    adata.write_h5ad(tmp_path / "cells.h5ad")
    opened = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    dataset = from_anndata(opened)
    assert arrays.is_backed(dataset.observations)
    assert np.array_equal(arrays.as_dense(dataset.observations), cells.counts)
    opened.file.close()


def test_a_table_of_counts_keeps_its_names(cells):
    table = pd.DataFrame(cells.counts, index=cells.names, columns=cells.genes)
    dataset = from_arrays(table)
    assert dataset.names.tolist() == cells.names.tolist()
    assert dataset.features.tolist() == cells.genes.tolist()
    assert from_arrays(sparse.coo_array(cells.counts)).observations.format == "csr"


def test_entries_of_obsm_that_are_no_tables(adata):
    ak = pytest.importorskip("awkward")
    adata.obsm["airr"] = ak.Array([[1, 2]] * 40)
    dataset = from_anndata(adata)
    assert list(dataset.matrices) == ["protein"]
    assert dataset.provenance["matrices not read"].startswith("airr")
