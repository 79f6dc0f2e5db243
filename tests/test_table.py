import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError
from noiselaw.table import COLUMNS, empty, numbers_of, read_provenance, read_table, repeated, to_table, write_table

ROW = {
    "dataset": "pbmc",
    "signal": "cell_type",
    "channel": "binomial",
    "level": 0.1,
    "u": 81.5,
    "u_unit": "UMI per cell",
    "n_train": 1000,
    "n_test": 300,
    "representation": "pca",
    "probe": "recommended",
    "seed": 0,
    "bits": 1.25,
    "status": "ok",
    "reason": "",
    "diagnostics": "{}",
}

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
number = st.floats(allow_nan=True, allow_infinity=False)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "dataset": text,
            "signal": text,
            "channel": st.sampled_from(["binomial", "gaussian"]),
            "level": st.floats(1e-6, 1.0),
            "u": number,
            "n_train": st.integers(1, 10**7),
            "representation": text,
            "probe": text,
            "seed": st.integers(0, 10),
            "bits": number,
            "standard_error": number,
            "status": st.sampled_from(["ok", "warned", "failed"]),
            "reason": text,
        }
    ),
    max_size=6,
    unique_by=lambda row: tuple(
        row[key] for key in ("dataset", "signal", "channel", "level", "n_train", "representation", "probe", "seed")
    ),
)


@given(rows)
def test_parquet_brings_back_every_value(tmp_path_factory, made):
    table = to_table(made)
    path = write_table(table, tmp_path_factory.mktemp("t") / "table.parquet", {"study": "x"})
    pd.testing.assert_frame_equal(read_table(path), table)
    assert read_provenance(path) == {"study": "x"}


def test_csv_brings_back_numbers_and_types(tmp_path):
    table = to_table([ROW, {**ROW, "seed": 1, "bits": float("nan"), "status": "failed", "reason": "a, b"}])
    back = read_table(write_table(table, tmp_path / "table.csv"))
    pd.testing.assert_series_equal(back["bits"], table["bits"])
    pd.testing.assert_series_equal(back["n_train"], table["n_train"])
    assert back["reason"].iloc[1] == "a, b"


def test_every_column_carries_its_unit_and_meaning(tmp_path):
    schema = pq.read_schema(write_table(to_table([ROW]), tmp_path / "table.parquet"))
    for column in COLUMNS:
        assert schema.field(column.name).metadata[b"unit"].decode() == column.unit
        assert schema.field(column.name).metadata[b"meaning"]
    assert schema.field("bits").metadata[b"unit"] == b"bits"


def test_rows_are_sorted_by_what_identifies_them_so_that_order_of_work_does_not_matter():
    made = [{**ROW, "seed": seed, "level": level} for seed in (2, 0, 1) for level in (1.0, 0.1)]
    pd.testing.assert_frame_equal(to_table(made), to_table(made[::-1]))


def test_unknown_is_nan_never_zero():
    table = to_table([{**ROW, "bits": None}])
    assert np.isnan(table["bits"].iloc[0])
    assert np.isnan(table["standard_error"].iloc[0])


def test_the_same_measurement_twice_is_refused():
    with pytest.raises(InputError, match="1 measurements appear twice"):
        to_table([ROW, {**ROW, "bits": 2.0}])


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(InputError, match="no column 'bit'. Nearest: bits"):
        to_table([{**ROW, "bit": 1.0}])


def test_somebody_elses_table_is_read_as_it_is(tmp_path):
    pd.DataFrame({"umis per cell": [1, 2], "level": ["low", "high"]}).to_csv(tmp_path / "theirs.csv")
    table = read_table(tmp_path / "theirs.csv")
    assert list(table.columns) == ["umis per cell", "level"]
    assert list(table["level"]) == ["low", "high"]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="bad.parquet could not be read"):
        read_table(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="There is no file"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "t.xlsx").write_text("")
    with pytest.raises(InputError, match=r"from \.csv, \.tsv or \.parquet"):
        read_table(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match=r"written as \.parquet or \.csv"):
        write_table(empty(), tmp_path / "t.xlsx")
    assert not list(tmp_path.glob(".*"))


