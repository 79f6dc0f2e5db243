import gzip
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import InputError, UsageError
from noiselaw.randomness import generator
from noiselaw.records import Dataset, Prepared
from noiselaw.represent import REPRESENTATIONS, Precomputed
from noiselaw.sweep import Study, run

NAMES = np.array([f"cell{i}" for i in range(20)])
VALUES = np.random.default_rng(0).normal(size=(20, 3))


def prepared(names=NAMES, level=0.1, seed=0):
    values = sparse.csr_array(np.ones((len(names), 4), dtype=np.float32))
    return Prepared("counts", values, np.asarray(names), np.array(list("abcd")), np.full(len(names), 4.0), level, seed)


def embedded(path, train=None, test=None, **options):
    train = prepared() if train is None else train
    fitted = Precomputed(str(path), **options).fit(train, generator(0, "fit"))
    return fitted.embed(prepared() if test is None else test)


def frame(names=NAMES, values=VALUES):
    return pd.DataFrame(values, index=pd.Index(names, name="cell"), columns=["d0", "d1", "d2"])


def annotated(names=NAMES, values=VALUES, kind=np.asarray):
    return anndata.AnnData(
        sparse.csr_matrix((len(names), 1)), obs=pd.DataFrame(index=names), obsm={"X_mine": kind(values)}
    )


