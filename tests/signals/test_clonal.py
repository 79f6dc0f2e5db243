from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.records import Dataset
from noiselaw.signals import SIGNALS, ClonalRelatives

#: clone, day: two clones with both ends, one with only late cells, one cell without a clone, one at another day.
CELLS = [("a", 2), ("a", 2), ("a", 6), ("b", 4), ("b", 6), ("b", 6), ("c", 6), ("c", 6), (None, 2), ("a", 9), ("", 6)]
EVERY = np.arange(len(CELLS))


def dataset_of(cells=CELLS):
    annotations = pd.DataFrame(cells, columns=["clone", "day"])
    n = len(cells)
    return Dataset("larry", np.ones((n, 2)), np.array([f"c{i}" for i in range(n)]), np.array(["g", "h"]), annotations)


def pairs_of(signal, test=EVERY, seed=0, cells=CELLS):
    return signal.pair(dataset_of(cells), test, np.random.default_rng(seed))


def test_one_early_and_one_late_cell_of_each_clone():
    pairs = pairs_of(ClonalRelatives("clone", "day", (2, 4), 6))
    assert [(CELLS[row], CELLS[partner]) for row, partner in zip(pairs.rows, pairs.partners, strict=True)] == [
        (("a", 2), ("a", 6)),
        (("b", 4), ("b", 6)),
    ]
    assert len(set(pairs.groups)) == 2
    assert pairs.dropped == {
        "no clone": 2,
        "other time point": 1,
        "no relative in the clone": 2,
        "another cell of the clone was drawn": 2,
    }


def test_every_cell_of_a_clone_is_drawn_as_often():
    drawn = [pairs_of(ClonalRelatives("clone", "day", (2, 4), 6), seed=seed).rows[0] for seed in range(400)]
    assert 0.42 < np.mean(np.array(drawn) == 0) < 0.58


def test_all_pairs_are_every_early_with_every_late_one_grouped_by_clone():
    pairs = pairs_of(ClonalRelatives("clone", "day", (2, 4), 6, pairs="all"))
    assert list(zip(pairs.rows, pairs.partners, strict=True)) == [(0, 2), (1, 2), (3, 4), (3, 5)]
    assert list(pairs.groups) == [pairs.groups[0]] * 2 + [pairs.groups[2]] * 2


def test_without_times_any_two_cells_of_a_clone_are_relatives():
    one = pairs_of(ClonalRelatives("clone"))
    assert len(one.rows) == 3
    assert all(CELLS[row][0] == CELLS[partner][0] for row, partner in zip(one.rows, one.partners, strict=True))
    every = pairs_of(ClonalRelatives("clone", pairs="all"))
    unordered = {frozenset(pair) for pair in zip(every.rows, every.partners, strict=True)}
    assert len(unordered) == len(every.rows) == 6 + 3 + 1


def test_only_held_out_relatives_count():
    pairs = pairs_of(ClonalRelatives("clone", "day", (2, 4), 6), test=np.array([0, 1, 3, 4, 8]))
    assert list(pairs.rows) == [3]
    assert pairs.dropped == {"no clone": 1, "no relative in the clone": 2}


def test_a_clone_stays_on_one_side_and_none_is_no_clone():
    together = ClonalRelatives("clone").kept_together(dataset_of())
    assert together[0] == together[9] != together[3]
    assert together[8] == together[10] == -1


@pytest.mark.parametrize("missing", ["c", ("c",), ["c"]])
def test_a_clone_can_mean_none(missing):
    assert (ClonalRelatives("clone", missing=missing).kept_together(dataset_of())[6:8] == -1).all()


@pytest.mark.parametrize("day", [2, "2", 2.0, [2]])
def test_time_points_may_be_numbers_or_text(day):
    assert ClonalRelatives("clone", "day", day, "6") == ClonalRelatives("clone", "day", ("2",), ("6",))
    assert SIGNALS.build("clonal", {"clone": "clone", "time": "day", "early": day, "late": 6}).early == ("2",)
    floats = [(clone, float(when)) for clone, when in CELLS]
    assert len(pairs_of(ClonalRelatives("clone", "day", day, 6), cells=floats).rows) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "day", "early": 3, "late": 6}, r"No cell has the early time point '3'; column 'day' has '2', '4'"),
        ({"time": "day", "early": 2, "late": 60}, r"No cell has the late time point '60'; .* '9'\.$"),
        ({"time": "day", "early": 2}, r"need late = \[\.\.\.\]; column 'day' has '2', '4', '6', '9'\."),
        ({"time": "dya", "early": 2, "late": 6}, r"no column 'dya' to take time points from\. Nearest: day"),
        ({"time": "day", "early": 4, "late": 9}, r"of 3 clones 1 have early and 1 late ones"),
    ],
)
def test_times_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        ClonalRelatives("clone", **options).check(dataset_of())


