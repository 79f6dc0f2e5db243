import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.plan.measured import averaged, measured, read_measured


def any_table(**columns):
    u = np.geomspace(1, 1000, 5)
    return pd.DataFrame({"depth": u, "mi": np.log10(u), "cells": 100, "algorithm": "pca", "task": "type", **columns})


def test_our_own_table_needs_no_names(made_up):
    found = measured(made_up())
    assert found.keys == ("dataset", "channel", "probe")
    assert found.names("representation") == ["pca", "random_projection"]
    assert found.unit == "UMI per cell" and found.cells == 7500


def test_anybodys_columns_are_named_or_guessed():
    found = measured(any_table(), x="depth", n="cells", y="mi")
    assert found.names("representation") == ["pca"] and found.names("signal") == ["type"]
    assert found.depth == pytest.approx(1000) and found.cells == 100
    assert measured(any_table().drop(columns="task"), x="depth", y="mi").names("signal") == ["mi"]


def test_failed_rows_and_unknown_bits_are_left_out():
    table = pd.concat([any_table(status="ok"), any_table(status="failed"), any_table(status="ok", mi=np.nan)])
    assert len(measured(table, x="depth", y="mi").table) == 5


def test_replicates_of_a_level_are_averaged_though_they_realise_it_differently():
    table = pd.concat(
        [any_table(), any_table(depth=np.geomspace(1, 1000, 5) * 1.01, mi=1 + np.log10(any_table().depth))]
    )
    u, n, bits = averaged(measured(table, x="depth", n="cells", y="mi").table)
    assert u == pytest.approx(np.geomspace(1, 1000, 5) * 1.005)
    assert bits == pytest.approx(np.arange(5) * 0.75 + 0.5) and set(n) == {100.0}


def test_a_folder_is_read_by_its_table(tmp_path, made_up):
    made_up().to_parquet(tmp_path / "measurements.parquet")
    assert len(read_measured(tmp_path).subjects()) == 1


@pytest.mark.parametrize(
    ("change", "options", "kind", "message"),
    [
        ({"mi_nats": 1.0}, {"y": "mi_nats"}, UsageError, r"in nats.*Divide it by ln 2"),
        ({"unit": ["bits"] * 4 + ["nats"]}, {}, InputError, "some values are in nats"),
        ({"depth": [1.0, 1, 10, 10, 100]}, {}, InputError, "at least 4 different depths; the table has 3"),
        ({"depth": [0.0, 1, 2, 4, 8]}, {}, InputError, "Depth must be above 0; got 0"),
        ({"cells": -1}, {"n": "cells"}, InputError, "Training sizes must be above 0"),
        ({"mi": ["a"] * 5}, {}, InputError, "must hold numbers"),
        ({"mi": np.nan}, {}, InputError, "nothing to plan from"),
        ({}, {"y": "mii"}, InputError, "no column 'mii'. Nearest: mi"),
        ({}, {"by": ["depth"]}, UsageError, "cannot also tell groups apart"),
    ],
)
def test_what_cannot_be_planned_from_is_refused(change, options, kind, message):
    with pytest.raises(kind, match=message):
        measured(any_table(**change), **{"x": "depth", "y": "mi", **options})


@pytest.mark.parametrize("name", ["MI (nats)", "mi_nats", "nat", "MI.nats"])
def test_nats_by_any_name(name):
    with pytest.raises(UsageError, match="is in nats"):
        measured(any_table(**{name: 1.0}), x="depth", y=name)


def test_names_that_only_contain_nat_are_no_nats():
    assert len(measured(any_table(natural_mi=np.arange(5.0)), x="depth", y="natural_mi").table) == 5


def test_an_unknown_name_is_an_error_that_names_the_nearest():
    with pytest.raises(UsageError, match="no representation 'pcaa' in the table. Nearest: pca"):
        measured(any_table(), x="depth", y="mi").about(representation="pcaa")


def test_levels_that_are_told_are_believed_though_replicates_realise_them_far_apart(made_up):
    table = made_up(signals=("cell_type",))
    table["u"] = table["u"] * (1 + 0.2 * table["seed"].astype(float))
    found = measured(table)
    assert found.table["depth"].nunique() == 10
    assert found.depth == pytest.approx(table.loc[table["level"] == 1, "u"].mean())


def test_each_subject_has_the_unit_of_its_own_channel(made_up):
    image = made_up().assign(channel="gaussian", u_unit="1/variance")
    both = measured(pd.concat([made_up(), image], ignore_index=True))
    assert both.unit == ""
    assert [rows.unit for _, rows in both.subjects()] == ["UMI per cell", "1 per variance"]


def test_one_column_cannot_be_depth_and_size_at_once():
    table = pd.DataFrame({"n_train": [10.0, 100.0, 1e3, 1e4, 1e5], "bits": [0.1, 0.5, 0.9, 1.1, 1.2]})
    with pytest.raises(UsageError, match="'n_train' cannot be both depth and training size"):
        measured(table, x="n_train")
