"""The page in a real browser, the network off: it complains of nothing, and its numbers are the Python API's."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from noiselaw.errors import UsageError
from noiselaw.plan import default_costs, library_from_saturation, measured, outlook_of, spend
from noiselaw.report import write_report
from noiselaw.report.prices import LIBRARY, PRICES

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


#: Prices as they are typed, as Python takes them, and one sequencing summary or none.
TYPED = [
    ({"per_cell": 0.37, "per_million_reads": 1.9, "fixed": 1234.5}, None),
    ({"per_library": 0.0, "per_cell": 0.2, "cells_per_library": "", "cells_used": 1}, None),
    ({"umi_per_read": 0.31, "cells_used": 0.6}, {"saturation": 0.55, "reads": 31_000}),
    ({"per_cell": 0.05}, {"saturation": 62, "reads": 40_000, "umi": 9_000}),
]


@pytest.mark.parametrize(("typed", "summary"), TYPED)
def test_prices_and_saturation_that_are_typed_are_those_of_python(page, study, typed, summary):
    curve, ahead = chosen(page, study)
    for name, value in {**typed, **(summary or {})}.items():
        page.enter(f"p-c-{name}", value)
    assert page.text("p-wrong") == ""
    costs = replace(default_costs(), **{name: math.inf if value == "" else value for name, value in typed.items()})
    library = library_from_saturation(**summary) if summary else None
    for budget in (9_000.0, 60_000.0):
        page.enter("p-budget-n", budget)
        best = spend(curve, budget, costs, library, outlook=ahead)
        shown, said = page.numbers("p-best"), page.text("p-best-why")
        assert_same(shown, best.best.bits, cells=best.best.cells, u=best.best.depth, cost=best.best.cost)
        assert f"({best.best.reads:,.0f} reads per cell" in said
        assert ("The library holds no more than" in said) == ("library" in best.at_edge)
    page.enter("p-u-n", 1500)
    page.enter("p-N-n", 4000)
    reads = library.reads(1500.0) if library else 1500.0 / costs.umi_per_read
    assert page.numbers("p-cost")["value"] == pytest.approx(float(costs.total(4000.0, reads)), rel=CLOSE)


def test_a_depth_beyond_the_library_has_no_price(page):
    for name, value in {"saturation": 0.9, "reads": 20_000}.items():
        page.enter(f"p-c-{name}", value)
    held = library_from_saturation(20_000, 0.9).complexity
    assert f"This library holds {held:,.0f} UMI per cell" in page.text("p-library")
    page.enter("p-u-n", 8_000)
    assert page.text("p-cost") == ""
    assert f"No reads give this depth: the library below holds {held:,.0f} UMI per cell." in page.text("p-why")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("per_million_reads", "", "USD per million reads: type a number above 0; the field is empty."),
        ("per_million_reads", 0, "USD per million reads: type a number above 0; this is 0."),
        ("per_cell", -2, "USD per cell: type a number at least 0; this is −2."),
        ("cells_per_library", 0.5, "Cells per library: type a number at least 1; this is 0.5."),
        ("cells_used", 1.5, "type a number above 0 and at most 1; this is 1.5."),
        ("per_library", 0, "Cells cost nothing: give a price per cell"),
        ("saturation", 0.5, "Saturation and the mean reads per cell where it was seen go together"),
        ("umi", 5000, "Saturation and the mean reads per cell where it was seen go together"),
    ],
)
def test_a_price_that_cannot_be_meant_has_a_sentence_and_no_number(page, name, value, said):
    page.enter(f"p-c-{name}", value)
    assert said in page.text("p-wrong")
    assert page.run("document.querySelectorAll('#p-prices [aria-invalid=true]').length") > 0
    assert (page.text("p-best"), page.numbers("p-best"), page.numbers("p-cost")) == ("—", {}, {})
    assert page.text("p-best-why") == "Cannot be told until every price below can be meant."
    assert "NaN" not in page.run("document.getElementById('plan').innerText")
    page.run("document.getElementById('p-reset').click()")
    assert page.text("p-wrong") == ""
    assert page.numbers("p-best")["value"] > 0


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({"saturation": 1, "reads": 9000}, "a percentage above 1 and below 100; this is 1."),
        ({"saturation": 100, "reads": 9000}, "a percentage above 1 and below 100; this is 100."),
        ({"saturation": 0.5, "reads": 9000, "umi": 8000}, "would need 1.78 usable reads per read"),
    ],
)
def test_a_summary_that_python_refuses_the_page_refuses(page, summary, said):
    with pytest.raises(UsageError):
        library_from_saturation(**summary)
    for name, value in summary.items():
        page.enter(f"p-c-{name}", value)
    assert said in page.text("p-wrong")
    assert page.text("p-best") == "—"


def test_letters_in_a_price_are_no_number(page):
    page.run("document.getElementById('p-c-per_cell').select()")
    page.call("Input.insertText", text="e-")
    assert "USD per cell: type a number at least 0; this is none." in page.text("p-wrong")
    assert page.text("p-best") == "—"


def test_every_field_has_a_label_and_is_reached_by_the_keyboard(page):
    page.run("document.getElementById('p-take').focus()")
    for field in (*PRICES, *LIBRARY):
        page.press("Tab")
        assert page.run("document.activeElement.id") == f"p-c-{field.name}"
        assert page.run("document.activeElement.labels[0].textContent") == field.label.format(currency="USD")
    page.press("Tab")
    assert page.run("document.activeElement.id") == "p-reset"


def test_where_no_molecules_are_counted_no_price_is_offered(browser, made_up, tmp_path):
    images = made_up(signals=("digit",), representations=("pca",)).assign(u_unit="1/variance")
    page = browser.open(write_report(images, tmp_path / "images.html"))
    page.until("!document.getElementById('plan').hidden")
    assert page.run("document.getElementById('p-prices')") is None
    assert "priced in sequencing reads, and 1/variance counts none" in page.text("p-best-why")
    shown = page.run("document.body.innerText")
    assert all(word not in shown for word in ("USD", "training cells", "Training cells", "depth"))
    assert "in 1/variance) pca, trained on 7,500 observations" in shown
    assert page.run("document.getElementById('p-N').labels[0].textContent") == "Training observations"
    page.enter("p-u-n", 4000)
    assert page.numbers("p-bits")["value"] > 0
    assert page.complaints == []


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
    assert page.run("document.getElementById('p-budget')") is None
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


def test_nothing_moves_where_motion_is_not_wanted(page):
    def behaviour():
        return page.run("getComputedStyle(document.documentElement).scrollBehavior")

    moving = "document.getAnimations().length + [...document.querySelectorAll('*')].filter((e) => "
    moving += "parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    assert behaviour() == "smooth"
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    try:
        assert behaviour() == "auto"
        assert page.run(moving) == 0
    finally:
        page.call("Emulation.setEmulatedMedia", features=[])


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
