from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from noiselaw import simulate
from noiselaw.errors import InputError
from noiselaw.reproduce import TARGETS, Workplace, perform
from noiselaw.reproduce.studies import GRIDS, text_of

pytest.importorskip("torch")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Simulated cells under the name of the reduced PBMC, and trainings of a few steps."""
    drawn = simulate.Cells(n_cells=240, n_genes=60, n_types=3, n_proteins=3, depth=300.0).draw()
    simulate.write_h5ad(drawn, tmp_path / GRIDS[2].file)

    def short(name):
        text = text_of(name).replace("most_steps = 1000", "most_steps = 4").replace("[500, 5000]", "[60, 120]")
        return text.replace("max_tokens = 200", "max_tokens = 20")

    monkeypatch.setattr("noiselaw.reproduce.studies.text_of", short)
    return Workplace(tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_training_curves_are_read_from_the_fits(work):
    result = perform(TARGETS["figure-6"], work).result
    assert {"train_loss", "validation_loss"} & set(result.rows["curve"])
    assert result.rows.groupby(["level", "n_train"]).ngroups == 6
    assert all(np.isfinite(check.ours) for check in result.checks)


@pytest.mark.slow
def test_training_curves_of_vaes_are_read_from_the_fits(work):
    if find_spec("scvi") is None:
        pytest.skip("scvi-tools is not installed")
    result = perform(TARGETS["figure-7"], work).result
    assert result.rows["curve"].str.contains("loss").any()
    assert result.rows.groupby(["level", "n_train"]).ngroups == 6
    assert all(np.isfinite(check.ours) for check in result.checks)


def test_baselines_are_measured_where_no_weights_are(work):
    result = perform(TARGETS["figure-9"], work).result
    assert set(result.rows["model"]) == {
        "Random projection",
        "Rank random projection",
        "Random projection, 128 dims",
        "Rank random projection, 128 dims",
        "PCA",
    }
    assert [remark.split(" is left out")[0] for remark in result.remarks if "is left out" in remark] == [
        "Geneformer",
        "scGPT",
    ]
    assert result.verdict == "baselines only: 1 of 1 hold" or result.verdict == "baselines only: 0 of 1 hold"
    assert not any("Geneformer" in check.what or "scGPT" in check.what for check in result.checks)


def test_weights_that_are_no_weights_are_not_passed_over(work):
    (work.data / "weights" / "scgpt").mkdir(parents=True)
    with pytest.raises(InputError, match="args.json"):
        perform(TARGETS["figure-9"], work)


@pytest.mark.slow
def test_four_sizes_of_txformer_at_two_layers(work, monkeypatch):
    monkeypatch.setattr("noiselaw.reproduce.trained._STEPS", 4)
    first = perform(TARGETS["figure-8"], work)
    result = first.result
    assert len(result.rows) == 8 and len(result.checks) == 10
    assert result.rows["size"].nunique() == 4 and set(result.rows["layer"]) == {"Last", "Second to last"}
    assert np.isfinite(result.rows["bits"]).all() and first.measuring > 0
    monkeypatch.setattr("noiselaw.represent.Txformer._fit", None)  # what was trained is not trained again
    again = perform(TARGETS["figure-8"], work)
    pd.testing.assert_frame_equal(again.result.rows, result.rows)
    assert not list((work.out / "sizes_txformer").glob(".*"))


@pytest.mark.slow
def test_loss_against_probe_over_checkpoints(work):
    result = perform(TARGETS["figure-13"], work).result
    assert len(result.rows) >= 2 and np.isfinite(result.rows[["loss", "bits"]].to_numpy(float)).all()
    assert result.rows["steps"].is_monotonic_increasing
