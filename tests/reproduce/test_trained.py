import numpy as np
import pytest

from noiselaw import simulate
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
def test_four_sizes_of_txformer(work):
    result = perform(TARGETS["figure-8"], work).result
    assert len(result.rows) == 4 and len(result.checks) == 5


@pytest.mark.slow
def test_loss_against_probe_over_checkpoints(work):
    result = perform(TARGETS["figure-13"], work).result
    assert len(result.rows) >= 2 and np.isfinite(result.rows[["loss", "bits"]].to_numpy(float)).all()
    assert result.rows["steps"].is_monotonic_increasing
