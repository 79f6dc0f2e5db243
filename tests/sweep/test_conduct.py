import json
import textwrap
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, StoreError, UsageError
from noiselaw.optional import mend_torchvision
from noiselaw.represent import PCA
from noiselaw.signals import Abundances, Labels
from noiselaw.sweep import Store, Study, collect, forecast, load, run, status_of
from noiselaw.sweep import condition as work
from noiselaw.sweep.forecast import is_quick
from noiselaw.table import COLUMNS, read_provenance, read_table


def study_of(cells, **options):
    defaults = {"levels": [0.05, 1.0], "sizes": [100, 300], "seeds": 1, "signals": [Labels("cell_type")]}
    return Study(data=cells, **{**defaults, **options})


@pytest.fixture
def counted(monkeypatch):
    """Count the pieces of work that are really done."""
    calls = []
    for name in ("_prepared", "_fit_sizes", "_fitter", "_estimates"):
        original = getattr(work, name)

        def counting(*args, original=original, name=name):
            calls.append(name)
            return original(*args)

        monkeypatch.setattr(work, name, counting)
    return calls


def test_a_study_becomes_a_typed_table_with_units_and_provenance(cells, tmp_path):
    table = run(study_of(cells, signals=[Labels("cell_type"), Abundances("protein")]), tmp_path / "study")
    assert list(table.columns) == [column.name for column in COLUMNS]
    assert len(table) == 2 * 2 * 2 * 2
    assert (table["status"] != "failed").all()
    full = table[table["level"] == 1.0]
    held_out = Store.open(tmp_path / "study")
    test = held_out.read("splits", next(iter(held_out.keys("splits")))).arrays["test"]
    assert full["u"].iloc[0] == pytest.approx(cells.observations[test].sum() / len(test))
    assert (table["u_unit"] == "UMI per cell").all()
    labels = table[table["signal"] == "cell_type"]
    assert (labels["ceiling_bits"] > 1.5).all()
    best = labels[(labels["level"] == 1.0) & (labels["representation"] == "pca") & (labels["n_train"] == 300)]
    assert best["bits"].iloc[0] > 1.0
    pd.testing.assert_frame_equal(read_table(tmp_path / "study/measurements.parquet"), table)
    provenance = read_provenance(tmp_path / "study/measurements.parquet")
    assert provenance["input"]["n_observations"] == 400
    assert "cell_type" in provenance["study"]
    assert len(pd.read_parquet(tmp_path / "study/timings.parquet")) == len(table)
    assert not list((tmp_path / "study/conditions").iterdir())  # freed: it can be made again


def test_without_a_folder_nothing_is_kept_and_the_numbers_are_the_same(cells, tmp_path):
    pd.testing.assert_frame_equal(run(study_of(cells)), run(study_of(cells), tmp_path / "s"))


def test_running_again_does_nothing_and_growing_does_only_what_is_new(cells, tmp_path, counted):
    first = run(study_of(cells), tmp_path / "s")
    counted.clear()
    again = run(study_of(cells), tmp_path / "s")
    assert not counted
    pd.testing.assert_frame_equal(first, again)
    run(study_of(cells, signals=[Labels("cell_type"), Abundances("protein")]), tmp_path / "s")
    assert set(counted) == {"_estimates"}  # embeddings are kept: a new signal needs no fit
    assert counted.count("_estimates") == 2
    counted.clear()
    grown = run(study_of(cells, levels=[0.05, 0.3, 1.0]), tmp_path / "s")
    assert counted.count("_prepared") == 1
    shared = grown[grown["level"] != 0.3].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, first)


def test_a_grown_study_has_the_numbers_of_one_that_was_whole_from_the_start(cells, tmp_path):
    run(study_of(cells, sizes=[100]), tmp_path / "grown")
    grown = run(study_of(cells), tmp_path / "grown")
    pd.testing.assert_frame_equal(grown, run(study_of(cells), tmp_path / "whole"))


@pytest.mark.slow
def test_the_table_does_not_depend_on_the_number_of_workers(cells, tmp_path):
    run(study_of(cells, seeds=2), tmp_path / "one", workers=1)
    run(study_of(cells, seeds=2), tmp_path / "two", workers=2)
    for name in ("measurements.csv", "measurements.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_fresh_subsets_and_genes_for_each_size(cells, tmp_path):
    options = {"subsets": "fresh", "preparation": {"kind": "cells", "genes": "each", "n_genes": 60}}
    table = run(study_of(cells, **options), tmp_path / "s")
    assert (table["status"] != "failed").all()
    assert len(table) == 8


MODELS = """
import os, signal
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent import RandomProjection

@dataclass(frozen=True)
class Diverges(Representation):
    takes: ClassVar[str] = "lognorm"
    def _fit(self, prepared, rng):
        if len(prepared) > 200:
            raise FloatingPointError("loss is NaN")
        return RandomProjection().fit(prepared, rng)

@dataclass(frozen=True)
class Poison(Representation):
    takes: ClassVar[str] = "lognorm"
    def _fit(self, prepared, rng):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Models of another package, which worker processes can import."""
    import importlib
    import sys

    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "other_models.py").write_text(textwrap.dedent(MODELS))
    monkeypatch.syspath_prepend(tmp_path / "path")
    yield importlib.import_module("other_models")
    sys.modules.pop("other_models", None)


