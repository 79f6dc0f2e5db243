import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from noiselaw.errors import InputError
from noiselaw.records import Dataset
from noiselaw.signals import SIGNALS, Labels, entropy_bits


def dataset(**columns):
    table = pd.DataFrame(columns)
    names = np.array([f"c{i}" for i in range(len(table))])
    return Dataset("cells", np.ones((len(table), 2)), names, np.array(["a", "b"]), table)


def pair(signal, data, test=None):
    test = np.arange(len(data.names)) if test is None else np.asarray(test)
    return signal.pair(data, test, np.random.default_rng(0))


def test_labels_are_the_columns_in_the_order_of_the_held_out_rows():
    pairs = pair(Labels("type"), dataset(type=["T", "B", "T", "NK"]), [1, 3])
    assert list(pairs.values) == ["B", "NK"]
    assert list(pairs.rows) == [1, 3]
    assert pairs.ceiling_bits == 1.0
    assert pairs.dropped == {}


@pytest.mark.parametrize(
    ("column", "kept"),
    [
        (pd.Categorical(["x", "y", None], categories=["x", "y", "unused"]), ["x", "y"]),
        (pd.array(["x", "y", None], dtype="string"), ["x", "y"]),
        (np.array(["x", "y", np.nan], dtype=object), ["x", "y"]),
        ([1.0, 2.0, np.nan], ["1", "2"]),
        (pd.array([1, 2, None], dtype="Int64"), ["1", "2"]),
        (pd.array([True, False, None], dtype="boolean"), ["True", "False"]),
        (pd.Categorical([4, 5, None]), ["4", "5"]),
    ],
)
def test_every_kind_of_column_drops_and_counts_what_is_missing(column, kept):
    pairs = pair(Labels("type"), dataset(type=column))
    assert list(pairs.values) == kept
    assert pairs.dropped == {"missing label": 1}


def test_labels_that_mean_missing_are_dropped_and_a_misspelt_one_shows():
    data = dataset(type=["T", "unknown", "B", "T", "unknown", None])
    pairs = pair(Labels("type", missing=("unknown", "unkown")), data)
    assert list(pairs.values) == ["T", "B", "T"]
    assert pairs.dropped == {"missing label": 1, "label 'unknown'": 2, "label 'unkown'": 0}
    assert pairs.ceiling_bits == pytest.approx(entropy([2, 1], base=2))


def test_one_missing_label_needs_no_list():
    assert Labels("cell_type", missing="unknown") == Labels("cell_type", missing=("unknown",))
    assert SIGNALS.build("labels", {"column": "cell_type", "missing": "unknown"}).missing == ("unknown",)


def test_cells_without_annotations_are_told_where_to_put_them():
    with pytest.raises(InputError, match=r"no column 'cell_type' .* A 10x file carries none: put them into \.obs"):
        Labels("cell_type").check(dataset())


def test_whole_numbers_can_be_missing():
    assert pair(Labels("day", missing=("0",)), dataset(day=[0, 2, 4, 6])).dropped == {"label '0'": 1}


def test_its_name_is_the_column_unless_given():
    assert Labels("type").name == "type"
    assert SIGNALS.build("labels", {"column": "type", "name": "cell type", "missing": ["x"]}).name == "cell type"


def test_a_missing_column_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no column 'celltype'.*Nearest: cell_type\."):
        Labels("celltype").check(dataset(cell_type=["x", "y"], batch=["a", "b"]))


def test_a_single_label_is_refused():
    data = dataset(type=["T", "T", "T", "unknown", None, "B"])
    with pytest.raises(InputError, match="the 5 held-out observations have only 'T' .* besides the missing labels"):
        pair(Labels("type", missing=("unknown",)), data, range(5))
    with pytest.raises(InputError, match="all 6 observations have only 'T'"):
        Labels("type", missing=("unknown", "B")).check(data)
    with pytest.raises(InputError, match="have none in column 'type'"):
        Labels("type").check(dataset(type=[None, None]))


def test_measurements_are_no_labels():
    with pytest.raises(InputError, match="column 'score' holds 0.5. Cut it into categories"):
        Labels("score").check(dataset(score=[1.0, 0.5, np.nan]))


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=200))
def test_entropy_is_scipys(labels):
    counts = np.unique(labels, return_counts=True)[1]
    assert entropy_bits(np.array(labels)) == pytest.approx(entropy(counts, base=2), abs=1e-12)


def test_real_labels(real_data):
    ad = pytest.importorskip("anndata")
    data = ad.read_h5ad(real_data("citeseq_pbmc10k_hvg4000.h5ad"))
    cells = Dataset("pbmc", data.X, data.obs_names.to_numpy(str), data.var_names.to_numpy(str), data.obs)
    pairs = pair(Labels("cell_type", missing=("unknown",)), cells)
    assert pairs.dropped == {"label 'unknown'": 861}
    assert len(np.unique(pairs.values)) == 7
    assert 2 < pairs.ceiling_bits < np.log2(7)
