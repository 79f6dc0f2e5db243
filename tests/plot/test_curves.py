"""Marks, laws, bands, ceilings and names: what is drawn, and what is left out because it is not known."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from noiselaw import plot
from noiselaw.errors import InputError, UsageError
from noiselaw.fit import STATUSES, fit_groups


@pytest.fixture(scope="module")
def table(made_up):
    return made_up(sizes=4, seeds=2)


@pytest.fixture(scope="module")
def cell_type(table):
    return table[table["signal"] == "cell_type"]


@pytest.fixture(scope="module")
def noise(cell_type):
    return fit_groups(plot.largest_size(cell_type), "noise", by=["representation"])


@pytest.fixture(scope="module")
def size(cell_type):
    return fit_groups(plot.top_level(cell_type), "size", by=["representation"])


def texts(ax):
    return [text.get_text() for text in ax.texts]


def laws(ax, colour):
    return [line for line in ax.lines if line.get_color() == colour and line.get_marker() == "None"]


def test_a_picture_names_its_axes_with_units_and_its_curves_beside_them(table, noise):
    ax = plot.noise_curves(table, noise, signal="cell_type")
    assert ax.get_xlabel() == "UMI per cell"
    assert ax.get_ylabel() == "bits kept about cell_type"
    assert ax.get_xscale() == "log"
    assert {"pca", "random_\nprojection", "extrapolated"} <= set(texts(ax))
    assert any("2.75 bits" in text for text in texts(ax))


def test_the_means_over_seeds_are_drawn_at_the_largest_size(cell_type):
    ax = plot.noise_curves(cell_type)
    own = cell_type[(cell_type["representation"] == "pca") & (cell_type["n_train"] == 7500)]
    drawn = ax.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, own.groupby("level")["bits"].mean().to_numpy())


def test_a_determined_law_is_solid_where_measured_and_dashed_beyond(table, noise):
    ax = plot.noise_curves(table, noise, signal="cell_type")
    inside, beyond = laws(ax, plot.PALETTE[0])
    assert inside.get_linestyle() == "-"
    assert beyond.get_linestyle() == "--"
    assert inside.get_xdata().max() == pytest.approx(beyond.get_xdata().min())
    assert beyond.get_xdata().max() == pytest.approx(10 * noise["pca",].x_range[1])


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_a_law_that_is_not_determined_is_dashed_and_ends_with_the_data(table, noise, status):
    fits = {key: replace(fit, status=status) for key, fit in noise.items()}
    ax = plot.noise_curves(table, fits, signal="cell_type")
    (only,) = laws(ax, plot.PALETTE[0])
    assert only.get_linestyle() == "--"
    assert only.get_xdata().max() == pytest.approx(noise["pca",].x_range[1])
    assert "extrapolated" not in texts(ax)


def test_a_fit_without_a_curve_leaves_the_marks(made_up):
    table = made_up(signals=("cell_type",), levels=2, sizes=1, seeds=1)
    ax = plot.noise_curves(table, fit_groups(table, "noise", by=["representation"]))
    assert not laws(ax, plot.PALETTE[0])
    assert len(ax.containers) == 2


def test_size_curves_show_the_least_noise(table, size):
    ax = plot.size_curves(table, size, signal="cell_type")
    assert ax.get_xlabel() == "training cells"
    assert sorted(ax.containers[0].lines[0].get_xdata()) == [200, 669, 2241, 7500]


def test_the_truth_is_dotted_and_named(table):
    truth = pd.DataFrame({"signal": "cell_type", "level": [0.01, 1.0], "u": [80.0, 8000.0], "bits": [1.5, 2.6]})
    ax = plot.noise_curves(table, signal="cell_type", truth=truth)
    assert ":" in {line.get_linestyle() for line in ax.lines}
    assert "truth" in texts(ax)
    without = plot.noise_curves(table, signal="protein", truth=truth)
    assert "truth" not in texts(without)


def test_the_ceiling_can_be_left_out(table):
    assert not [t for t in texts(plot.noise_curves(table, signal="cell_type", ceiling=False)) if "ceiling" in t]
    assert not [t for t in texts(plot.noise_curves(table, signal="protein")) if "ceiling" in t]


def test_what_is_drawn_goes_to_the_axes_given_and_no_setting_changes(table, noise):
    from matplotlib import pyplot as plt

    before = dict(mpl.rcParams)
    _, ax = plt.subplots()
    assert plot.noise_curves(table, noise, signal="cell_type", ax=ax) is ax
    assert dict(mpl.rcParams) == before


def test_a_table_without_a_number_says_so(cell_type):
    ax = plot.noise_curves(cell_type.assign(bits=np.nan))
    assert texts(ax) == ["nothing could be measured"]
    assert texts(plot.size_curves(cell_type.assign(n_train=pd.NA))) == ["nothing could be measured"]


def test_one_picture_shows_one_signal(table):
    with pytest.raises(UsageError, match=r"shows one signal; the table holds 2 \(cell_type, protein\). Pass signal="):
        plot.noise_curves(table)
    with pytest.raises(UsageError, match="There is no signal 'celltype' in the table. Nearest: cell_type"):
        plot.noise_curves(table, signal="celltype")
    with pytest.raises(InputError, match="needs the column 'bits'"):
        plot.noise_curves(table.drop(columns="bits"))


def test_fits_are_looked_up_by_representation(table):
    many = fit_groups(plot.largest_size(table), "noise", by=["signal", "representation"])
    with pytest.raises(UsageError, match="looked up by representation"):
        plot.noise_curves(table, many, signal="cell_type")


def test_an_unfinished_replicate_is_left_out_of_the_largest_size(cell_type):
    unfinished = cell_type[(cell_type["seed"] == 0) | (cell_type["n_train"] < 7500)]
    assert set(plot.largest_size(unfinished)["seed"]) == {0}
    assert set(plot.largest_size(unfinished)["n_train"]) == {7500}


def test_names_are_text_even_where_they_look_like_formulas(cell_type):
    ax = plot.noise_curves(cell_type.assign(signal="x^{$y", representation="$a_b"))
    ax.figure.canvas.draw()


def test_many_representations_stay_apart(made_up):
    names = [f"model {i}" for i in range(9)]
    ax = plot.noise_curves(made_up(signals=("cell_type",), representations=names, sizes=1, seeds=1, levels=5))
    looks = plot.looks(names)
    assert len(set(looks.values())) == 9
    heights = sorted(text.xy[1] for text in ax.texts if text.get_text().startswith("model"))
    assert np.diff(heights).min() > 0.02 * np.ptp(ax.get_ylim())


def test_a_law_that_could_not_be_laid_is_named_above_the_points():
    few = pd.DataFrame({"representation": "pca", "signal": "type", "u": 9.0, "n_train": [10.0, 100.0, 1000.0]})
    few["bits"] = [0.2, 0.5, 0.7]
    axes = plot.size_curves(few, fit_groups(few, "size", by=["representation"]))
    assert axes.get_title(loc="left") == "no law drawn, too few levels: pca"
    assert plot.size_curves(few).get_title(loc="left") == ""