def test_a_model_that_fails_is_a_row_with_its_reason(cells, tmp_path, models):
    table = run(study_of(cells, models=["pca", models.Diverges()]), tmp_path / "s")
    failed = table[table["status"] == "failed"]
    assert (failed["n_train"] == 300).all()
    assert (failed["representation"] == "Diverges").all()
    assert len(failed) == 2
    assert failed["bits"].isna().all()
    assert (failed["reason"] == "FloatingPointError: loss is NaN").all()
    assert (table.loc[table["representation"] == "pca", "status"] != "failed").all()
    status = status_of(Store.open(tmp_path / "s"))
    assert (status.done, status.failed, status.missing) == (8, 2, 0)


def test_failed_measurements_are_done_again_only_on_request(cells, tmp_path, models, counted, monkeypatch):
    study = study_of(cells, models=[models.Diverges()])
    run(study, tmp_path / "s")
    counted.clear()
    run(study, tmp_path / "s")
    assert not counted
    monkeypatch.setattr(
        models.Diverges, "_fit", lambda self, prepared, rng: models.RandomProjection().fit(prepared, rng)
    )
    mended = run(study, tmp_path / "s", retry_failed=True)
    assert (mended["status"] != "failed").all()


@pytest.mark.slow
def test_a_point_that_kills_its_worker_fails_alone(cells, tmp_path, models):
    study = study_of(cells, models=["pca", models.Poison()], levels=[1.0])
    table = run(study, tmp_path / "s", workers=2)
    poisoned = table["representation"] == "Poison"
    assert (table.loc[poisoned, "status"] == "failed").all()
    assert table.loc[poisoned, "reason"].str.contains("killed 3 times").all()
    assert (table.loc[~poisoned, "status"] != "failed").all()
    assert len(table) == 4


def test_a_probe_that_cannot_measure_is_a_failed_row(cells, tmp_path):
    table = run(study_of(cells, probes=["gaussian"]), tmp_path / "s")
    assert (table["status"] == "failed").all()
    assert table["reason"].str.len().min() > 20


def test_a_damaged_measurement_is_put_aside_and_done_again(cells, tmp_path):
    before = run(study_of(cells), tmp_path / "s")
    store = Store.open(tmp_path / "s")
    key = next(iter(store.keys("measurements")))
    (store.path("measurements", key) / "piece.json").write_bytes(b"")
    pd.testing.assert_frame_equal(run(study_of(cells), tmp_path / "s"), before)
    assert len(list((tmp_path / "s/quarantine").iterdir())) == 1


def test_other_data_in_the_same_folder_are_refused_with_both_hashes(cells, tmp_path):
    run(study_of(cells), tmp_path / "s")
    source = json.loads((tmp_path / "s/plan.json").read_text())["source"]
    counts = cells.observations.copy()
    counts.data[0] += 1
    with pytest.raises(StoreError, match=f"{source}.*run into a new folder"):
        run(study_of(replace(cells, observations=counts)), tmp_path / "s")


