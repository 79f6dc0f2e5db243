"""The page in a real browser, the network off: it complains of nothing, and its numbers are the Python API's."""

from __future__ import annotations

import time

import numpy as np
import pytest

from noiselaw.errors import UsageError
from noiselaw.plan import default_costs, measured, outlook_of, spend
from noiselaw.report import write_report

#: The page's arithmetic and Python's may differ by what their logarithms differ in, and by no more.
CLOSE = 1e-9


@pytest.fixture(scope="session")
def study(made_up):
    return made_up()


@pytest.fixture(scope="session")
def file(study, tmp_path_factory):
    return write_report(study, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def page(browser, file):
    browser.open(file)
    browser.until("!document.getElementById('plan').hidden")
    return browser


@pytest.fixture
def drawn(page):
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    page.until("document.querySelector('#e-chart svg') && document.querySelector('#p-chart svg')")
    return page


def chosen(page, study):
    """Return the measurements that the planner of the page is about, and their outlook."""
    signal, model = (
        page.run(f"document.getElementById('{name}').selectedOptions[0].text") for name in ("p-signal", "p-model")
    )
    curve = measured(study[study["signal"] == signal], by=[]).about(representation=model)
    return curve, outlook_of(curve)


def assert_same(shown, expected, **also):
    told = {"value": expected.value, "low": expected.low, "high": expected.high, **also}
    for name, value in told.items():
        assert shown[name] == pytest.approx(value, abs=CLOSE, rel=CLOSE), name


def test_it_opens_without_a_complaint_and_asks_for_nothing(drawn, file):
    assert drawn.complaints == []
    assert drawn.asked == [file.as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_every_slider_position_shows_what_python_says(page, study, which):
    page.enter("p-signal", which)
    page.enter("p-model", which)
    _, ahead = chosen(page, study)
    seen = set()
    for at in range(0, 241, 40):
        for cells in range(0, 241, 48):
            page.enter("p-u", at)
            page.enter("p-N", cells)
            u, n = (float(page.run(f"document.getElementById('p-{name}-n').value")) for name in "uN")
            shown = page.numbers("p-bits")
            expected = ahead.bits(u=u, N=n)
            assert_same(shown, expected, beyond=expected.beyond)
            assert_same(page.numbers("p-gain"), ahead.ask("gain", [(1.0, (u, n)), (-1.0, ahead.largest)]))
            said = page.text("p-where")
            assert ("far extrapolation" in said) == expected.extrapolated
            assert said.startswith("inside") == (expected.beyond <= 1.05)
            seen.add(round(shown["value"], 6))
    assert len(seen) > 20


def test_a_number_that_is_typed_is_asked_as_it_is(page, study):
    _, ahead = chosen(page, study)
    page.enter("p-u-n", "4321.5")
    page.enter("p-N-n", "777")
    assert_same(page.numbers("p-bits"), ahead.bits(u=4321.5, N=777.0))
    page.enter("p-N-n", "0")
    assert page.text("p-bits") == "—"
    assert "must be numbers above 0" in page.text("p-why")
    assert page.numbers("p-bits") == {}


@pytest.mark.slow
def test_a_budget_buys_what_python_would_buy(page, study):
    curve, ahead = chosen(page, study)
    costs = default_costs()
    bought = set()
    for at in range(0, 241, 30):
        page.enter("p-budget", at)
        budget = float(page.run("document.getElementById('p-budget-n').value"))
        shown = page.numbers("p-best")
        try:
            best = spend(curve, budget, costs, outlook=ahead)
        except UsageError as error:
            assert "buys no design" in str(error)
            assert shown == {}
            assert "buy no design that the law may be asked about: the cheapest costs" in page.text("p-best-why")
            continue
        assert_same(shown, best.best.bits, cells=best.best.cells, u=best.best.depth, cost=best.best.cost)
        near = " to ".join(f"{cells:,.0f}" for cells in best.nearly_cells)
        assert f"From {near} cells are within 5 % of that." in page.text("p-best-why")
        bought.add(shown["cells"])
    assert len(bought) > 3


@pytest.mark.slow
def test_a_design_can_be_taken_over(page, study):
    page.enter("p-budget-n", "5000")
    best = page.numbers("p-best")
    page.run("document.getElementById('p-take').click()")
    assert page.numbers("p-bits")["value"] == best["value"]
    assert float(page.run("document.getElementById('p-N-n').value")) == best["cells"]


def test_what_python_refuses_has_no_number_but_its_reason(browser, made_up, tmp_path):
    few = made_up(signals=("cell_type",), representations=("pca",), sizes=2)
    page = browser.open(write_report(few, tmp_path / "few.html"))
    page.until("!document.getElementById('plan').hidden")
    assert page.run("document.getElementById('p-N').disabled")
    assert "only 2 training sizes were measured" in page.text("p-no-cells")
    assert page.text("p-best") == "—"
    assert "Cannot be told: only 2 training sizes" in page.text("p-best-why")
    _, ahead = chosen(page, few)
    page.enter("p-u-n", "50000")
    assert_same(page.numbers("p-bits"), ahead.bits(u=50000.0))
    shallow = browser.open(write_report(made_up(levels=3), tmp_path / "shallow.html"))
    shallow.until("!document.getElementById('plan').hidden")
    assert shallow.text("p-bits") == "—"
    assert "at least 4" in shallow.text("p-why")
    assert shallow.complaints == []


@pytest.mark.slow
def test_the_keyboard_alone_reaches_and_moves_everything(drawn):
    drawn.run("document.getElementById('p-u').focus()")
    before = drawn.numbers("p-bits")["value"]
    drawn.press("ArrowLeft")
    assert drawn.numbers("p-bits")["value"] != before
    assert "UMI per cell" in drawn.run("document.getElementById('p-u').getAttribute('aria-valuetext')")
    drawn.run("document.getElementById('e-chart').focus()")
    drawn.press("End")
    assert "(measurement 20 of 20)" in drawn.text("e-read")
    drawn.press("ArrowRight")
    assert "pca: 0." in drawn.text("e-read")
    assert "(measurement 1 of 20)" in drawn.text("e-read")


@pytest.mark.slow
def test_pointing_at_a_mark_reads_it(drawn):
    drawn.run("document.getElementById('e-chart').scrollIntoView({behavior: 'instant'})")
    place = drawn.run(
        "(() => {const b = document.querySelector('#e-chart .mark-symbol path').getBoundingClientRect();"
        "return {x: b.x + b.width / 2, y: b.y + b.height / 2};})()"
    )
    drawn.call("Input.dispatchMouseEvent", type="mouseMoved", **place)
    drawn.until("document.querySelector('#vg-tooltip-element.visible')?.textContent.includes('bits ± 0.')")
    assert "UMI per cell" in drawn.text("e-read")


@pytest.mark.slow
def test_signal_axis_and_models_can_be_switched(drawn):
    def marks():
        return drawn.run("document.querySelectorAll('#e-chart .mark-symbol path[aria-label]').length")

    drawn.until("document.querySelectorAll('#e-chart .mark-symbol path[aria-label]').length === 20")
    drawn.run("document.querySelectorAll('input[name=e-model]')[1].click()")
    drawn.until("document.querySelectorAll('#e-chart .mark-symbol path[aria-label]').length === 10")
    drawn.run("document.querySelector('input[name=e-axis][value=cells]').click()")
    drawn.until("document.querySelectorAll('#e-chart .mark-symbol path[aria-label]').length === 5")
    drawn.run("document.querySelector('input[name=e-x][value=linear]').click()")
    drawn.enter("e-signal", 1)
    drawn.until("document.getElementById('e-picture').ariaLabel.includes('about protein')")
    assert marks() == 20
    drawn.run("document.querySelector('input[name=e-y][value=log]').click()")
    drawn.until("document.querySelectorAll('#e-chart .mark-symbol path[aria-label]').length > 0")
    assert drawn.complaints == []


@pytest.mark.slow
def test_a_phone_shows_it_without_scrolling_sideways(browser, file):
    page = browser.open(file, width=390, height=844, mobile=True)
    page.until("!document.getElementById('plan').hidden")
    assert page.run("document.documentElement.scrollWidth") <= 390
    assert page.complaints == []


@pytest.mark.slow
def test_it_prints_its_pictures_and_not_its_controls(page):
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        hidden = page.run("['planner', 'explore'].map((i) => document.getElementById(i)?.offsetHeight ?? 0)")
        assert np.sum(hidden) == 0
        assert page.run("document.querySelectorAll('figure svg')[0].getBoundingClientRect().height") > 50
        assert page.printed().startswith(b"%PDF")
    finally:
        page.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.slow
def test_a_download_is_the_table_itself(page, study, tmp_path):
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("document.querySelector('a[download$=csv]').click()")
    saved = tmp_path / "measurements.csv"
    end = time.monotonic() + 20
    while not saved.exists():
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    assert saved.read_text() == study.to_csv(index=False)
