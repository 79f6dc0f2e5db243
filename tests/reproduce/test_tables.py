import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.reproduce import TARGETS, reproduce
from noiselaw.reproduce.published import DASH, PRINTED, agreement


@pytest.fixture(scope="module")
def source(published):
    return published("PBMC_CITEseq_scaling.csv").parent


@pytest.fixture(scope="module")
def tables(source):
    return pd.concat([reproduce(number, source) for number in PRINTED], ignore_index=True)


def test_61_of_62_printed_numbers_and_all_ten_dashes(tables):
    counts = tables["agreement"].value_counts()
    assert counts.to_dict() == {"same": 58, "truncated": 3, "dash": 10, "different": 1}
    (other,) = tables[tables["agreement"] == "different"].to_dict("records")
    assert (other["target"], other["model"], other["signal"]) == ("table-3", "Txformer", "Spatial")
    assert other["paper"] == pytest.approx(0.367, abs=5e-4)


def test_sound_fits_call_the_ceiling_of_the_formula_by_its_name(tables):
    chosen = tables[(tables["target"] == "table-2") & (tables["signal"] == "Spatial")].set_index("model")
    for model in ("VAE", "PCA"):
        assert chosen.loc[model, "agreement"] == "same"
        assert chosen.loc[model, "status"] == "linear_regime"
        assert "the formula's ceiling" in chosen.loc[model, "reason"]
    assert "ceiling" not in chosen.loc["Txformer", "reason"]


def test_a_dash_is_unknown_on_one_side_at_least(tables):
    dashes = tables[(tables["printed"] == DASH) & (tables["target"] != "table-2")]
    assert np.isinf(dashes["high"]).all() and dashes["recommended"].isna().all()


def test_figure_4(source):
    rates = reproduce("figure-4", source)
    ratios = rates.groupby(["cells", "model", "signal"])["ratio"].first()
    assert ratios["published"].mean() == pytest.approx(1.793, abs=5e-4)
    assert ratios["published"].max() == pytest.approx(3.260, abs=5e-4)
    assert ratios["corrected"].mean() == pytest.approx(1.794, abs=5e-4)


def test_figure_5(source):
    fits = reproduce("figure-5", source)
    assert len(fits) == 12 and set(fits["status"]) == {"ok", "above_ceiling"}
    beyond = fits[fits["status"] == "above_ceiling"]
    assert (beyond["I_max_low"] > beyond["ceiling"]).all() and set(beyond["noise"]) == {"pixelation"}
    whole = fits[(fits["noise"] == "Gaussian noise") & (fits["problem"] == "all")].iloc[0]
    assert whole["I_max_paper"] == pytest.approx(2.149, abs=1e-3)
    assert whole["I_max_low"] < whole["I_max"] < whole["I_max_high"]


def test_how_a_number_stands_to_the_printed_one():
    assert agreement("0.38", 0.367, False) == "different"
    assert agreement("2.579", 2.5797, False) == "truncated"
    assert agreement("2.17", 2.166, False) == "same"
    assert agreement(DASH, np.nan, True) == "dash"
    assert agreement("1.0", 1.0, True) == "different"


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UsageError, match="no target 'table-6'. Nearest: table-5"):
        reproduce("table-6", tmp_path)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match=r"none of the published measurements. Expected LARRY.*; found notes.txt"):
        reproduce("table-1", tmp_path)
    (tmp_path / "MERFISH_scaling.csv").write_text("")
    with pytest.raises(InputError, match="has no file 'LARRY_scaling.csv', only MERFISH_scaling.csv of the published"):
        reproduce("table-1", tmp_path)
    with pytest.raises(UsageError, match="figure-6 cannot be made from this source. Training curves are not"):
        reproduce("figure-6", tmp_path)
    with pytest.raises(InputError, match="There is no folder"):
        reproduce("table-1", tmp_path / "absent")
    assert set(PRINTED) < set(TARGETS)
