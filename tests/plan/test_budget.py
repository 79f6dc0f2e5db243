import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noiselaw.errors import InputError, UsageError
from noiselaw.laws import CapacityLaw
from noiselaw.plan import Costs, Library, measured, outlook_of, spend
from noiselaw.simulate import rows

COSTS = Costs(per_million_reads=3.0, per_cell=0.5, umi_per_read=0.5)
LIBRARY = Library(20_000.0, 0.6)
THETA = [3.0, 2000.0, 30.0, 0.6]


@pytest.fixture(scope="module")
def curve():
    u, n = np.meshgrid(np.geomspace(8, 4000, 8), np.geomspace(100, 10_000, 6).round())
    return measured(rows(CapacityLaw(), THETA, u.ravel(), n.ravel(), sd=0.002))


@pytest.fixture(scope="module")
def ahead(curve):
    return outlook_of(curve)


def truth(u, n):
    return CapacityLaw()(np.array(THETA), np.asarray(u, float), np.asarray(n, float))


@pytest.mark.parametrize("budget", [300.0, 3000.0, 20_000.0])
def test_the_best_split_is_the_laws_own(curve, ahead, budget):
    found = spend(curve, budget, COSTS, LIBRARY, ahead)
    cells = np.unique(np.geomspace(100, 100_000, 4000).round())
    reads = COSTS.reads(cells, budget)
    cells, reads = cells[reads > 0], reads[reads > 0]
    depth = np.minimum(LIBRARY.umi(reads), 40_000.0)
    best = truth(depth, cells).max()
    assert truth(found.best.depth, found.best.cells) >= best - 0.03
    assert found.best.bits.low < truth(found.best.depth, found.best.cells) < found.best.bits.high
    assert found.best.cost <= budget and found.best.bits.value == pytest.approx(best, abs=0.1)
    near = cells[truth(depth, cells) >= 0.95 * best]
    assert found.nearly_cells[0] == pytest.approx(near.min(), rel=0.35)
    assert found.nearly_cells[1] == pytest.approx(near.max(), rel=0.35)


@given(budget=st.floats(100, 1e6), more=st.floats(1.0, 5.0))
@settings(max_examples=25, deadline=None)
def test_more_money_never_means_fewer_bits(curve, ahead, budget, more):
    less, larger = (spend(curve, amount, COSTS, LIBRARY, ahead).best for amount in (budget, budget * more))
    assert larger.bits.value >= less.bits.value - 1e-12


@given(budget=st.floats(100, 1e6))
@settings(max_examples=25, deadline=None)
def test_iso_cost_is_iso_cost(curve, ahead, budget):
    line = spend(curve, budget, COSTS, LIBRARY, ahead).iso_cost
    cells, reads, cost, depth = (np.array(v) for v in (line.cells, line.reads, line.cost, line.depth))
    assert np.all(cost <= budget * (1 + 1e-9)) and COSTS.total(cells, reads) == pytest.approx(cost)
    free = depth < 0.999 * min(40_000.0, LIBRARY.complexity)
    assert cost[free] == pytest.approx(budget) and LIBRARY.umi(reads) == pytest.approx(depth)
    assert np.all(np.diff(depth) <= 1e-6)
    assert np.all(np.array(line.low) <= line.bits) and np.all(np.array(line.bits) <= line.high)


def test_a_poor_library_bounds_depth(curve, ahead):
    found = spend(curve, 1e6, COSTS, Library(500.0, 0.6), ahead)
    assert found.best.depth <= 500 and "The library holds no more than 500" in found.sentence
    assert "library" in found.at_edge


def test_rules_of_thumb_stand_beside_it_with_their_source(curve, ahead):
    found = spend(curve, 20_000.0, COSTS, LIBRARY, ahead, genes=5000)
    sources = " ".join(line.sentence for line in found.rules)
    assert "Svensson" in sources and "Zhang" in sources and "20,000 reads per cell" in sources
    for line in found.rules:
        assert line.design is None or line.design.cost <= 20_000.0
    assert found.rules[-1].design.reads == 5000


def test_what_the_law_may_not_be_asked_is_labelled(curve, ahead):
    found = spend(curve, 1e9, COSTS, Library(np.inf, 0.6), ahead)
    assert found.at_edge and "as far as the law may be asked" in found.sentence
    assert found.best.bits.beyond == pytest.approx(10.0) and not found.best.bits.extrapolated


def test_without_a_library_the_assumption_is_said(curve, ahead):
    assert "0.5 UMI per read assumed" in spend(curve, 3000.0, COSTS, None, ahead).sentence


@pytest.mark.parametrize(("budget", "message"), [(1.0, "buys no design"), (0.0, "above 0"), (np.nan, "above 0")])
def test_no_feasible_budget_is_refused(curve, ahead, budget, message):
    with pytest.raises(UsageError, match=message):
        spend(curve, budget, COSTS, LIBRARY, ahead)


def test_a_budget_needs_sizes(curve_table):
    with pytest.raises(InputError, match="at least 4 different training sizes; the table has 1"):
        spend(measured(curve_table()), 1000.0, COSTS)
