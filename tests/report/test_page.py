"""The page as a whole: one file, well formed, asking nothing of the network, clear about what is not there."""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError
from noiselaw.fit import fit_groups
from noiselaw.report import render, write_report
from noiselaw.report.downloads import without_folders
from noiselaw.report.figures import depth_chart
from noiselaw.report.room import Holds, Weights, alive, holds
from noiselaw.table import empty, read_provenance, read_table, write_table

_VOID = {"meta", "link", "br", "hr", "img", "input"}
PROVENANCE = {
    "noiselaw_version": "0.1.0",
    "python": "3.12.3",
    "packages": {"numpy": "2.4.0", "scanpy": "1.11.5"},
    "study": (
        'protocol = "recommended"\nheld_out = 0.25\n[data]\npath = "cells.h5ad"\n'
        '[preparation]\nkind = "lognorm"\ntarget_sum = 10000.0\n'
    ),
    "input": {
        "path": "folder/cells.h5ad",
        "sha256": "ab" * 32,
        "counts": "counts found in X",
        "n_observations": 10000,
        "n_features": 4000,
    },
    "dropped": {"cell_type": {"missing label": 861}, "protein": {}},
}


class Reader(HTMLParser):
    """Checks nesting, and collects ids, references, addresses, tags and the text that a reader sees."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references, self.addresses, self.tags, self.text = [], [], [], [], [], []
        self.unseen = 0

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append((tag, values))
        self.ids += [values["id"]] if "id" in values else []
        for name in ("href", "src", "xlink:href"):
            if name in values:
                (self.references if values[name].startswith("#") else self.addresses).append(values[name])
        for name in ("aria-labelledby", "aria-describedby"):
            self.references += [f"#{values[name]}"] if name in values else []
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if not {"style", "svg", "script"} & set(self.open):
            self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    reader.words = " ".join(" ".join(reader.text).split())
    return reader


@pytest.fixture(scope="module")
def page(made_up):
    return render(made_up(), provenance=PROVENANCE)


def without_scripts(page):
    return re.sub(r"<script[ >].*?</script>", "", page, flags=re.DOTALL)


def test_the_page_is_well_formed_with_unique_ids_and_no_dangling_reference(page):
    reader = read(page)
    assert len(set(reader.ids)) == len(reader.ids)
    assert {reference[1:] for reference in reader.references} <= set(reader.ids)


def test_the_page_asks_nothing_of_the_network(page):
    reader = read(page)
    assert not [tag for tag, _ in reader.tags if tag in {"iframe", "img", "object", "embed", "base"}]
    assert all(address.startswith("data:") for address in reader.addresses)
    text = without_scripts(page)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text).replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_only_the_pages_own_scripts_may_run(page):
    allowed = re.search(r"script-src ([^\"]+)\"", page).group(1).split()
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert allowed == [f"'sha256-{one}'" for one in hashes]
    assert len(scripts) in {1, 2}  # with the extra report, the plotting library too


def test_a_page_may_be_asked_to_run_nothing(made_up):
    page = render(made_up(levels=5, sizes=1, seeds=1), interactive=False)
    assert "<script" not in page
    assert "script-src 'none'" in page
    assert 'id="planner"' not in page
    assert "#planner" not in read(page).references


def test_without_the_plotting_library_the_planner_is_still_there(made_up, monkeypatch):
    monkeypatch.setattr("noiselaw.report.page.plotting_library", lambda: ("", ""))
    page = render(made_up(levels=5, sizes=4, seeds=1))
    assert 'id="explore"' not in page
    assert 'id="planner"' in page
    assert len(page) < 1_000_000


def test_a_page_stays_below_six_megabytes(made_up):
    table = made_up(signals=("cell_type",), levels=5, sizes=4, seeds=1)
    rng = np.random.default_rng(0)
    noise = ["".join(map(chr, rng.integers(97, 123, 60))) for _ in range(60_000)]
    large = pd.concat([table, table.iloc[[0] * 60_000].assign(diagnostics=noise)], ignore_index=True)
    page = render(large)
    assert len(page.encode()) < 6_000_000
    assert "would take" in read(page).words
    assert "MB and is not inside this page." in read(page).words


def test_a_page_with_many_pictures_stays_below_six_megabytes_and_says_what_it_left_out(made_up, monkeypatch):
    table = made_up(signals=[f"s{i}" for i in range(4)], levels=5, sizes=4, seeds=1)
    whole = render(table)
    parts = read(whole)
    assert "the page would pass 6 MB" not in parts.words
    assert sum(tag == "svg" for tag, _ in parts.tags) == 8
    full = len(re.sub(r'href="data:[^"]{100,}"', "", whole).encode())
    drawn = sum(len(svg.encode()) for svg in re.findall(r"<svg.*?</svg>", whole, flags=re.DOTALL))
    for room, pictures, sentence in (
        (full - drawn // 2, "some", "With the pictures of this part the page would pass 6 MB: plot.noise_curves and"),
        (full - drawn - 3000, "none", "With the pictures of this part and the numbers behind them the page would pass"),
    ):
        monkeypatch.setattr("noiselaw.report.page.MOST_BYTES", room)
        page = render(table)
        found = read(page)
        assert len(page.encode()) <= room
        assert sentence in found.words
        left = sum(tag == "svg" for tag, _ in found.tags)
        assert 0 < left < 8 if pictures == "some" else left == 0
        # Words and parameters are never left out.
        assert all(f"keeps most about s{i}" in found.words for i in range(4))


def test_what_gives_way_first():
    parts = Weights((1000, 1000, 1000), (100, 100, 100), (500, 500, 500))
    assert holds(9000, parts, 8900) == Holds(2, 3, 3)
    assert holds(9000, parts, 7000) == Holds(0, 3, 3)
    assert holds(9000, parts, 6600) == Holds(0, 1, 3)
    assert holds(9000, parts, 6000) == Holds(0, 0, 2)
    assert holds(9000, parts, 10) == Holds(0, 0, 0)


def test_the_page_answers_about_the_parts_it_has_room_for(made_up):
    curves = [{"title": name} for name in "abc"]
    planned = {"curves": [{"section": i} for i in (0, 0, 1, 2)], "far": 10}
    data, said = alive(curves, planned, 2)
    assert data == {"curves": curves[:2], "planner": {"curves": [{"section": i} for i in (0, 0, 1)], "far": 10}}
    assert said == "The first 2 of 3 parts can be chosen; with more the page would pass 6 MB."
    assert alive(curves, planned, 3) == ({"curves": curves, "planner": planned}, "")


def test_a_picture_of_very_many_replicates_holds_them_as_pixels(made_up):
    table = made_up(signals=("cell_type",), representations=("pca",), levels=5, sizes=1, seeds=1)
    many = pd.concat([table.assign(seed=i) for i in range(400)], ignore_index=True)
    few, crowd = (depth_chart(rows, {}, None, "a", "A picture") for rows in (table, many))
    assert "data:image/png" not in few
    assert "data:image/png" in crowd
    assert len(crowd) < 150_000
    assert ">UMI per cell</text>" in crowd


def test_a_page_tells_nobodys_folders(made_up):
    table = made_up(levels=5, sizes=1, seeds=1)
    table.loc[table.index[0], "reason"] = "There is no file '/home/someone/data/cells.h5ad'; kept 3/4 UMI/cell"
    provenance = {
        "study": 'path = "/home/someone/data/cells.h5ad"\n',
        "input": {"path": "C:\\Users\\someone\\cells.h5ad"},
    }
    page = render(table, provenance=provenance)
    inside = [b64decode(address.partition("base64,")[2]) for address in read(page).addresses if "base64," in address]
    assert len(inside) == 3
    assert not any(b"someone" in text for text in [page.encode(), *inside])
    assert "There is no file 'cells.h5ad'; kept 3/4 UMI/cell" in b"".join(inside).decode(errors="replace")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/home/some one/My Data/cells.h5ad", "cells.h5ad"),
        ("/Users/J. Doe/data/cells.h5ad", "cells.h5ad"),
        ("C:\\Users\\Some One\\cells 1.h5ad", "cells 1.h5ad"),
        ("C:/Users/Some One/cells.h5ad", "cells.h5ad"),
        ("\\\\server\\a share\\cells.h5ad", "cells.h5ad"),
        ("~/my data/cells.h5ad", "cells.h5ad"),
        ("file:///home/some one/cells.h5ad", "cells.h5ad"),
        ('path = "/home/some one/v1.2 of it, new/my cells.h5ad"\nseeds = 3', 'path = "my cells.h5ad"\nseeds = 3'),
        ("There is no file '/home/some one/a; b/cells.h5ad'; 3/4 kept", "There is no file 'cells.h5ad'; 3/4 kept"),
        ("No /data/a b/x.h5ad and no /data/c d/y.h5ad", "No x.h5ad and no y.h5ad"),
        ("No /data/x.h5ad; kept 3/4 UMI/cell", "No x.h5ad; kept 3/4 UMI/cell"),
        ("No /data/x.h5ad is near 3/4 UMI/cell", "No x.h5ad is near 3/4 UMI/cell"),
        ('{"file": "C:\\\\Some One\\\\a.h5ad", "n": 3}', '{"file": "a.h5ad", "n": 3}'),
        ("u in 1/variance, and/or relative/path here/x.csv", "u in 1/variance, and/or relative/path here/x.csv"),
        ("see https://a.org/b c/d", "see https://a.org/b c/d"),
        ("1 / 2 of a/b", "1 / 2 of a/b"),
    ],
)
def test_folders_with_spaces_are_cut_too(told, shown):
    assert without_folders(told) == shown
    assert without_folders({"a": [told]}) == {"a": [shown]}


def test_every_colour_of_a_picture_is_one_that_the_page_defines(page):
    style = page[page.index("<style>") : page.index("</style>")]
    used = set(re.findall(r"var\(--(\w+)\)", page[page.index("</style>") :]))
    assert {"ink", "grid", "c0", "c1", "t1"} <= used
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)")[:2]
    assert all(f"--{name}:" in light and f"--{name}:" in dark for name in used)


def test_the_page_says_its_language_and_every_picture_its_title(page):
    reader = read(page)
    assert ("html", {"lang": "en"}) in reader.tags
    pictures = [values for tag, values in reader.tags if tag == "svg"]
    assert len(pictures) == 4
    assert all(values["role"] == "img" and values["aria-labelledby"] in reader.ids for values in pictures)
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))
    assert levels.count(1) == 1


def test_the_answer_comes_first_in_words(page):
    said = read(page).words
    parts = ["The answer in words", "The curves", "The parameters", "What was measured", "How it was done", "Downloads"]
    places = [said.rindex(part) for part in parts]
    assert places == sorted(places)
    assert "At your depth (8,0" in said
    assert "% of the 2.75 bits there are to know" in said
    assert "Ten times the depth" in said
    assert "pca keeps most about cell_type" in said
    assert "paired over 3 seeds" in said


def test_the_page_says_what_was_measured_and_how(page):
    said = read(page).words
    assert "600 measurements, none failed." in said
    assert "10,000 × 4,000 features" in said
    assert "cell_type: 861 (missing label) left out." in said
    assert "File cells.h5ad" in said
    assert f"SHA-256 {'ab' * 32}" in said
    assert "noiselaw 0.1.0, Python 3.12.3, numpy 2.4.0" in said
    assert "over 3 seeds (0, 1, 2) that redraw split" in said
    assert "Eq. 2" in said
    assert "counts found in X" in said
    assert "protocol recommended; 25 % of the observations held out" in said
    assert "preparation lognorm (target_sum 10000.0)" in said


def test_the_downloads_hold_the_table_and_the_study(made_up, tmp_path):
    table = made_up(levels=5, sizes=1, seeds=1)
    addresses = [address for address in read(render(table, provenance=PROVENANCE)).addresses if "base64," in address]
    csv, parquet, toml = (b64decode(address.partition("base64,")[2]) for address in addresses)
    assert len(pd.read_csv(BytesIO(csv))) == len(table)
    assert toml.decode() == PROVENANCE["study"]
    (tmp_path / "again.parquet").write_bytes(parquet)
    pd.testing.assert_frame_equal(read_table(tmp_path / "again.parquet"), table)
    assert read_provenance(tmp_path / "again.parquet") == PROVENANCE


def test_hostile_names_are_text_and_nothing_else(made_up):
    name = "<script>alert('a')</script> $x^{$ & \"b\""
    table = made_up(signals=(name,), representations=(name, "pca"), levels=5, sizes=4, seeds=2, dataset=name)
    failed = table.index[:2]
    table.loc[failed, ["bits", "status", "reason"]] = [np.nan, "failed", name]
    reader = read(render(table, provenance={"study": name, "input": {"path": name}, "dropped": {name: {name: 3}}}))
    plain = read(render(made_up(), provenance=PROVENANCE))
    assert [values for tag, values in reader.tags if tag == "script"] == [
        values for tag, values in plain.tags if tag == "script"
    ]
    assert reader.words.count(" ".join(name.split())) > 5


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"levels": 1}, ["What ten times the depth would add cannot be told, because a plan", "at least 4"]),
        ({"levels": 1}, ["There is only 1 level; this law needs at least 4."]),
        ({"sizes": 1}, ["What ten times the training cells would add cannot be told, because"]),
        ({"seeds": 1}, ["from one seed's standard errors, taken as independent"]),
        ({"representations": ("pca",)}, ["Only pca was measured about cell_type."]),
        ({"levels": 1, "sizes": 1, "seeds": 1, "representations": ("pca",)}, ["too few levels", "20 measurements"[:2]]),
    ],
)
def test_small_tables_have_clear_words(made_up, shape, said):
    words = read(render(made_up(**shape))).words
    assert all(sentence in words for sentence in said)
    assert "nan" not in words.lower().replace("nanotx", "")


def test_a_table_without_a_row_is_refused():
    with pytest.raises(InputError, match="not one measurement to report on yet. Finish the study first"):
        render(empty())


def test_warnings_that_differ_in_numbers_only_are_one(made_up):
    table = made_up(signals=("cell_type",), levels=5, sizes=4, seeds=2)
    rows = table.index[:5]
    table.loc[rows, "status"] = "warned"
    table.loc[rows, "reason"] = [f"{n} cells are empty (share {n / 100})." for n in (3, 14, 15, 92, 6)]
    words = read(render(table)).words
    assert "5 × 3 cells are empty (share 0.03), or with other numbers" in words
    assert "14 cells" not in words


def test_a_plateau_beyond_the_ceiling_is_said_to_be_impossible(made_up):
    table = made_up(signals=("cell_type",), representations=("pca",), sizes=1)
    (fit,) = fit_groups(table, "noise", by=["representation"], rivals=False).values()
    table["ceiling_bits"] = 0.5 * (fit.parameters["I_max"] + fit.intervals["I_max"].high)
    words = read(render(table)).words
    assert words.count(", of which no more than 2.0") == 2
    assert words.count("bits are possible") == 2


def test_a_probes_name_is_explained(page):
    assert "recommended (a lower bound in held-out observations: a classifier for labels" in read(page).words


def test_failed_and_missing_measurements_are_told_with_reasons(made_up):
    table = made_up(levels=5, sizes=4, seeds=2)
    failed = table["representation"] == "pca"
    table.loc[failed, ["bits", "status", "reason"]] = [np.nan, "failed", "It ran out of cells."]
    others = table.index[~failed]
    table.loc[others[-3:], ["status", "reason"]] = ["warned", "Two cells are empty."]
    words = read(render(table.drop(index=others[0]))).words
    assert "159 measurements, of which 80 failed and 3 carry a warning." in words
    assert "1 more belongs to the same grid and is not there yet; run the study again to finish." in words
    assert "80 × It ran out of cells. (cell_type and protein; pca; levels 0.001, " in words
    assert "3 × Two cells are empty." in words
    assert "nothing could be measured for pca, because it ran out of cells." in words


def test_a_table_where_everything_failed_still_has_a_page(made_up):
    table = made_up(levels=4, sizes=2, seeds=1)
    table.loc[:, ["bits", "status", "reason"]] = [np.nan, "failed", "No reason."]
    table["u"] = np.nan
    words = read(render(table)).words
    assert "of which 32 failed" in words
    assert "Nothing could be measured about cell_type at full depth, because no reason." in words
    assert "nothing could be measured for pca" in words
    assert "There is nothing to draw: no measurement gave a number." in words


def test_a_table_from_elsewhere_needs_only_four_columns(made_up):
    table = pd.DataFrame(made_up(sizes=1, seeds=1))[["signal", "u", "representation", "bits"]]
    words = read(render(table)).words
    assert "The table does not say which software made it." in words
    assert "Ten times the signal-to-noise" in words


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="needs the column 'bits'. Nearest: bit"):
        render(pd.DataFrame({"signal": ["a"], "u": [1.0], "representation": ["pca"], "bit": [1.0]}))


def test_several_datasets_and_probes_are_told_apart(made_up):
    first = made_up(signals=("cell_type",), levels=5, sizes=1, seeds=1)
    both = pd.concat([first, first.assign(dataset="lung"), first.assign(probe="ksg")], ignore_index=True)
    words = read(render(both)).words
    assert "cell_type lung, recommended" in words
    assert "cell_type pbmc, ksg" in words


def test_a_folder_is_read_with_its_provenance_and_truth(made_up, tmp_path):
    table = made_up(signals=("cell_type",), levels=5, sizes=2, seeds=2)
    write_table(table, tmp_path / "measurements.parquet", PROVENANCE)
    truth = pd.DataFrame({"signal": "cell_type", "level": [0.001, 1.0], "u": [8.0, 8000.0], "bits": [0.5, 2.6]})
    write_table(truth, tmp_path / "truth.parquet")
    path = write_report(tmp_path)
    assert path == tmp_path / "report.html"
    page = path.read_text(encoding="utf-8")
    assert "hold 2.60 bits there, as these data were simulated" in read(page).words
    assert 'download="measurements.parquet" href="data:' in page
    digest = sha256((tmp_path / "measurements.parquet").read_bytes()).hexdigest()
    assert f"The measurements were read from measurements.parquet (SHA-256 {digest})." in read(page).words
    assert sorted(file.name for file in tmp_path.iterdir()) == ["measurements.parquet", "report.html", "truth.parquet"]


def test_what_is_no_study_is_refused(made_up, tmp_path):
    with pytest.raises(InputError, match="holds no measurements.parquet. Pass the folder of a noiselaw run"):
        write_report(tmp_path)
    with pytest.raises(InputError, match="There is no folder or table"):
        write_report(tmp_path / "absent")
    with pytest.raises(InputError, match="needs a path to write to"):
        write_report(made_up(levels=1, sizes=1, seeds=1))


def test_the_same_table_gives_the_same_page(made_up):
    table = made_up(signals=("cell_type",), levels=4, sizes=1, seeds=1)
    assert render(table) == render(table)


@pytest.mark.slow
def test_sixty_curves_take_less_than_half_a_minute_of_one_core(made_up):
    models = ("pca", "random_projection", "vae", "txformer", "mine")
    table = made_up(signals=[f"s{i}" for i in range(12)], representations=models)
    start = time.process_time()
    page = render(table)
    assert time.process_time() - start < 30.0
    assert len(page.encode()) < 6_000_000
