import logging
from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.optional import mend_torchvision
from noiselaw.prepare import GeneSelection
from noiselaw.randomness import generator
from noiselaw.represent import PCA, Harmony
from noiselaw.sweep import Study, run

pytest.importorskip("harmonypy")


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("harmonypy").setLevel(logging.ERROR)


@pytest.fixture
def cells(tmp_path):
    """Two kinds of cells in two batches, whose depth of some genes differs; held out: the last 100."""
    rng = np.random.default_rng(0)
    kinds, batches = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    rates = np.where(kinds[:, None] == np.arange(40) % 2, 6.0, 2.0)
    rates[:, :15] *= np.where(batches, 4.0, 1.0)[:, None]
    names = np.array([f"cell{i}" for i in range(400)])
    about = pd.DataFrame({"kind": np.array(["a", "b"])[kinds], "donor": np.array(["x", "y"])[batches]}, index=names)
    counts = sparse.csr_matrix(rng.poisson(rates).astype(np.float32))
    anndata.AnnData(counts, obs=about).write_h5ad(tmp_path / "cells.h5ad")
    about.to_csv(tmp_path / "about.csv")
    fitted = GeneSelection(n_genes=40).fit(counts, np.arange(300), np.array([f"g{i}" for i in range(40)]))
    whole = fitted.as_view(fitted.apply(counts, names), "lognorm")
    return whole.take(slice(300)), whole.take(slice(300, 400)), about.iloc[300:], tmp_path


def distance(values, labels):
    """How far the means of two groups lie apart, in units of the spread."""
    one, two = (values[labels == label] for label in np.unique(labels))
    return np.linalg.norm(one.mean(0) - two.mean(0)) / values.std()


@pytest.mark.parametrize("file", ["cells.h5ad", "about.csv"])
def test_batches_come_together_and_kinds_stay_apart(cells, file):
    train, test, about, folder = cells
    model = Harmony("donor", file, dims=4, folder=str(folder))
    encoder = model.fit(train, generator(0, "fit"))
    corrected = encoder.embed(test)
    plain = PCA(dims=4).fit(train, generator(0, "fit")).embed(test).values
    assert distance(corrected.values, about["donor"].to_numpy()) < 0.5 * distance(plain, about["donor"].to_numpy())
    assert distance(corrected.values, about["kind"].to_numpy()) > 0.5
    assert (corrected.notes["batches"], corrected.notes["corrected_with_training_cells"]) == (2, 300)
    assert encoder.history.notes["transductive"] is True
    again = model.fit(train, generator(0, "fit")).embed(test).values
    assert np.array_equal(corrected.values, again)


@pytest.mark.slow
def test_scvi_can_be_the_base(cells):
    mend_torchvision()
    pytest.importorskip("scvi")
    train, test, about, folder = cells
    counts = anndata.read_h5ad(folder / "cells.h5ad").X
    train, test = (
        replace(part, view="counts", values=counts[rows])
        for part, rows in ((train, slice(300)), (test, slice(300, 400)))
    )
    # The batches lie so far apart that Harmony's usual penalty leaves them to clusters of their own.
    model = Harmony("donor", "about.csv", base="scvi", dims=4, theta=8.0, folder=str(folder))
    assert (model.takes, model.accelerated) == ("counts", True)
    encoder = model.fit(train, generator(0, "fit"))
    corrected, plain = encoder.embed(test).values, encoder.base.embed(test).values
    assert corrected.shape == (100, 4)
    assert distance(corrected, about["donor"].to_numpy()) < 0.5 * distance(plain, about["donor"].to_numpy())
    assert distance(corrected, about["kind"].to_numpy()) > 0.5
    assert encoder.history.notes["base"] == "scvi"
    assert encoder.history.epochs > 0
    assert np.array_equal(corrected, model.fit(train, generator(0, "fit")).embed(test).values)


def test_what_it_cannot_correct_is_one_sentence(cells):
    train, test, about, folder = cells
    for column, edit, words in [
        ("plate", lambda frame: frame, "has no column 'plate'. .*donor"),
        ("donor", lambda frame: frame.iloc[:390], "says nothing of 10 of 400 observations, first cell390"),
        ("donor", lambda frame: frame.assign(donor="x"), "all 400 observations are of 'x' in 'donor'"),
    ]:
        edit(pd.read_csv(folder / "about.csv", index_col=0)).to_csv(folder / "edited.csv")
        with pytest.raises(InputError, match=words):
            Harmony(column, str(folder / "edited.csv"), dims=4).fit(train, generator(0, "fit")).embed(test)
    with pytest.raises(InputError, match="no file .*absent.csv to read the batches from"):
        _ = Harmony("donor", "absent.csv").revision


def test_it_takes_what_its_base_takes_and_notices_other_batches(cells):
    folder = cells[3]
    model = Harmony("donor", str(folder / "about.csv"))
    assert (model.takes, Harmony("donor", "about.csv", base="scvi").takes) == ("lognorm", "counts")
    before = model.revision
    frame = pd.read_csv(folder / "about.csv", index_col=0)
    frame.assign(donor=frame["donor"].to_numpy()[::-1]).to_csv(folder / "about.csv")
    assert model.revision != before


def test_a_study_file_can_name_it(cells):
    folder = cells[3]
    (folder / "study.toml").write_text(
        'levels = [1.0]\nsizes = 1\nseeds = 1\n[data]\npath = "cells.h5ad"\n'
        '[[signals]]\nkind = "labels"\ncolumn = "kind"\n[[signals]]\nkind = "labels"\ncolumn = "donor"\n'
        '[[models]]\nkind = "pca"\ndims = 4\n'
        '[[models]]\nkind = "harmony"\nbatch = "donor"\nannotations = "cells.h5ad"\ndims = 4\n'
    )
    study = Study.read(folder / "study.toml")
    assert Study.from_toml(study.to_toml()).models == study.models
    table = run(study, folder / "out")
    assert set(table["status"]) <= {"ok", "warned"}
    bits = {(row.signal, row.representation.partition("(")[0]): row.bits for row in table.itertuples()}
    assert bits["donor", "harmony"] < bits["donor", "pca"]
    assert bits["kind", "harmony"] > 0.5
