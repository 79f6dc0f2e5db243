import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError, UsageError
from noiselaw.fit import fit_groups, fit_table
from noiselaw.laws import NoiseLaw


def table(**columns):
    u = np.logspace(0.9, 3.9, 10)
    frames = []
    for model, i_max in (("a model", 2.0), ("b", 3.0)):
        bits = NoiseLaw()(np.array([i_max, 200.0]), u)
        frames.append(pd.DataFrame({"the model": model, "UMI per cell": u, "MI (bits)": bits, **columns}))
    return pd.concat(frames, ignore_index=True)


def test_any_column_names_and_strings_with_spaces():
    fits = fit_table(table(), "noise", x="UMI per cell", y="MI (bits)", by=["the model"])
    assert fits["the model"].tolist() == ["a model", "b"]
    assert fits["I_max"].to_numpy() == pytest.approx([2.0, 3.0], rel=1e-6)
    assert (fits["status"] == "ok").all()
    assert {"u_bar", "u_bar_low", "u_bar_high", "reason", "n_points", "left_out"} <= set(fits.columns)


def test_failed_rows_are_left_out_and_counted():
    rows = table(status="ok")
    rows.loc[0, "status"] = "failed"
    fits = fit_table(rows, x="UMI per cell", y="MI (bits)", by=["the model"])
    assert fits["left_out"].tolist() == [1, 0]


def test_the_measurements_table_needs_no_names():
    ours = table(status="ok", seed=1, channel="thinning", n_train=100, standard_error=0.02, ceiling_bits=5.0).rename(
        columns={"the model": "representation", "UMI per cell": "u", "MI (bits)": "bits"}
    )
    fits = fit_groups(ours)
    assert list(fits) == [("thinning", "a model", 100), ("thinning", "b", 100)]


def test_one_group_when_nothing_tells_groups_apart():
    rows = table()[:10]
    assert list(fit_groups(rows, x="UMI per cell", y="MI (bits)", by=[])) == [()]


def test_mistakes_are_named():
    with pytest.raises(InputError, match="no column 'UMI per cel'. Nearest: UMI per cell"):
        fit_table(table(), x="UMI per cel", y="MI (bits)", by=[])
    with pytest.raises(InputError, match="column 'the model' must hold numbers"):
        fit_table(table(), x="the model", y="MI (bits)", by=[])
    with pytest.raises(UsageError, match="cannot also tell groups apart"):
        fit_table(table(), x="UMI per cell", y="MI (bits)", by=["UMI per cell"])


def test_nats_are_refused_in_a_name_and_in_a_column_of_units():
    named = table().rename(columns={"MI (bits)": "MI (nats)"})
    with pytest.raises(UsageError, match="in nats.*Divide it by ln 2"):
        fit_groups(named, x="UMI per cell", y="MI (nats)", by=["the model"])
    with pytest.raises(InputError, match="some values are in nats"):
        fit_groups(table(unit="nats"), x="UMI per cell", y="MI (bits)", by=["the model"])


def test_copies_of_rows_count_once_and_are_said():
    once = table()[:10].assign(noise=np.random.default_rng(0).normal(0, 0.05, 10))
    once["MI (bits)"] += once["noise"]
    twice = pd.concat([once, once], ignore_index=True)
    asked = {"x": "UMI per cell", "y": "MI (bits)", "by": ["the model"]}
    alone, doubled = (fit_groups(rows, **asked)[("a model",)] for rows in (once, twice))
    assert doubled.intervals == alone.intervals
    assert "10 rows are exact copies of others and counted once" in doubled.reason
    assert doubled.diagnostics["copies"] == 10
    assert "copies" not in alone.diagnostics


def test_several_curves_in_one_fit_are_said_unless_that_was_asked_for():
    asked = {"x": "UMI per cell", "y": "MI (bits)"}
    assert "Rows that differ in the model are fitted as one curve" in fit_groups(table(), **asked)[()].reason
    assert fit_groups(table(), **asked)[()].diagnostics["mixed"] == ["the model"]
    assert "one curve" not in fit_groups(table(), **asked, by=[])[()].reason
    assert "one curve" not in fit_groups(table()[:10], **asked)[()].reason