def test_nothing_half_written_remains(tmp_path, monkeypatch):
    write_table(to_table([ROW]), tmp_path / "table.csv")
    before = (tmp_path / "table.csv").read_bytes()

    def fails(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fails)
    with pytest.raises(OSError, match="disk full"):
        write_table(to_table([{**ROW, "seed": 9}]), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == before


def test_provenance_is_json(tmp_path):
    path = write_table(to_table([ROW]), tmp_path / "t.parquet", {"input": {"sha256": "ab"}})
    assert json.loads(json.dumps(read_provenance(path)))["input"]["sha256"] == "ab"


def test_the_published_schema_is_the_one_in_use():
    page = (Path(__file__).parents[1] / "docs/table.md").read_text()
    rows = [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in COLUMNS]
    assert page.rstrip().endswith("\n".join(rows))


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null", "N/A"])
def test_a_label_that_reads_like_missing_is_a_label(tmp_path, name):
    path = tmp_path / "t.csv"
    path.write_text(f"signal,representation,mine,u,bits\n{name},{name},{name},1,\n{name},pca,b,2,NA\n,pca,,3,1.5\n")
    found = read_table(path)
    assert found["signal"].tolist()[:2] == [name, name] and found["signal"].isna().tolist() == [False, False, True]
    assert found["representation"].tolist() == [name, "pca", "pca"]
    assert found["mine"].tolist()[:2] == [name, "b"] and found["mine"].isna().tolist() == [False, False, True]
    assert found["bits"].isna().tolist() == [True, True, False]


def test_labels_that_are_numbers_keep_their_zeros(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("signal,u,bits\n01,1,0.5\n02,2,0.6\n")
    assert read_table(path)["signal"].tolist() == ["01", "02"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("u;mi bits;task\n1,5;0,25;NA\n10;1,5;cell type\n", "europe.csv"),
        ("u\tmi bits\ttask\n1.5\t0.25\tNA\n10\t1.5\tcell type\n", "tabs.csv"),
        ("\ufeffu,mi bits,task\n1.5,0.25,NA\n10,1.5,cell type\n", "commas.csv"),
        ("u;mi bits;task\n1.5;0.25;NA\n10;1.5;cell type\n", "semicolons.csv"),
    ],
)
def test_columns_are_divided_by_what_divides_the_header(tmp_path, text, name):
    (tmp_path / name).write_text(text, encoding="utf-8")
    table = read_table(tmp_path / name)
    assert table["u"].tolist() == [1.5, 10.0]
    assert table["mi bits"].tolist() == [0.25, 1.5]
    assert table["task"].tolist() == ["NA", "cell type"]


def test_text_of_another_encoding_and_empty_files_are_refused(tmp_path):
    (tmp_path / "latin.csv").write_bytes("u,bits,Größe\n1,2,3\n".encode("latin-1"))
    (tmp_path / "empty.csv").write_text("")
    for name in ("latin.csv", "empty.csv"):
        with pytest.raises(InputError, match="text in UTF-8 with a header"):
            read_table(tmp_path / name)


def test_a_column_of_numbers_with_text_in_it_names_the_row():
    table = pd.DataFrame({"bits": ["1.0", None, "failed"], "n": pd.array([1, None, 3], dtype="Int64")})
    with pytest.raises(InputError, match=r"row 3 has 'failed'.*Leave that cell empty"):
        numbers_of(table, "bits")
    np.testing.assert_array_equal(numbers_of(table, "n"), [1.0, np.nan, 3.0])
    with pytest.raises(InputError, match="no column 'bitz'.*Nearest: bits"):
        numbers_of(table, "bitz")


def test_a_copy_of_a_row_is_marked_and_a_replicate_is_not():
    table = pd.DataFrame({"u": [1.0, 1.0, 1.0], "bits": [0.5, 0.5, 0.5], "seed": [0, 1, 0], "note": [{}, {}, {}]})
    assert repeated(table).tolist() == [False, False, True]
