import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.prepare import GeneSelection
from noiselaw.prepare.ranks import nonzero_medians, ranked
from noiselaw.records import Prepared

COUNTS = hnp.arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 9)), elements=st.integers(0, 4))


def prepared(counts):
    x = sparse.csr_matrix(counts, dtype=np.float32)
    n, p = x.shape
    return Prepared("counts", x, np.arange(n).astype(str), np.arange(p).astype(str), np.asarray(counts).sum(axis=1))


def by_hand(counts, medians):
    """Rank each cell's genes one by one."""
    ranks = np.zeros(counts.shape)
    for row, cell in enumerate(counts):
        present = [j for j in range(len(cell)) if cell[j] and np.isfinite(medians[j])]
        for place, j in enumerate(sorted(present, key=lambda j: (-cell[j] / medians[j], j))):
            ranks[row, j] = place + 1
    return ranks


@settings(deadline=None, max_examples=60)
@given(COUNTS, st.data())
def test_ranks_are_those_made_one_by_one(counts, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=1, unique=True)))
    medians = nonzero_medians(sparse.csr_matrix(counts), rows, np.arange(counts.shape[1]))
    for j, median in enumerate(medians):
        seen = counts[rows, j][counts[rows, j] > 0]
        assert median == np.median(seen) if len(seen) else np.isnan(median)
    found = ranked(prepared(counts), medians)
    assert found.view == "ranks"
    assert np.array_equal(found.values.toarray(), by_hand(counts, medians))


def test_ties_stand_in_the_order_of_the_genes():
    counts = np.array([[2, 4, 0, 2], [0, 0, 0, 0], [0, 2, 0, 2]])
    ranks = ranked(prepared(counts), np.array([1.0, 2.0, 1.0, 1.0])).values.toarray()
    assert ranks.tolist() == [[1, 2, 0, 3], [0, 0, 0, 0], [0, 2, 0, 1]]


def test_ties_can_be_shuffled_by_the_name_of_the_cell():
    counts = np.ones((50, 30))
    counts[:, 7] = 5
    whole = prepared(counts)
    found = ranked(whole, np.ones(30), shuffled=True).values.toarray()
    assert (found[:, 7] == 1).all()
    assert all(sorted(row) == list(range(1, 31)) for row in found)
    assert len({tuple(row) for row in found}) == 50
    others = np.delete(found, 7, axis=1)
    assert abs(np.corrcoef(others.mean(axis=0), np.arange(29))[0, 1]) < 0.5
    assert others.mean(axis=0).std() < 2.5  # no gene is favoured: the mean of 50 uniform ranks has an sd of 1.2
    alone = ranked(whole.take(np.array([30, 4])), np.ones(30), shuffled=True).values.toarray()
    assert np.array_equal(alone, found[[30, 4]])


def test_it_is_the_published_order():
    """The published tokens are genes[argsort(-counts / medians)] of the genes that a cell has."""
    rng = np.random.default_rng(0)
    counts = (rng.random((40, 30)) * (rng.random((40, 30)) < 0.4)).astype(np.float32)
    medians = nonzero_medians(sparse.csr_matrix(counts), np.arange(40), np.arange(30))
    x = ranked(prepared(counts), medians).values
    for row in range(40):
        present = np.flatnonzero(counts[row])
        published = present[np.argsort(-(counts[row] / medians)[present], kind="stable")]
        ours = x.indices[x.indptr[row] : x.indptr[row + 1]]
        order = np.argsort(x.data[x.indptr[row] : x.indptr[row + 1]])
        assert np.array_equal(ours[order], published)


@pytest.fixture
def counts():
    return sparse.csr_matrix(np.random.default_rng(0).poisson(1.0, size=(100, 40)))


NAMES = np.array([f"g{j}" for j in range(40)])
CELLS = np.array([f"c{j}" for j in range(100)])


def test_medians_are_those_of_training_cells_and_survive_the_store(counts):
    selection = GeneSelection(n_genes=20)
    rows = np.arange(30)
    fitted = selection.fit(counts, rows, NAMES)
    x = counts[rows].toarray()[:, fitted.columns]
    assert np.array_equal(fitted.medians, [np.median(column[column > 0]) for column in x.T])
    back = selection.restore(fitted.arrays())
    shuffled = GeneSelection(n_genes=20, ties="shuffled")
    given = fitted.apply(counts, CELLS)
    one, two = fitted.as_view(given, "ranks").values, back.as_view(given, "ranks").values
    assert (one != two).nnz == 0
    assert one.nnz == given.values.nnz
    apart = [
        one.as_view(given, "ranks").values
        for one in (shuffled.fit(counts, rows, NAMES), shuffled.restore(fitted.arrays()))
    ]
    assert (apart[0] != apart[1]).nnz == 0
    assert (apart[0] != one).nnz > 0


def test_what_was_stored_without_medians_has_no_ranks(counts):
    fitted = GeneSelection().fit(counts, np.arange(30), NAMES)
    old = {name: array for name, array in fitted.arrays().items() if name != "medians"}
    with pytest.raises(InputError, match="stored without by an earlier version. Run the study in a new folder"):
        GeneSelection().restore(old).as_view(fitted.apply(counts, CELLS), "ranks")


def test_all_genes_can_be_kept(counts):
    fitted = GeneSelection(n_genes="all", min_counts=0).fit(counts, np.arange(30), NAMES)
    assert np.array_equal(fitted.features, NAMES)
    assert fitted.notes["fallback"] == ""
    empty = sparse.csr_matrix(counts.shape)
    assert len(GeneSelection(n_genes="all").fit(empty, np.arange(30), NAMES).features) == 40
