import numpy as np
import pytest

from noiselaw.probes.critic import Critic
from noiselaw.probes.exchangeable import may_be_exchangeable, on_one_scale, turned_round


def _two_cells_of_a_clone(n, rng, d=10, k=4, share=0.5):
    """Both read the same state through the same mixing, each with noise of its own."""
    mixing = np.linalg.qr(np.random.default_rng(1).normal(size=(d, d)))[0]
    state = rng.normal(size=(n, k)) @ mixing[:k]
    return tuple(np.sqrt(share) * state + np.sqrt(1 - share) * rng.normal(size=(n, d)) for _ in range(2))


def _scaled(x, y):
    return on_one_scale(x, y, np.arange(len(x)))


def test_two_cells_of_a_clone_may_be_turned_round():
    assert may_be_exchangeable(*_scaled(*_two_cells_of_a_clone(500, np.random.default_rng(0))))


@pytest.mark.parametrize("change", [lambda y: y + 1.0, lambda y: 1e6 * y], ids=["other means", "other units"])
def test_means_and_units_do_not_matter(change):
    x, y = _two_cells_of_a_clone(500, np.random.default_rng(0))
    assert may_be_exchangeable(*_scaled(x, change(y)))
    plain, changed = (Critic(n_folds=3).estimate(*pair).bits for pair in ((x, y), (x, change(y))))
    assert changed == pytest.approx(plain, abs=0.02)


@pytest.mark.parametrize(
    "change",
    [lambda y: y[:, ::-1], lambda y: y[:, :-1], lambda y: np.zeros_like(y), lambda y: np.exp(y)],
    ids=["other columns", "fewer columns", "constant", "another distribution"],
)
def test_sides_that_differ_may_not(change):
    x, y = _two_cells_of_a_clone(500, np.random.default_rng(0))
    assert not may_be_exchangeable(*_scaled(x, change(y)))


def test_one_column_is_never_turned_round():
    x = np.random.default_rng(0).normal(size=(500, 1))
    assert not may_be_exchangeable(x, x)


def test_unrelated_sides_are_seldom_taken_for_exchangeable():
    rng = np.random.default_rng(2)
    taken = [may_be_exchangeable(rng.normal(size=(300, 12)), rng.normal(size=(300, 12))) for _ in range(20)]
    assert np.mean(taken) < 0.5


def test_turning_round_keeps_each_pair_and_its_mirror_image():
    x, y = np.arange(6.0).reshape(3, 2), -np.arange(6.0).reshape(3, 2)
    one, two = turned_round(x, y)
    assert np.array_equal(one[:3], x) and np.array_equal(two[:3], y)
    assert np.array_equal(one[3:], y) and np.array_equal(two[3:], x)


def test_pairs_taken_both_ways_read_more_and_still_a_bound():
    truth = 4 * -0.5 * np.log2(1 - 0.5**2)
    gained = []
    for seed in range(3):
        x, y = _two_cells_of_a_clone(300, np.random.default_rng([3, seed]))
        both = Critic(n_folds=4).estimate(x, y)
        turned = np.linalg.qr(np.random.default_rng(4).normal(size=(10, 10)))[0]
        # the same information, but the columns of Y are no longer those of X
        one_way = Critic(n_folds=4).estimate(x, y @ turned)
        assert both.diagnostics["mirrored_folds"] >= 3
        assert one_way.diagnostics["mirrored_folds"] == 0
        assert both.bits < truth + 3 * both.standard_error
        gained.append(both.bits - one_way.bits)
    assert np.mean(gained) > 0.02


def test_shuffled_cells_of_clones_read_nothing():
    rng = np.random.default_rng(5)
    x, y = _two_cells_of_a_clone(600, rng)
    estimate = Critic(n_folds=4).estimate(x, y[rng.permutation(600)])
    assert estimate.bits == pytest.approx(0, abs=3 * estimate.standard_error + 0.005)


def test_x_of_as_many_columns_as_y_and_of_others_read_as_they_do_alone():
    x, y = _two_cells_of_a_clone(400, np.random.default_rng(6))
    embeddings = [x, x[:, :6], 3 * x + 1]
    together = Critic(n_folds=3).estimate_many(embeddings, 5 * y)
    alone = [Critic(n_folds=3).estimate(one, 5 * y) for one in embeddings]
    assert [one.bits for one in together] == [one.bits for one in alone]
