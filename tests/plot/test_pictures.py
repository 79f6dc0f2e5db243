"""The other pictures of the paper, each from arrays or fits, and how pictures are saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from noiselaw import plot
from noiselaw.errors import InputError, UsageError
from noiselaw.fit import fit_groups
from noiselaw.laws import LAWS


@pytest.fixture(scope="module")
def table(made_up):
    return made_up(signals=("protein",), sizes=4, seeds=2, noise=0.005)


@pytest.fixture(scope="module")
def noise(table):
    return fit_groups(plot.largest_size(table), "noise", by=["representation"])


def test_the_collapse_puts_every_point_on_one_curve(table, noise):
    ax = plot.collapse(table, noise)
    for container in ax.containers:
        z, below = container.lines[0].get_data()
        np.testing.assert_allclose(below, -0.5 * np.log2(1 + 1 / z), atol=0.05)


def test_the_collapse_leaves_out_what_is_not_determined_and_says_so(table, noise):
    doubtful = {key: replace(fit, status="linear_regime") if "pca" in key else fit for key, fit in noise.items()}
    ax = plot.collapse(table, doubtful)
    assert len(ax.containers) == 1
    assert ax.get_title(loc="left") == "left out, not determined: pca"
    assert plot.collapse(table, {}).texts[0].get_text() == "no curve is determined well enough to be rescaled"


def test_the_heat_map_prints_every_rate_and_marks_the_unknown():
    rates = pd.DataFrame(
        {"representation": ["pca", "pca", "vae", "vae"], "u": [80.0, 8000.0] * 2, "rate": [0.02, 0.3, np.nan, -0.01]}
    )
    ax = plot.information_rates(rates)
    assert [text.get_text() for text in ax.texts] == ["0.02", "0.30", "?", "−0.01"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["80", "8,000"]
    with pytest.raises(InputError, match="needs the column 'rate'"):
        plot.information_rates(rates.drop(columns="rate"))


def test_the_joint_surface_marks_what_was_measured_and_the_best():
    u, n = np.geomspace(10, 1e4, 12), np.geomspace(100, 1e5, 10)
    bits = np.log10(u)[None] + 0.1 * np.log10(n)[:, None]
    bits[0, 0] = np.nan
    cost = n[:, None] * (1 + u[None] / 1e3)
    ax = plot.joint_surface(u, n, bits, measured=(u[:3], n[:3]), cost=cost, best=(1e3, 1e4))
    ax.figure.canvas.draw()
    assert ax.get_xlabel() == "UMI per cell"
    assert ax.get_yscale() == "log"
    assert any("cost" in text.get_text() for text in ax.texts)
    assert any("bits" in text.get_text() for text in ax.texts)


def test_the_budget_curve_marks_the_best_and_what_is_nearly_as_good():
    cells = np.geomspace(100, 1e5, 30)
    bits = 2 - 0.1 * np.log10(cells / 5e3) ** 2
    ax = plot.budget_curve(cells, bits, bits - 0.1, bits + 0.1, best=5000.0, nearly=(2000.0, 12000.0))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["within 5 % of the best", "best: 5,000 cells"]


def test_plateaus_against_depth_are_hollow_where_they_are_not_determined(table):
    fits = {}
    for name, own in table.groupby("representation"):
        by_level = {level: rows["u"].mean() for level, rows in own.groupby("level")}
        found = fit_groups(own, "size", by=["level"])
        fits[str(name)] = {by_level[level]: fit for (level,), fit in found.items()}
    ax = plot.asymptotes(fits)
    ax.figure.canvas.draw()
    assert ax.get_ylabel() == "bits with unlimited cells, I_inf"
    assert plot.asymptotes({}).texts[0].get_text() == "there is no size law to show"


@pytest.mark.parametrize("unit", ["1/variance", "1/f", "kept/lost pixels"])
def test_pictures_speak_of_observations_where_no_molecules_are_counted(unit, table):
    u, n = np.geomspace(10, 1e4, 12), np.geomspace(100, 1e5, 10)
    bits = np.log10(u)[None] + 0.1 * np.log10(n)[:, None]
    rates = pd.DataFrame({"representation": ["a", "a"], "u": [1.0, 2.0], "rate": [0.1, 0.2]})
    fits = {"a": {1.0: next(iter(fit_groups(table, "size", by=["level"]).values()))}}
    pictures = [
        plot.joint_surface(u, n, bits, unit=unit),
        plot.budget_curve(n, bits[:, 0], bits[:, 0], bits[:, 0], best=1e3, unit=unit),
        plot.asymptotes(fits, unit=unit),
        plot.information_rates(rates, unit=unit),
    ]
    said = " ".join(text.get_text() for ax in pictures for text in ax.figure.findobj(Text))
    assert said.count("observations") == 5
    assert "cells" not in said and "depth" not in said and "UMI" not in said


CURVES = [name for name in LAWS.names() if len(LAWS.get(name).variables) == 1]
SURFACES = [name for name in LAWS.names() if LAWS.get(name).variables == ("u", "N")]


@pytest.mark.parametrize("law", CURVES)
def test_every_law_of_one_variable_is_drawn_without_a_warning(table, law):
    of_depth = LAWS.get(law).variables == ("u",)
    rows = plot.largest_size(table) if of_depth else plot.top_level(table)
    draw = plot.noise_curves if of_depth else plot.size_curves
    draw(rows, fit_groups(rows, law, by=["representation"])).figure.canvas.draw()


@pytest.mark.parametrize("name", SURFACES)
def test_every_joint_law_is_drawn_without_a_warning(table, name):
    law = LAWS.build(name)
    own = table[table["representation"] == "pca"]
    theta = np.asarray(law.starts(own["bits"].to_numpy(), own["u"].to_numpy(), own["n_train"].to_numpy(float))[0])
    u, n = np.geomspace(10, 1e5, 12), np.geomspace(200, 1e5, 10)
    bits = law(theta[:, None, None], *np.meshgrid(u, n))
    plot.joint_surface(u, n, bits, measured=(own["u"], own["n_train"])).figure.canvas.draw()


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_picture_is_saved_the_same_each_time(table, noise, tmp_path, ending):
    ax = plot.noise_curves(table, noise)
    first, second = (plot.save(ax, tmp_path / f"{i}.{ending}").read_bytes() for i in range(2))
    assert first == second
    if ending == "svg":
        assert b">bits kept about protein</text>" in first


def test_other_endings_are_refused(table, tmp_path):
    with pytest.raises(UsageError, match=r"saved as .svg, .pdf or .png; got 'a.gif'"):
        plot.save(plot.noise_curves(table), tmp_path / "a.gif")


#: What eyes without one kind of cone see of linear red, green and blue (Machado, Oliveira and Fernandes 2009).
EYES = {
    "all cones": np.eye(3),
    "no long": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no middle": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no short": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, eye):
    """Return a colour as an eye sees it, in CIE L*a*b*, where 2.3 is just noticed."""
    from matplotlib.colors import to_rgb

    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(EYES[eye]) @ linear, 0.0, 1.0)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", EYES)
def test_every_kind_of_colour_vision_tells_the_colours_apart(eye):
    seen = [lab(colour, eye) for colour in plot.PALETTE]
    apart = min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])
    assert apart > 10.0
    drawn = plot.looks(["pca", "random_projection", "vae", "txformer", "mine", "theirs"]).values()
    assert len({look.marker for look in drawn}) == 6  # nor does colour alone carry the meaning


def test_known_representations_keep_their_colour():
    alone, together = plot.looks(["pca"]), plot.looks(["mine", "pca", "random_projection"])
    assert alone["pca"] == together["pca"]
    assert len({look.colour for look in together.values()}) == 3
