import numpy as np
import pytest
from scipy.optimize import least_squares

from noiselaw.fit.minimise import minimise
from noiselaw.randomness import generator

X = np.linspace(0, 3, 12)


def problem(bits):
    return lambda q, rows: q[0][:, None] * np.exp(-q[1][:, None] * X) - bits


@pytest.mark.parametrize("seed", range(5))
def test_is_scipys_minimum_within_bounds(seed):
    rng = generator(seed, "minimise")
    bits = rng.uniform(0.5, 2) * np.exp(-rng.uniform(0.2, 2) * X) + 0.05 * rng.standard_normal(len(X))
    lower, upper = np.array([0.0, 0.0]), np.array([1.0, 5.0])
    found = minimise(problem(bits), np.array([[0.5, 0.9], [0.5, 2.0]]), lower, upper)
    theirs = least_squares(
        lambda q: q[0] * np.exp(-q[1] * X) - bits, [0.5, 0.5], bounds=(lower, upper), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    assert found.converged.all()
    assert found.q[:, 0] == pytest.approx(theirs.x, rel=1e-6, abs=1e-8)
    assert found.cost[0] == pytest.approx(2 * theirs.cost, rel=1e-9)


def test_searches_of_different_problems_do_not_disturb_one_another():
    targets = np.stack([2.0 * np.exp(-0.5 * X), 0.3 * np.exp(-2.0 * X)])
    found = minimise(
        lambda q, rows: q[0][:, None] * np.exp(-q[1][:, None] * X) - targets[rows],
        np.ones((2, 2)),
        np.zeros(2),
        np.full(2, 10.0),
    )
    assert found.q == pytest.approx(np.array([[2.0, 0.3], [0.5, 2.0]]), rel=1e-6)


def test_a_start_that_cannot_be_evaluated_loses_and_is_not_converged():
    bits = np.exp(-X)

    def broken(q, rows):
        return np.where(q[0][:, None] > 5, np.nan, problem(bits)(q, rows))

    found = minimise(broken, np.array([[1.0, 9.0], [1.0, 1.0]]), np.zeros(2), np.full(2, 10.0))
    assert found.converged.tolist() == [True, False]
    assert np.argmin(found.cost) == 0
