import numpy as np
import pytest

from noiselaw.probes.label_net import LabelNet
from noiselaw.probes.pair_net import PairNet, Schedule, _gradient, contrast


def _numeric(value, weights, epsilon=1e-3):
    for array in weights:
        flat = array.reshape(-1)
        for position in range(0, len(flat), max(len(flat) // 4, 1)):
            kept = flat[position]
            flat[position] = kept + epsilon
            above = value()
            flat[position] = kept - epsilon
            below = value()
            flat[position] = kept
            yield (above - below) / (2 * epsilon)


def _picked(gradient):
    for array in gradient:
        flat = array.reshape(-1)
        yield from (flat[position] for position in range(0, len(flat), max(len(flat) // 4, 1)))


def test_gradient_of_the_pair_networks_is_the_slope():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)).astype("f4"), rng.normal(size=(40, 4)).astype("f4")
    schedule = Schedule(hidden=5, outputs=3)
    net = PairNet.start(3, 4, np.array([0.5, 0.2]), np.array([0.1, 0.1]), schedule, rng)
    weights = [w.astype("f8") + 0.1 * rng.normal(size=w.shape) for w in net.weights]
    net = PairNet.of(weights)
    x, y = x.astype("f8"), y.astype("f8")

    def value():
        return contrast(net.features_x(x) @ net.features_y(y).T)[0]

    # the gradient is computed in single precision
    assert list(_picked(_gradient(net, x, y))) == pytest.approx(list(_numeric(value, weights)), abs=2e-4)


def test_gradient_of_the_label_network_is_the_slope():
    rng = np.random.default_rng(1)
    start = LabelNet.start(3, 4, 6, rng)
    net = LabelNet(tuple(w.astype("f8") + 0.1 * rng.normal(size=w.shape) for w in start.weights))
    x, odds, labels = rng.normal(size=(30, 3)), rng.normal(size=(30, 4)), rng.integers(0, 4, 30)

    def value():
        return net.log_probability(x, odds, labels).mean()

    slopes = list(_numeric(value, list(net.weights)))
    assert list(_picked(net.gradient(x, odds, labels))) == pytest.approx(slopes, abs=1e-6)


def test_networks_start_at_the_base():
    rng = np.random.default_rng(2)
    net = PairNet.start(2, 2, np.array([1.0]), np.array([0.5]), Schedule(), rng)
    x, y = rng.normal(size=(5, 2)).astype("f4"), rng.normal(size=(5, 2)).astype("f4")
    u, v = x[:, :1], y[:, :1]
    expected = u @ v.T - 0.25 * u**2 - 0.25 * (v**2).T
    assert net.features_x(x) @ net.features_y(y).T == pytest.approx(expected, abs=1e-5)