def test_clones_that_never_repeat_are_refused_with_the_columns_that_do():
    cells = [(f"clone{i}", 2 + 4 * (i % 2)) for i in range(20)]
    with pytest.raises(InputError, match=r"'clone' has 20 different values for 20 cells\. Choose one .*: 'day'\."):
        ClonalRelatives("clone").check(dataset_of(cells))
    with pytest.raises(InputError, match=r"No clone of column 'clone' has two cells"):
        ClonalRelatives("clone").check(dataset_of([(None, 2), (None, 6)]))


@pytest.mark.parametrize("none", ["-1", "unassigned"])
def test_a_clone_of_most_cells_is_refused_unless_it_means_none(none):
    cells = [(f"clone{i // 2}", 2 + 4 * (i % 2)) for i in range(20)] + [(none, 2)] * 25
    with pytest.raises(InputError, match=rf"25 of the 45 cells .*'{none}'\. If that means none, pass missing = "):
        ClonalRelatives("clone").check(dataset_of(cells))
    ClonalRelatives("clone", missing=none).check(dataset_of(cells))
    with pytest.raises(InputError, match="20 of the 20 cells that have a clone in column 'clone' are of one, 'a'"):
        ClonalRelatives("clone").check(dataset_of([("a", 2)] * 20))


@pytest.mark.parametrize("none", ["nan", "None", "<NA>", np.nan])
def test_what_stands_for_no_clone_in_a_column_of_text_is_none(none):
    cells = [*CELLS, (none, 2), (none, 6)]
    assert (ClonalRelatives("clone").kept_together(dataset_of(cells))[-2:] == -1).all()


@pytest.mark.parametrize("day", [2, 2.0, np.int64(2), np.float64(2), np.array([2])])
@pytest.mark.parametrize("as_stored", [float, np.float32, lambda day: pd.Categorical(day.astype(float)), "Int64"])
def test_times_are_found_however_they_are_stored(day, as_stored):
    cells = dataset_of()
    stored = cells.annotations["day"].astype(as_stored) if isinstance(as_stored, str | type) else None
    stored = as_stored(cells.annotations["day"]) if stored is None else stored
    cells = replace(cells, annotations=cells.annotations.assign(day=stored))
    assert len(ClonalRelatives("clone", "day", day, 6).pair(cells, EVERY, np.random.default_rng(0)).rows) == 1


@pytest.mark.parametrize("as_category", [False, True])
def test_times_may_be_fractions(as_category):
    cells = dataset_of([("a", 8.5), ("a", 9.0), ("b", 8.5), ("b", 9.0), ("b", np.nan), ("c", 9.0)])
    if as_category:
        cells = replace(cells, annotations=cells.annotations.assign(day=cells.annotations["day"].astype("category")))
    relatives = ClonalRelatives("clone", "day", 8.5, 9)
    assert list(relatives.pair(cells, np.arange(6), np.random.default_rng(0)).rows) == [0, 2]
    with pytest.raises(InputError, match=r"early time point '8'; column 'day' has '8\.5', '9'\."):
        ClonalRelatives("clone", "day", 8, 9).check(cells)


def test_too_many_pairs_are_refused(monkeypatch):
    monkeypatch.setattr("noiselaw.signals.clonal._MOST_PAIRS", 3)
    with pytest.raises(InputError, match=r"are 4, more than the 3 .* Pass pairs = 'one'"):
        pairs_of(ClonalRelatives("clone", "day", (2, 4), 6, pairs="all"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"early": 2, "late": 6}, "need the column that they stand in"),
        ({"time": "day", "early": (2, 6), "late": 6}, "early or late; got '6' as both"),
        ({"pairs": "some"}, "pairs is 'one' for each clone, or 'all'; got 'some'"),
        ({"target": "cell"}, "target is 'embedding' or 'profile'; got 'cell'"),
        ({"components": -1}, "components must be at least 1, or 0 .*; got -1"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        ClonalRelatives("clone", **options)


def test_its_name_says_what_y_is():
    assert ClonalRelatives("clone").name == "clonal"
    assert ClonalRelatives("clone", target="profile").name == "clonal_profile"
    assert pairs_of(ClonalRelatives("clone", target="profile", components=4)).profile == 4
    assert pairs_of(ClonalRelatives("clone")).profile is None


def test_the_larry_cells(real_data):
    from noiselaw import io

    cells = io.read(real_data("clonal_larry_invitro_cospar781.h5ad"))
    pairs = ClonalRelatives("clone", "time_point", (2, 4), 6).pair(cells, np.arange(781), np.random.default_rng(0))
    assert len(pairs.rows) == 117
    assert sum(pairs.dropped.values()) == 781 - 2 * 117
    times = cells.annotations["time_point"].astype(str).to_numpy()
    assert set(times[pairs.rows]) <= {"2", "4"}
    assert set(times[pairs.partners]) == {"6"}


def test_a_missing_time_is_another_time():
    cells = [*CELLS, ("b", np.nan)]
    data = dataset_of(cells)
    pairs = ClonalRelatives("clone", "day", 4, 6).pair(data, np.arange(len(cells)), np.random.default_rng(0))
    assert len(pairs.rows) == 1
    assert replace(pairs).dropped["other time point"] == 4
