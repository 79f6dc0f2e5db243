import numpy as np
import pandas as pd
import pytest

from noiselaw import simulate
from noiselaw.reproduce import TARGETS, Workplace, perform, reproduce
from noiselaw.reproduce.collapse import figure_3a
from noiselaw.reproduce.grid import Grid
from noiselaw.reproduce.images import published_problems
from noiselaw.reproduce.measured import as_rows, problems
from noiselaw.reproduce.studies import GRIDS, found, study, text_of
from noiselaw.reproduce.target import Absent
from noiselaw.sweep import Study


@pytest.fixture(scope="module")
def pbmc(tmp_path_factory):
    """Simulated cells under the name of the reduced PBMC."""
    folder = tmp_path_factory.mktemp("data")
    drawn = simulate.Cells(n_cells=500, n_genes=120, n_types=4, n_proteins=4, depth=600.0).draw()
    simulate.write_h5ad(drawn, folder / GRIDS[2].file)
    return folder


@pytest.mark.parametrize("name", sorted({name for source in GRIDS for name in (source.reduced, source.full)}))
def test_every_study_says_what_it_is_and_can_be_read(name, tmp_path):
    assert text_of(name).startswith("# ")
    assert isinstance(Study.from_toml(text_of(name), tmp_path), Study)


@pytest.mark.parametrize("name", ["ranks", "curves_txformer", "curves_vae", "images_noise", "foundation"])
def test_other_studies_can_be_read_too(name, tmp_path):
    assert isinstance(Study.from_toml(text_of(name), tmp_path), Study)


def test_what_is_there_decides_which_study_is_run(pbmc, tmp_path):
    empty = Workplace(tmp_path, tmp_path / "out")
    assert [found(source, Workplace(pbmc, tmp_path)) for source in GRIDS][2] in ("pbmc", "pbmc_full")
    with pytest.raises(Absent, match=r"has no citeseq_pbmc10k_hvg4000.h5ad; found nothing. Pass --data"):
        study("pbmc", empty)
    outcome = perform(TARGETS["figure-10"], empty, lenient=True)
    assert outcome.verdict == "not possible" and "has no citeseq" in outcome.result


def test_counts_and_ranks_are_measured_again(pbmc, tmp_path):
    rows = reproduce("figure-12", Workplace(pbmc, tmp_path / "out"))
    assert rows.groupby("model")["u"].count().to_dict() == {"Random projection": 5, "Rank random projection": 5}
    assert np.isfinite(rows["bits"]).all()
    again = perform(TARGETS["figure-12"], Workplace(pbmc, tmp_path / "out"))
    pd.testing.assert_frame_equal(again.result.rows, rows)


def test_ranks_beside_counts(pbmc, tmp_path):
    result = perform(TARGETS["figure-11"], Workplace(pbmc, tmp_path)).result
    assert result.rows["gene"].nunique() == 9 and len(result.checks) == 9
    assert (result.rows["rank"] >= 1).all() and (result.rows["count"] >= 1).all()


@pytest.mark.slow
def test_tiling_is_measured_again(pbmc, tmp_path):
    rows = reproduce("figure-10", Workplace(pbmc, tmp_path))
    assert rows["dimensions"].to_list() == [16 * times for times in range(1, 10)]


@pytest.mark.slow
def test_a_grid_is_measured_again_and_called_other_data(pbmc, tmp_path):
    work = Workplace(pbmc, tmp_path / "out")
    outcome = perform(TARGETS["table-3"], work)
    assert outcome.verdict == "drawn from other data"
    assert {check.standing for check in outcome.result.checks} == {"elsewhere"}
    assert set(outcome.result.rows["agreement"]) == {"elsewhere"}
    assert any("Not measured: clonal_larry" in remark for remark in outcome.result.remarks)
    assert perform(TARGETS["figure-1b"], work).result.rows["model"].nunique() == 2


def test_measurements_become_rows_of_a_grid(made_up):
    table = made_up(signals=("Protein", "Cell type"), seeds=2, levels=6)
    table.loc[0, "bits"] = np.nan
    grid = Grid(as_rows(table), paper=False)
    assert len(grid.rows) == len(table) - 1 and grid.signals == ["Protein", "Cell type"]
    curve = grid.largest("Protein", "PCA")
    assert len(curve.x) == 6 and (np.diff(curve.x) > 0).all()
    assert len(list(grid.size_curves("Protein", "Rand. Proj."))) == 6
    assert grid.largest("Spatial", "PCA") is None


def test_images_measured_again_are_the_published_problems(made_measurements):
    published = [one for one in published_problems(made_measurements) if one.noise == "pixelation"]
    names = {"0": "Faces", "1": "Faces_easy", "3": "Motorbikes", "5": "airplanes", "94": "watch"}
    table = pd.concat(
        pd.DataFrame(
            {
                "signal": f"{names[one.name]} against all" if one.name in names else "all classes",
                "u": one.u,
                "bits": one.bits,
                "ceiling_bits": one.ceiling,
            }
        )
        for one in published
    )
    found = problems(table, "pixelation")
    assert [one.name for one in found] == [one.name for one in published]


def test_a_collapse_without_a_determined_curve_says_so():
    rows = pd.DataFrame(
        {"signal": "Clonal", "model": "PCA", "level": (level := np.array([0.01, 0.03, 0.1, 0.3, 1.0]))}
        | {"u": 100 * level, "n_train": 300.0, "bits": [0.0, 0.02, -0.01, 0.03, 0.5]}
    )
    result = figure_3a(Grid(rows, paper=False))
    assert result.rows.empty and not result.checks
    assert "Left out" in result.remarks[0]