WRITERS = {
    "e.npz": lambda path: np.savez(path, names=NAMES, values=VALUES),
    "e.parquet": lambda path: frame().to_parquet(path),
    "column.parquet": lambda path: frame().reset_index().to_parquet(path),
    "e.csv": lambda path: frame().to_csv(path),
    "e.csv.gz": lambda path: frame().to_csv(path),
    "e.tsv": lambda path: frame().to_csv(path, sep="\t"),
    "e.h5ad": lambda path: annotated().write_h5ad(path),
    "sparse.h5ad": lambda path: annotated(kind=sparse.csr_matrix).write_h5ad(path),
    "table.h5ad": lambda path: annotated(kind=lambda values: frame(values=values)).write_h5ad(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_rows_are_found_by_name_in_any_order(tmp_path, name):
    WRITERS[name](tmp_path / name)
    rows = np.random.default_rng(1).permutation(20)[:12]
    found = embedded(tmp_path / name, test=prepared(NAMES[rows]), key="X_mine" if name.endswith("h5ad") else "")
    np.testing.assert_allclose(found.values, VALUES[rows])
    assert (found.notes["rows_in_file"], found.notes["rows_not_asked_for"]) == (20, 8)
    assert "constant_dimensions" not in found.notes


def test_names_of_digits_stay_names(tmp_path):
    names = np.array([f"{i:04d}" for i in range(20)])
    frame(names).to_csv(tmp_path / "e.csv")
    np.testing.assert_allclose(embedded(tmp_path / "e.csv", test=prepared(names)).values, VALUES)


def test_an_array_can_have_another_name(tmp_path):
    np.savez(tmp_path / "e.npz", names=NAMES, pca=VALUES)
    assert embedded(tmp_path / "e.npz", key="pca").values.shape == (20, 3)


def test_a_path_can_name_level_size_and_seed(tmp_path):
    np.savez(tmp_path / "e_0.10_12_s3.npz", names=NAMES, values=VALUES)
    found = embedded(tmp_path / "e_{level:.2f}_{size}_s{seed}.npz", train=prepared(NAMES[:12], seed=3))
    np.testing.assert_allclose(found.values, VALUES)
    assert found.notes["file"] == "e_0.10_12_s3.npz"
    with pytest.raises(InputError, match="no file .*e_0.20_12_s3.npz"):
        embedded(tmp_path / "e_{level:.2f}_{size}_s{seed}.npz", train=prepared(NAMES[:12], level=0.2, seed=3))
    with pytest.raises(InputError, match=r"names \{seed\}, but these observations come from no study"):
        embedded(tmp_path / "e_{seed}.npz", train=prepared(seed=None))


def test_a_constant_dimension_is_refused_unless_it_is_asked_for(tmp_path):
    np.savez(tmp_path / "e.npz", names=NAMES, values=np.column_stack([VALUES, np.ones(20)]))
    words = (
        "e.npz: 1 of 4 dimensions never vary over the 20 observations to embed, first column 4, which is 1 throughout"
    )
    with pytest.raises(InputError, match=words):
        embedded(tmp_path / "e.npz")
    assert embedded(tmp_path / "e.npz", constant="keep").notes["constant_dimensions"] == 1
    assert embedded(tmp_path / "e.npz", test=prepared(NAMES[:1])).values.shape == (1, 4)


def test_a_table_without_names_is_refused(tmp_path):
    frame().reset_index(drop=True).to_parquet(tmp_path / "e.parquet")
    with pytest.raises(InputError, match="e.parquet must name its observations .* holds fractions, first 0.1"):
        embedded(tmp_path / "e.parquet")


BAD = {
    "missing rows": (NAMES[:17], VALUES[:17], "no row for 3 of the 20 observations to embed, first cell17"),
    "other names": (
        np.char.add(NAMES, "-1"),
        VALUES,
        "no row for 20 of the 20 .*first cell0 .its own first is cell0-1",
    ),
    "twice": (np.where(NAMES == "cell3", "cell2", NAMES), VALUES, "names 1 observations more than once, first cell2"),
    "nan": (NAMES, np.where(VALUES == VALUES[4], np.nan, VALUES), "1 of 20 rows have NaN .* first that of cell4"),
    "unequal": (NAMES[:5], VALUES, "one row of values for each name"),
    "one dimension": (NAMES, VALUES[:, 0], "one row of values for each name"),
    "text": (NAMES, VALUES.astype(str), "must hold numbers; got <U"),
    "objects": (NAMES.astype(object), VALUES, "could not be read as an embedding .*allow_pickle"),
    "nothing": (NAMES[:0], VALUES[:0], "holds no observation"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_files_are_one_sentence(tmp_path, fault):
    names, values, words = BAD[fault]
    np.savez(tmp_path / "e.npz", names=names, values=values)
    with pytest.raises(InputError, match=words):
        embedded(tmp_path / "e.npz")


def test_what_is_no_embedding_is_refused(tmp_path):
    (tmp_path / "e.npz").write_text("no archive")
    np.savez(tmp_path / "array.npz", values=VALUES)
    np.save(tmp_path / "e.npy", VALUES)
    annotated().write_h5ad(tmp_path / "e.h5ad")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"cell,a\nx,1\n" * 50)[:20])
    for name, words in {
        "e.npz": "could not be read as an embedding",
        "array.npz": "no array 'names'.*np.savez.path, names=..., values=...",
        "e.npy": "read from .npz, .parquet",
        "e.h5ad": "no obsm matrix ''.*X_mine",
        "cut.csv.gz": "could not be read as an embedding",
        "absent.csv": "no file",
    }.items():
        with pytest.raises(InputError, match=words):
            embedded(tmp_path / name)


@pytest.mark.parametrize(
    ("path", "words"), [("e_{gene}.npz", r"got \{gene\}"), ("e_{level:q}.npz", "format"), ("e_{", "format")]
)
def test_a_path_that_cannot_be_filled_in_is_refused(path, words):
    with pytest.raises(UsageError, match=words):
        Precomputed(path)


def test_its_label_leaves_out_where_the_study_file_lies():
    assert REPRESENTATIONS.label(Precomputed("e.npz", folder="/somewhere")) == "precomputed(path=e.npz)"


def test_another_content_is_another_revision(tmp_path):
    path = tmp_path / "e_[1]_{level}.npz"
    model = Precomputed(str(path))
    with pytest.raises(InputError, match="There is no file"):
        _ = model.revision
    np.savez(tmp_path / "e_[1]_0.1.npz", names=NAMES, values=VALUES)
    first = model.revision
    assert model.revision == first
    np.savez(tmp_path / "e_[1]_0.1.npz", names=NAMES, values=VALUES[::-1])
    second = model.revision
    np.savez(tmp_path / "e_[1]_0.2.npz", names=NAMES, values=VALUES)
    assert len({first, second, model.revision}) == 3


def test_a_study_file_measures_it_and_a_missing_cell_is_a_failed_row(tmp_path):
    """Relative paths are taken from the study file's folder; one level's file lacks a cell."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 240)
    names = np.array([f"cell{i}" for i in range(240)])
    cells = anndata.AnnData(
        sparse.csr_matrix(rng.poisson(2.0, (240, 30)).astype(np.float32)),
        obs=pd.DataFrame({"kind": np.array(["a", "b"])[kinds]}, index=names),
        obsm={"mine": kinds[:, None] + rng.normal(0, 0.1, (240, 2))},
    )
    cells.write_h5ad(tmp_path / "cells.h5ad")
    order = rng.permutation(240)
    for level, rows in ((0.5, order), (1.0, order[:200])):
        np.savez(tmp_path / f"z_{level}_0.npz", names=names[rows], values=cells.obsm["mine"][rows])
    (tmp_path / "study.toml").write_text(
        'levels = [0.5, 1.0]\nsizes = 1\nseeds = 1\n[data]\npath = "cells.h5ad"\n'
        '[[signals]]\nkind = "labels"\ncolumn = "kind"\n'
        '[[models]]\nkind = "precomputed"\npath = "z_{level}_{seed}.npz"\n'
        '[[models]]\nkind = "precomputed"\npath = "cells.h5ad"\nkey = "mine"\n'
    )
    study = Study.read(tmp_path / "study.toml")
    again = Study.from_toml(study.to_toml(), Path("elsewhere"))
    assert again.models == study.models
    table = run(study, tmp_path / "out")
    rows = {(row.representation, row.level): row for row in table.itertuples()}
    failed = rows["precomputed(path=z_{level}_{seed}.npz)", 1.0]
    assert failed.status == "failed"
    assert "z_1.0_0.npz has no row for" in failed.reason
    for place in [("precomputed(path=z_{level}_{seed}.npz)", 0.5)] + [
        ("precomputed(path=cells.h5ad, key=mine)", q) for q in (0.5, 1.0)
    ]:
        assert rows[place].bits == pytest.approx(1, abs=0.25)
    assert (
        json.loads(rows["precomputed(path=z_{level}_{seed}.npz)", 0.5].diagnostics)["training"]["rows_in_file"] == 240
    )


def test_embeddings_of_images_are_asked_about_in_a_study_of_images(tmp_path):
    codes = np.arange(240) % 2
    pixels = np.full((240, 4, 4, 3), 128, np.uint8)
    names = np.array([f"i{i}" for i in range(240)])
    about = pd.DataFrame({"class": np.array(["a", "b"], dtype=object)[codes]})
    images = Dataset("tiles", pixels, names, np.array(["red", "green", "blue"]), about)
    values = codes[:, None] + np.random.default_rng(0).normal(0, 0.1, (240, 2))
    np.savez(tmp_path / "wide.npz", names=names[::-1], values=values[::-1])
    options = {
        "data": images, "signals": [{"kind": "labels", "column": "class"}], "levels": [1.0, 10.0], "sizes": 1,
        "seeds": 1, "held_out": 0.5, "probes": ["recommended"],
    }  # fmt: skip
    model = {"kind": "precomputed", "path": str(tmp_path / "wide.npz")}
    table = run(Study(**options, models=[{**model, "takes": "image"}]), tmp_path / "out")
    assert (table["status"] != "failed").all(), table["reason"].tolist()
    assert table["bits"].to_numpy() == pytest.approx([1.0, 1.0], abs=0.1)
    with pytest.raises(UsageError, match='A file of embedded images is read with takes = "image"'):
        Study(**options, models=[model])
