import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError
from noiselaw.records import Dataset
from noiselaw.signals import Abundances


def dataset(values, n=None, columns=None):
    table = pd.DataFrame(values, columns=columns)
    n = len(table) if n is None else n
    names = np.array([f"c{i}" for i in range(n)])
    none = pd.DataFrame(index=range(n))
    return Dataset("cells", np.ones((n, 2)), names, np.array(["a", "b"]), none, {"protein": table})


def pair(data, test=None):
    test = np.arange(len(data.names)) if test is None else np.asarray(test)
    return Abundances("protein").pair(data, test, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.float32, bool])
def test_abundances_are_doubles_in_the_order_of_the_held_out_rows(dtype):
    values = np.array([[1, 0], [0, 1], [1, 1]]).astype(dtype)
    pairs = pair(dataset(values), [0, 2])
    assert pairs.values.dtype == np.float64
    assert np.array_equal(pairs.values, values[[0, 2]])
    assert np.isnan(pairs.ceiling_bits)
    assert pairs.dropped == {}


def test_incomplete_rows_are_dropped_and_counted():
    pairs = pair(dataset([[1.0, 2.0], [np.nan, 1.0], [3.0, 4.0], [1.0, np.nan]]))
    assert list(pairs.rows) == [0, 2]
    assert pairs.dropped == {"missing abundance": 2}


def test_numbers_that_may_be_absent_are_numbers():
    table = pd.DataFrame({"CD3": pd.array([1, None, 3], dtype="Int64")})
    assert pair(dataset(table)).dropped == {"missing abundance": 1}


def test_sparse_columns_are_read():
    table = pd.DataFrame.sparse.from_spmatrix(__import__("scipy.sparse").sparse.eye(3, format="csr"))
    assert np.array_equal(pair(dataset(table)).values, np.eye(3))


def test_the_data_are_untouched():
    data = dataset(np.array([[1.0, 2.0], [3.0, 4.0]]))
    pair(data).values[:] = 0
    assert data.matrices["protein"].to_numpy().min() == 1


def test_its_name_is_the_key_unless_given():
    assert Abundances("protein").name == "protein"
    assert Abundances("protein", name="surface proteins").name == "surface proteins"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dataset(np.ones((3, 2)), n=4), "each of the 4 observations; matrix 'protein' has 3 rows"),
        (dataset(np.ones((3, 0))), "at least one column; matrix 'protein' has none"),
        (dataset([["x", "y"], ["z", "w"]], columns=["CD3", "CD4"]), "must be numbers; .* in column 'CD3'"),
        (dataset([[1.0], [np.inf]], columns=["CD3"]), "is inf for observation 'c1' in column 'CD3'"),
        (dataset(np.ones((3, 2))), "the 3 complete rows of 3 observations .* do not"),
        (dataset([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0]]), "the 1 complete rows of 3 observations"),
    ],
)
def test_what_cannot_be_measured_is_refused(data, message):
    with pytest.raises(InputError, match=message):
        Abundances("protein").check(data)


def test_a_missing_matrix_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no matrix 'proteins'.*Nearest: protein\."):
        Abundances("proteins").check(dataset(np.eye(2)))


def test_held_out_rows_must_vary_too():
    with pytest.raises(InputError, match="the 2 complete rows of 2 held-out observations"):
        pair(dataset([[1.0], [1.0], [2.0]]), [0, 1])
