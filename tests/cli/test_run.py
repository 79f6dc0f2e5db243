import json

import numpy as np
import pandas as pd
import pytest

from noiselaw.cli import main
from noiselaw.cli.run import _levels, _sizes
from noiselaw.sweep import Study

QUICK = ["--levels", "0.1,1", "--sizes", "1", "--seeds", "1", "--workers", "1"]


def test_one_command_measures_a_file_and_each_command_names_the_next(h5ad, tmp_path, capsys):
    out = tmp_path / "runs" / "small"
    run = ["run", str(h5ad), "--label", "cell_type", "--abundance", "protein", "--out", str(out), *QUICK]
    assert main([*run, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "2 conditions, 4 fits, 8 measurements, of which 8 are left" in said
    assert f"Next: noiselaw run {h5ad}" in said
    assert not out.exists()

    assert main(run) == 0
    said = capsys.readouterr()
    assert "8 measurements (0 failed)" in said.out
    assert f"noiselaw plan {out}" in said.out
    assert "tasks" in said.err  # plain progress where there is no terminal
    table = pd.read_csv(out / "measurements.csv")
    assert set(table["signal"]) == {"cell_type", "protein"}
    assert (out / "report.html").stat().st_size > 10_000

    assert main(["status", str(out)]) == 0
    assert "8 of 8 measurements are done" in capsys.readouterr().out
    assert main(["status", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == 0
    assert main(["fit", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
    assert main(["report", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"].endswith("report.html")


def test_the_stores_own_study_file_goes_on_where_it_stopped(h5ad, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", str(h5ad), "--label", "cell_type", "--out", str(out), *QUICK]) == 0
    before = (out / "measurements.csv").read_bytes()
    assert main(["run", str(out / "study.toml"), "--out", str(out), "--workers", "1", "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said[said.rindex("{") :])["failed"] == 0
    assert (out / "measurements.csv").read_bytes() == before


def test_a_changed_study_keeps_what_was_measured_and_says_what_it_no_longer_asks_for(h5ad, tmp_path, capsys):
    run = ["run", str(h5ad), "--label", "cell_type", "--out", str(tmp_path / "out"), *QUICK]
    assert main(run) == 0
    capsys.readouterr()
    assert main([*run, "--levels", "0.5,1", "--models", "pca"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "also holds 3 measurements that this study does not ask for (level 0.1; representation random_projection)"
        in said
    )
    assert len(list((tmp_path / "out" / "measurements").iterdir())) == 5
    assert len(pd.read_csv(tmp_path / "out" / "measurements.csv")) == 2


def broken(kind, adata):
    x = adata.X.toarray()
    if kind == "negative":
        x[3, 5] = -2
    elif kind == "nan":
        x[3, 5] = np.nan
    elif kind == "normalised":
        x = np.log1p(x * 1.5)
    elif kind == "empty":
        return adata[:, :0].copy()
    adata.X = x
    return adata


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("negative", ["--label", "cell_type"], r"cell3.*gene5"),
        ("nan", ["--label", "cell_type"], r"cell3.*gene5"),
        ("normalised", ["--label", "cell_type"], "normalised"),
        ("empty", ["--label", "cell_type"], "empty|0 genes|no genes"),
        ("none", ["--label", "celltype"], "cell_type"),
        ("none", ["--abundance", "proteins"], "protein"),
        ("none", ["--label", "cell_type", "--group", "doner"], "donor"),
        ("none", ["--label", "cell_type", "--sizes", "100,9000"], "9,?000"),
        ("single", ["--label", "only"], "only .same."),
        ("few", ["--label", "cell_type"], "at least 50"),
        ("duplicate", ["--label", "cell_type"], "cell0"),
    ],
)
def test_bad_data_get_one_sentence_exit_3_and_nothing_written(kind, options, message, adata, tmp_path, capfd):
    import re

    if kind == "single":
        adata.obs["only"] = "same"
    if kind == "few":
        adata = adata[:90].copy()
    if kind == "duplicate":
        adata.obs_names = ["cell0", "cell0", *adata.obs_names[2:]]
    path = tmp_path / "cells.h5ad"
    adata = broken(kind, adata)
    adata.write_h5ad(path)
    capfd.readouterr()
    assert main(["run", str(path), *options, "--out", str(tmp_path / "out"), "--workers", "1"]) == 3
    said = capfd.readouterr().err.strip()
    assert re.search(message, said), said
    assert said.startswith("noiselaw: ")
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_h5ad(tmp_path, capsys):
    (tmp_path / "cells.h5ad").write_bytes(b"not hdf5 at all")
    assert main(["run", str(tmp_path / "cells.h5ad"), "--label", "x", "--out", str(tmp_path / "out")]) == 3
    assert "cells.h5ad" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "absent.h5ad"), "--label", "x", "--out", str(tmp_path / "out")]) == 3
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Say what to ask about"),
        (["--label", "cell_type", "--levels", "a,b"], "--levels is a count or values"),
        (["--label", "cell_type", "--levels", "0,1"], "0"),
        (["--label", "cell_type", "--sizes", "x"], "--sizes is a count"),
        (["--label", "cell_type", "--models", "pcs"], "Nearest: pca"),
        (["--label", "cell_type", "--missing-label", "typ1"], "occurs in none of cell_type. Nearest: type1"),
        (["--label", "cell_type", "--no-such-option"], "No such option"),
    ],
)
def test_a_command_that_cannot_be_meant_exits_2(options, message, h5ad, tmp_path, capsys):
    assert main(["run", str(h5ad), *options, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_misspelt_dataset_is_told_the_nearest(capsys):
    assert main(["run", "lary_in_vitro", "--clonal", "clone"]) == 2
    assert "no file, folder or dataset 'lary_in_vitro'. Nearest: larry_in_vitro" in capsys.readouterr().err


def test_failed_measurements_exit_4_and_say_where_to_look(h5ad, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--label", "cell_type", "--probe", "gaussian", "--out", str(out), *QUICK]
    assert main(["run", str(h5ad), *options]) == 4
    assert f"Next: noiselaw status {out}" in capsys.readouterr().out
    assert main(["status", str(out)]) == 0
    assert "failed × 4" in capsys.readouterr().out


def test_counts_and_values_are_told_apart():
    assert _levels("10") == 10
    assert _levels("0.01,0.1,1") == [0.01, 0.1, 1.0]
    assert _levels("0.5") == [0.5]
    assert _sizes("5") == 5
    assert _sizes("500") == [500]
    assert _sizes("200,1000") == [200, 1000]


@pytest.mark.filterwarnings("ignore::UserWarning")  # what the writers of the files say about their formats
@pytest.mark.parametrize("ending", ["h5mu", "zarr"])
def test_other_files_of_cells_are_measured_alike(ending, adata, h5ad, tmp_path):
    import mudata

    path = tmp_path / f"cells.{ending}"
    if ending == "zarr":
        adata.write_zarr(path)
        abundance = "protein"
    else:
        import anndata

        protein = anndata.AnnData(adata.obsm["protein"].to_numpy(), obs=adata.obs[[]], var=adata.obsm["protein"].T[[]])
        mudata.MuData({"rna": adata, "prot": protein}).write_h5mu(path)
        abundance = "prot"
    options = ["--name", "same", *QUICK]
    both = [["--label", "cell_type", "--abundance", "protein"], ["--label", "cell_type", "--abundance", abundance]]
    for source, asked, out in zip((h5ad, path), both, ("one", "two"), strict=True):
        assert main(["run", str(source), *asked, *options, "--out", str(tmp_path / out)]) == 0
    one, two = (pd.read_csv(tmp_path / out / "measurements.csv").sort_values(["u", "bits"]) for out in ("one", "two"))
    assert set(one["u"]) == set(two["u"])
    np.testing.assert_allclose(np.sort(one["bits"]), np.sort(two["bits"]), atol=0.3)


def test_a_dataset_by_name(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", "pbmc68k_reduced", "--label", "bulk_labels", "--out", str(out), *QUICK]) == 0
    assert (pd.read_csv(out / "measurements.csv")["dataset"] == "pbmc68k_reduced").all()


@pytest.fixture
def vizgen(tmp_path):
    """A small section as Vizgen publishes it: two tables in a folder."""
    folder, rng = tmp_path / "vizgen", np.random.default_rng(0)
    folder.mkdir()
    names = [str(110883424764611924400221639916314253469 + j) for j in range(300)]
    columns = [*(f"g{j}" for j in range(20)), "Blank-0"]
    pd.DataFrame(rng.poisson(9, (300, 21)), names, columns).to_csv(folder / "cell_by_gene_S1R1.csv")
    pd.DataFrame(rng.random((300, 2)), names, ["center_x", "center_y"]).to_csv(folder / "cell_metadata_S1R1.csv")
    return folder


def test_a_dataset_that_lies_in_a_folder(vizgen, tmp_path, capsys):
    asked = ["--spatial", "spatial", "--k", "3", "--held-out", "0.4", "--models", "pca", "--probe", "gaussian"]
    few = ["--levels", "1", "--sizes", "1", "--seeds", "1", "--workers", "1", "--out", str(tmp_path / "out")]
    assert main(["run", "merfish_mouse_brain", "--folder", str(vizgen), *asked, *few]) == 0
    assert "merfish_mouse_brain: 300 cells × 21 genes (counts" in capsys.readouterr().err
    study = Study.read(tmp_path / "out" / "study.toml")
    assert study.data.folder == str(vizgen)
    assert study.signals[0].k == 3


def test_a_study_file_takes_the_folder_from_where_it_lies(vizgen, tmp_path):
    text = '[data]\ndataset = "merfish_mouse_brain"\nfolder = "vizgen"\n[[signals]]\nkind = "spatial"\n'
    (tmp_path / "study.toml").write_text(text)
    study = Study.read(tmp_path / "study.toml")
    assert len(study.data.load().names) == 300
    assert Study.from_toml(study.to_toml()).data == study.data


@pytest.fixture
def tissue_file(adata, tmp_path):
    """Cells with clones at two times, and positions."""
    n, rng = adata.n_obs, np.random.default_rng(3)
    adata.obs["clone"] = [f"clone{i // 2}" for i in range(n)]
    adata.obs["day"] = [2 if i % 2 else 6 for i in range(n)]
    adata.obs["unique"] = [f"cell{i}" for i in range(n)]
    adata.obs["mostly"] = ["ungrouped" if 180 <= i else f"clone{i // 2}" for i in range(n)]
    adata.obs["slice"] = [f"slice{i % 2}" for i in range(n)]
    adata.obsm["spatial"] = rng.random((n, 2)).astype(np.float32)
    adata.obsm["holes"] = adata.obsm["spatial"].copy()
    adata.obsm["holes"][7, 1] = np.nan
    adata.write_h5ad(tmp_path / "tissue.h5ad")
    return tmp_path / "tissue.h5ad"


CLONAL = ["--clonal", "clone", "--time", "day", "--early", "2", "--late", "6"]


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ([*CLONAL, "--held-out", "0.5"], {"clonal"}),
        ([*CLONAL, "--target", "both"], {"clonal", "clonal_profile"}),
        (["--clonal", "mostly", "--missing-clone", "ungrouped", "--held-out", "0.8"], {"clonal"}),
        (["--spatial", "spatial", "--section", "slice", "--target", "profile"], {"spatial_profile"}),
    ],
)
def test_relatives_and_neighbours_are_asked_about(tissue_file, tmp_path, flags, names):
    out = tmp_path / "out"
    options = ["--models", "pca", "--probe", "gaussian", "--levels", "1", "--sizes", "1", "--seeds", "1"]
    assert main(["run", str(tissue_file), *flags, *options, "--workers", "1", "--out", str(out)]) == 0
    assert set(pd.read_csv(out / "measurements.csv")["signal"]) == names
    assert {signal.name for signal in Study.read(out / "study.toml").signals} == names


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        ([*CLONAL[:-1], "7"], 3, "No cell has the late time point '7'; column 'day' has '2', '6'."),
        (CLONAL[:4], 3, "Relatives at two times need early = [...]; column 'day' has '2', '6'."),
        (["--clonal", "barcode"], 3, "no column 'barcode' to take clones from"),
        (["--spatial", "spatail"], 3, "Nearest: spatial"),
        (["--spatial", "spatial", "--section", "clone"], 3, "5 nearest cells need at least 6 cells; section 'clone"),
        (["--section", "slice"], 2, "--section says more about --spatial"),
        (["--k", "3"], 2, "--k says more about --spatial"),
        (["--spatial", "spatial", "--k", "0"], 2, "k must be a whole number, at least 1; got 0"),
        (["--label", "cell_type", "--folder", "there"], 2, "--folder is for datasets known by name"),
        (["--label", "cell_type", "--target", "both"], 2, "--target says more about --clonal or --spatial"),
        (["--spatial", "spatial", "--target", "cell"], 2, "'embedding' or 'profile'"),
        ([*CLONAL, "--held-out", "0.1"], 3, "hold out more"),
        (["--clonal", "unique"], 3, "column 'unique' has"),
        (["--clonal", "mostly"], 3, "If that means none, pass missing = ['ungrouped'] (--missing-clone)"),
        (["--clonal", "mostly", "--missing-clone", "ungroupd"], 3, "pass missing = ['ungrouped']"),
        ([*CLONAL, "--missing-clone", "non"], 2, "--missing-clone 'non' occurs nowhere in clone. Nearest: clone"),
        (["--spatial", "spatial", "--missing-clone", "none"], 2, "--missing-clone says more about --clonal"),
        (["--spatial", "holes"], 3, "1 of 400 cells have NaN or infinite coordinates in matrix 'holes'"),
    ],
)
def test_relatives_and_neighbours_that_are_not_there_get_one_sentence(
    flags, code, message, tissue_file, tmp_path, capsys
):
    assert main(["run", str(tissue_file), *flags, "--out", str(tmp_path / "out")]) == code
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
