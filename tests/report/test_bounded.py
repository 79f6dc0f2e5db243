"""u = 1/f ends at 1, an image as it is: neither the page's curves nor its sliders go past it."""

import re

import numpy as np
import pytest

from noiselaw import plot
from noiselaw.fit import fit_groups
from noiselaw.laws import NoiseLaw
from noiselaw.report import write_report
from noiselaw.simulate import rows


@pytest.fixture
def blocks():
    u = 1 / np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
    table = rows(NoiseLaw(), [2.0, 0.1], u, sd=0.01, seeds=3)
    return table.assign(u_unit="1/f", channel="pixelation", n_train=1000)


def _drawn_to(table):
    ax = plot.noise_curves(table, fit_groups(table, "noise", by=["representation"]))
    return max(line.get_xdata().max() for line in ax.lines if len(line.get_xdata()) > 50)


def test_curves_end_with_an_image_as_it_is(blocks):
    assert _drawn_to(blocks) == pytest.approx(1.0)
    assert _drawn_to(blocks[blocks["u"] < 0.3]) == pytest.approx(1.0)
    assert _drawn_to(blocks.assign(u_unit="1/variance")) == pytest.approx(10.0)


def test_sliders_end_there_and_no_price_is_offered(blocks, tmp_path):
    path = tmp_path / "report.html"
    write_report(blocks, path)
    page = path.read_text()
    assert re.search(r'"most":\s*\[1\.0\]', page)
    said = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "per million reads" not in said and "Saturation (" not in said
