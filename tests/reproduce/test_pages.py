import contextlib
import json
import re
import time

import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.reproduce import TARGETS, Footprint, Outcome, outcomes, perform, target, write_page, write_summary
from noiselaw.reproduce.compute import counted, spent
from noiselaw.reproduce.target import Result

#: Hundreds of fits and curves in a picture each, or thousands of draws: in the slow tests.
LARGE = ("theorem-4.1", "figure-14", "figure-15")
SMALL = [name for name in TARGETS if name not in LARGE]
POSSIBLE = [name for name, one in TARGETS.items() if not isinstance(one.from_measurements, str)]


@pytest.fixture(scope="module")
def pages(made_measurements, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    found = {name: perform(one, made_measurements) for name, one in TARGETS.items() if name in SMALL}
    for outcome in found.values():
        write_page(outcome, folder)
    write_summary(folder)
    return folder, found


def test_every_table_and_figure_of_the_paper_is_a_target():
    expected = {"figure-1a", "figure-1b", "figure-3a", "figure-3b", "theorem-4.1"}
    expected |= {f"table-{i}" for i in range(1, 6)} | {f"figure-{i}" for i in (2, *range(4, 16))}
    assert set(TARGETS) == expected


def test_each_target_has_a_page_with_numbers_and_a_picture(pages):
    folder, found = pages
    for name, outcome in found.items():
        page = (folder / f"{name}.html").read_text()
        assert "CPU seconds (measured" in page and outcome.verdict in page
        if name not in POSSIBLE:
            assert outcome.verdict == "not possible" and str(outcome.result).replace("'", "&#39;") in page
            continue
        assert (folder / f"{name}.csv").read_text().count("\n") > 1
        assert ("data:image/svg+xml" in page) == name.startswith("figure")


def test_pages_need_nothing_else_and_leave_nothing_half_done(pages):
    folder, _ = pages
    for path in folder.glob("*.html"):
        text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", path.read_text())
        assert "<script" not in text and not re.search(r'(?:src|href)="https?://', text)
        for link in re.findall(r'href="([^"#]+)"', text):
            assert (folder / link).is_file(), (path.name, link)
    assert not list(folder.glob(".*"))


def test_the_summary_says_what_does_not_come_out_and_why(pages):
    folder, found = pages
    text = (folder / "index.html").read_text()
    records = outcomes(folder)
    assert [record["name"] for record in records] == SMALL
    assert "Single counts are not among the published measurements." in text
    assert "u = 1/f" in text and "352.98" in text
    for outcome in found.values():
        for check in [] if isinstance(outcome.result, str) else outcome.result.against:
            assert check.what in text.replace("&#39;", "'")
    json.dumps(records, allow_nan=False)


def test_the_published_rows_give_the_known_exceptions_and_no_other(published):
    source = published("PBMC_CITEseq_scaling.csv").parent
    judged = ("table-3", "figure-1a", "figure-4", "figure-5", "figure-8", "figure-9", "figure-10", "figure-12")
    against = {
        name: [check.what for check in outcome.result.against]
        for name in judged
        if (outcome := perform(TARGETS[name], source)).result.against
    }
    assert set(against) == {"table-3", "figure-5", "figure-8"}
    assert against["table-3"] == ["Txformer, Spatial"]
    assert "misprint" in perform(TARGETS["table-3"], source).result.against[0].reason


def test_co2_is_energy_times_carbon():
    paper = Footprint(watts=300.0, grams_per_kwh=432.0)
    assert paper.grams(144 * 3600) == pytest.approx(18_662, abs=1)
    assert "300 W per busy core" in paper.told(10.0)
    with pytest.raises(UsageError, match="watts must be at least 0; got -1"):
        Footprint(watts=-1)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"no target 'figure-3'. Nearest: figure-3"):
        target("figure-3")
    with pytest.raises(InputError, match="holds no page of a reproduced target"):
        write_summary(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_targets_have_a_page_too(name, made_measurements, tmp_path):
    page = write_page(perform(TARGETS[name], made_measurements), tmp_path)
    assert "data:image/svg+xml" in page.read_text()


def test_the_summary_counts_what_earlier_runs_measured(tmp_path):
    made = Result(pd.DataFrame({"bits": [1.0]}))
    for _ in range(2):  # a run that is stopped, and the one that goes on from there
        with contextlib.suppress(KeyboardInterrupt), counted(tmp_path / "studies", "pbmc"):
            end = time.process_time() + 0.1
            while time.process_time() < end:
                pass
            raise KeyboardInterrupt
    measured = spent(tmp_path / "studies")["pbmc"]
    assert measured >= 0.15
    write_page(Outcome(target("table-3"), "data", made, 5.0, 4.0), tmp_path)
    write_page(Outcome(target("table-4"), "data", made, 0.5), tmp_path)
    text = write_summary(tmp_path).read_text()
    assert f"{1.5 + measured:,.1f} CPU seconds" in text
