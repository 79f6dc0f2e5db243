"""Pictures against ones that were looked at; ``python tests/plot/test_images.py`` draws them anew, to be looked at."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from noiselaw import plot
from noiselaw.fit import fit_groups

LOOKED_AT = Path(__file__).parent / "looked_at"
#: Root mean square of the difference in grey levels: one mark that moves by its own size makes 2.5, a line left out 20.
TOLERANCE = 2.0


def measurements():
    rng = np.random.default_rng(0)
    rows = [
        {
            "signal": "protein", "level": level, "u": 8000.0 * level, "u_unit": "UMI per cell", "n_train": size,
            "representation": model, "seed": seed, "ceiling_bits": 3.0,
            "bits": 0.5 * np.log2(1 + (4**top - 1) * level / (level + half)) - (size / 40.0) ** -0.8
            + 0.02 * rng.standard_normal(),
        }
        for model, top, half in (("pca", 2.4, 0.04), ("vae", 2.8, 0.08))
        for level in np.logspace(-3, 0, 8)
        for size in (200, 600, 2000, 7500)
        for seed in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def noise_curves():
    table = measurements()
    fits = fit_groups(plot.largest_size(table), "noise", by=["representation"])
    return plot.noise_curves(
        table, fits, truth=pd.DataFrame({"signal": "protein", "u": [8.0, 800.0, 8000.0], "bits": [0.7, 2.4, 2.9]})
    )


def size_curves():
    table = measurements()
    return plot.size_curves(table, fit_groups(plot.top_level(table), "size", by=["representation"]))


def collapse():
    table = measurements()
    return plot.collapse(table, fit_groups(plot.largest_size(table), "noise", by=["representation"]))


def asymptotes():
    table = measurements()
    return plot.asymptotes(
        {
            str(name): {float(u): fit for (u,), fit in fit_groups(own, "size", by=["u"]).items()}
            for name, own in table.groupby("representation")
        }
    )


def information_rates():
    u = [8.0, 80.0, 800.0, 8000.0]
    rates = [0.02, 0.08, 0.21, 0.3, -0.01, 0.05, np.nan, 0.44]
    return plot.information_rates(
        pd.DataFrame({"representation": ["pca"] * 4 + ["vae"] * 4, "u": u * 2, "rate": rates})
    )


def joint_surface():
    u, n = np.geomspace(10, 1e4, 24), np.geomspace(100, 1e5, 20)
    bits = np.log10(u)[None] * (1 - (n[:, None] / 50.0) ** -0.7)
    return plot.joint_surface(
        u, n, bits, measured=(u[::6], n[:4]), cost=n[:, None] * (1 + u[None] / 1e3), best=(1e3, 1e4)
    )


def budget_curve():
    cells = np.geomspace(100, 1e5, 30)
    bits = 2 - 0.1 * np.log10(cells / 5e3) ** 2
    return plot.budget_curve(cells, bits, bits - 0.1, bits + 0.1, best=5000.0, nearly=(2000.0, 12000.0))


def named_curves():
    """A law that is determined, one that is not (dashed), and points that are joined."""
    table = plot.largest_size(measurements())
    laws = fit_groups(table, "noise", by=["representation"])
    mean = table.groupby(["representation", "u"], as_index=False)["bits"].mean()
    drawn = []
    for name, look in plot.looks(["pca", "vae"]).items():
        own, fit = mean[mean["representation"] == name], laws[name,]
        fit = fit if name == "pca" else replace(fit, status="linear_regime")
        drawn.append(plot.NamedCurve(name, own["u"].to_numpy(), own["bits"].to_numpy(), look, fit))
    u = np.geomspace(8.0, 8000.0, 6)
    grey = replace(plot.looks(["mine"])["mine"], colour="#5b6673")
    drawn.append(plot.NamedCurve("joined, no law", u, 0.2 + 0.3 * np.log10(u), grey, joined=True))
    return plot.named_curves(drawn, x_label="UMI per cell", y_label="bits kept about protein")


def shades():
    """Ten training sizes, from dark to light, named beside the Axes."""
    u = np.geomspace(8.0, 8000.0, 12)
    family = [
        plot.NamedCurve(f"{100 * 2**i:,}", u, np.log10(u) * (1 - 0.7 ** (i + 1)), look, joined=True)
        for i, look in enumerate(plot.shades(10))
    ]
    return plot.named_curves(family, x_label="UMI per cell")


PICTURES = [
    noise_curves,
    size_curves,
    collapse,
    asymptotes,
    information_rates,
    joint_surface,
    budget_curve,
    named_curves,
    shades,
]


@contextmanager
def one_font():
    """Let Matplotlib see the font that it brings itself and no other, so that every machine draws the same."""
    from matplotlib import font_manager

    known = font_manager.fontManager
    every = known.ttflist
    known.ttflist = [font for font in every if font.name == "DejaVu Sans"]
    known._findfont_cached.cache_clear()
    try:
        yield
    finally:
        known.ttflist = every
        known._findfont_cached.cache_clear()


def drawn(picture, path):
    with one_font(), plot.style():
        ax = picture()
        ax.figure.savefig(path, dpi=60, facecolor="white", metadata={"Software": None})
    return path


def test_every_picture_has_been_looked_at():
    no_pictures = {"largest_size", "top_level", "looks", "save", "style"}
    drawing = {name for name in plot.__all__ if name.islower()} - no_pictures
    assert {picture.__name__ for picture in PICTURES} == drawing
    assert {file.stem for file in LOOKED_AT.glob("*.png")} == drawing


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_a_picture_looks_as_when_it_was_looked_at(picture, tmp_path):
    from matplotlib.testing.compare import compare_images

    name = f"{picture.__name__}.png"
    found = drawn(picture, tmp_path / name)
    assert compare_images(str(LOOKED_AT / name), str(found), TOLERANCE) is None


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_text_stays_text_in_vector_files(picture, tmp_path):
    ax = picture()
    svg = plot.save(ax, tmp_path / "a.svg").read_text(encoding="utf-8")
    written = [ax.get_xlabel(), ax.get_ylabel(), *(tick.get_text() for tick in ax.get_xticklabels())]
    legend = ax.get_legend()
    written += [text.get_text() for text in legend.get_texts()] if legend else []
    found = {unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)}
    inside = [text for text in written if text and text in found]
    assert {ax.get_xlabel(), *(text.get_text() for text in (legend.get_texts() if legend else []))} <= found
    assert len(inside) >= 3
    assert '<path id="DejaVu' not in svg  # a letter drawn as a shape can no longer be edited
    pdf = plot.save(ax, tmp_path / "a.pdf").read_bytes()
    assert b"/Type3" not in pdf
    assert b"/CIDFontType2" in pdf
    width, height = ax.figure.get_size_inches()
    assert 2.0 <= width <= 7.5
    assert 1.5 <= height <= 6.0


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("agg")
    LOOKED_AT.mkdir(exist_ok=True)
    for one in PICTURES:
        drawn(one, LOOKED_AT / f"{one.__name__}.png")