def test_bad_input_writes_nothing(cells, tmp_path):
    with pytest.raises(InputError, match="cell_type"):
        run(study_of(cells, signals=[Labels("cel_type")]), tmp_path / "s")
    assert not (tmp_path / "s").exists()
    few = replace(
        cells,
        observations=cells.observations[:60],
        names=cells.names[:60],
        annotations=cells.annotations.iloc[:60],
        matrices={},
    )
    with pytest.raises(InputError, match="at least 50"):
        run(study_of(few, sizes=[20]), tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_forecast_counts_what_is_left(cells, tmp_path):
    loaded = load(study_of(cells))
    before = forecast(loaded, None, workers=2)
    assert (before.conditions, before.fits, before.measurements, before.measurements_left) == (2, 8, 8, 8)
    assert before.seconds > 0
    run(study_of(cells), tmp_path / "s")
    after = forecast(loaded, Store.open(tmp_path / "s"), workers=2)
    assert (after.measurements_left, after.seconds) == (0, 0.0)


def test_a_run_forecasts_what_is_long_beside_its_calibration(cells):
    assert not is_quick(load(study_of(cells)), None)  # done as soon as forecast
    assert is_quick(load(study_of(cells, seeds=25, models=["pca"])), None)

    class Trained(PCA):
        accelerated = True  # trains, and cannot train briefly

    assert not is_quick(load(study_of(cells, seeds=25, models=[Trained()])), None)


@pytest.mark.slow
def test_a_calibration_that_kills_its_process_or_hangs_takes_nothing_with_it(cells, models):
    loaded = load(study_of(cells, models=[models.Poison()]))
    with pytest.raises(InputError, match="killed its process"):
        forecast(loaded, None, 1, limit=100)
    with pytest.raises(InputError, match=r"longer than 0\.001 s"):
        forecast(load(study_of(cells)), None, 1, limit=0.001)


def test_a_forecast_trains_for_a_few_rounds_only(cells, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from noiselaw.represent import txformer_training

    steps = []
    step = txformer_training._Course._step
    monkeypatch.setattr(txformer_training._Course, "_step", lambda self, rows: steps.append(1) or step(self, rows))
    small = {
        "layers": 1,
        "dims": 8,
        "heads": 2,
        "feed_forward": 8,
        "max_tokens": 8,
        "patience": 10_000,
        "device": "cpu",
    }
    brief, long = ({"kind": "txformer", "least_steps": n, "epochs": 1, **small} for n in (100, 100_000))
    seconds = [
        forecast(load(study_of(cells, models=[model], levels=[1.0], sizes=[200])), None, workers=1).seconds
        for model in (brief, long)
    ]
    assert len(steps) <= 2 * (4 + 4 + 12)
    assert seconds[1] > 20 * seconds[0] > 0


def test_a_forecast_says_nothing_of_what_cannot_be_trained(cells):
    mend_torchvision()
    pytest.importorskip("scvi")
    models = [{"kind": "scvi", "n_latent": 500, "device": "cpu"}, "pca"]
    assert forecast(load(study_of(cells, models=models, levels=[1.0], sizes=[200])), None, workers=1).seconds > 0


def test_collecting_before_any_run_says_so(tmp_path):
    store = Store.create(tmp_path / "s")
    with pytest.raises(StoreError, match="no run has been started"):
        collect(store)


def test_the_seed_redraws_everything(cells):
    table = run(study_of(cells, seeds=2, levels=[1.0], sizes=[300]))
    assert table.groupby("seed")["u"].first().nunique() == 2
    assert not np.isclose(*table.groupby("seed")["bits"].max())


def test_signals_with_equal_pairs_have_their_own_numbers_in_any_company(cells, tmp_path):
    twins = [Labels("cell_type", name="one"), Labels("cell_type", name="two")]
    together = run(study_of(cells, signals=twins), tmp_path / "together")
    run(study_of(cells, signals=twins[:1]), tmp_path / "later")
    pd.testing.assert_frame_equal(run(study_of(cells, signals=twins), tmp_path / "later"), together)


@pytest.mark.parametrize(
    "how", [{"workers": 0}, {"timeout": -1.0}, {"timeout": 5.0, "scheduler": "tcp://x:1"}, {"wrkers": 2}]
)
def test_an_execution_that_cannot_be_meant_writes_nothing(cells, tmp_path, how):
    with pytest.raises(UsageError):
        run(study_of(cells), tmp_path / "s", **how)
    assert not (tmp_path / "s").exists()


def test_an_ordinary_model_of_another_library_works(cells, tmp_path):
    from sklearn.decomposition import TruncatedSVD

    table = run(study_of(cells, models=["pca", TruncatedSVD(n_components=4)]), tmp_path / "s")
    assert (table["status"] != "failed").all()
    assert table["representation"].str.contains("TruncatedSVD").sum() == 4
    pd.testing.assert_frame_equal(
        run(study_of(cells, models=["pca", TruncatedSVD(n_components=4)]), tmp_path / "s"), table
    )


def test_counts_of_a_dataset_in_memory_are_checked(cells, tmp_path):
    halves = replace(cells, observations=cells.observations + cells.observations * 0.5)
    with pytest.raises(InputError, match="cell"):
        run(study_of(halves), tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_donors_stay_together_inside_the_probe_where_there_are_enough(cells, tmp_path):
    many = cells.annotations.assign(donor=[f"d{i % 60}" for i in range(400)])
    table = run(study_of(replace(cells, annotations=many), group="donor", models=["pca"], sizes=[250]), tmp_path / "s")
    facts = [json.loads(text)["estimate"] for text in table["diagnostics"]]
    assert {fact["n_groups"] for fact in facts} == {15}
