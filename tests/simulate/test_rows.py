from __future__ import annotations

import numpy as np
import pytest

from noiselaw.errors import UsageError
from noiselaw.laws import NoiseLaw, SizeLaw
from noiselaw.simulate import rows
from noiselaw.table import read_table, write_table

U = np.geomspace(2, 2000, 10)


def test_rows_lie_on_the_law():
    theta = [3.0, 50.0]
    table = rows(NoiseLaw(), theta, U, sd=0)
    assert table["bits"].to_numpy() == pytest.approx(NoiseLaw()(np.array(theta), U))
    assert table["level"].max() == 1
    assert (table["u_unit"] == "UMI/cell").all()


def test_errors_have_the_size_asked_for():
    sd = np.linspace(0.1, 1, 10)
    table = rows(NoiseLaw(), [3.0, 50.0], U, sd=sd, seeds=400, seed=1)
    spread = table.groupby("level")["bits"].std().to_numpy()
    assert spread == pytest.approx(sd, rel=0.2)
    assert table.groupby("level")["standard_error"].first().to_numpy() == pytest.approx(sd)


def test_seeds_are_replicates_that_do_not_depend_on_their_number():
    few, more = (rows(NoiseLaw(), [3.0, 50.0], U, seeds=n, seed=7) for n in (2, 5))
    assert few["bits"].tolist() == more.loc[more["seed"] < 2, "bits"].tolist()
    assert not np.isclose(few.loc[few["seed"] == 0, "bits"], few.loc[few["seed"] == 1, "bits"]).any()


def test_a_law_of_size():
    law = SizeLaw()
    theta = [parameter.lower + 1.0 if np.isfinite(parameter.lower) else 1.0 for parameter in law.parameters]
    table = rows(law, theta, [100, 1000, 10000], sd=0)
    assert table["n_train"].tolist() == [100, 1000, 10000]
    assert table["u"].isna().all()


def test_the_table_survives_writing(tmp_path):
    table = rows(NoiseLaw(), [3.0, 50.0], U, dataset="mine", representation="pca")
    again = read_table(write_table(table, tmp_path / "rows.parquet"))
    assert again.equals(table)
    assert set(again["dataset"]) == {"mine"}


def test_variables_must_match_the_law():
    with pytest.raises(UsageError, match=r"takes 1 variables \(u\); got 2. Pass one array for each"):
        rows(NoiseLaw(), [3.0, 50.0], U, U)
