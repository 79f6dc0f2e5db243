import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from noiselaw.errors import InputError
from noiselaw.probes.scores import SCORES, score


def labelled(n=600, distance=2.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    return distance * rng.normal(size=(3, 5))[labels] + rng.normal(size=(n, 5)), labels


@pytest.mark.parametrize("name", ["knn", "logistic"])
def test_labels_are_predicted(name):
    found = score(*labelled(), name)
    assert found.measure == "accuracy"
    assert found.chance + 10 * found.standard_error < found.value <= 1
    assert found.n_pairs == 600


@pytest.mark.parametrize("name", ["knn", "logistic"])
def test_labels_that_have_nothing_to_do_with_x_are_guessed(name):
    x, labels = labelled()
    found = score(np.random.default_rng(1).permutation(x), labels, name)
    assert found.value == pytest.approx(found.chance, abs=0.08)


def test_variance_explained_is_that_of_sklearn_on_held_out_pairs():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 4))
    y = x[:, :2] + rng.normal(size=(2000, 2))
    found = score(x, y, "ridge")
    expected = r2_score(y[1000:], RidgeCV().fit(x[:1000], y[:1000]).predict(x[1000:]))
    assert found.measure == "r2"
    assert found.value == pytest.approx(expected, abs=4 * found.standard_error)
    assert found.value == pytest.approx(0.5, abs=4 * found.standard_error)


def test_scores_are_not_clipped():
    rng = np.random.default_rng(0)
    assert score(rng.normal(size=(100, 30)), rng.normal(size=100), "ridge").value < 0.05


@pytest.mark.parametrize("name", SCORES.names())
def test_the_same_seed_gives_the_same_score_and_groups_stay_together(name):
    x, labels = labelled(200)
    y = labels if SCORES.get(name).predicts == "labels" else x[:, :1] + labels[:, None]
    assert score(x, y, name, seed=4) == score(x, y, name, seed=4)
    groups = np.repeat(np.arange(40), 5)
    assert score(x, y, name, groups=groups).value == pytest.approx(score(x, y, name).value, abs=0.15)


def test_repeated_observations_in_one_group_are_not_predicted_from_each_other():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(100, 20)), 4, axis=0) + 1e-3 * rng.normal(size=(400, 20))
    labels, groups = np.repeat(rng.integers(0, 2, 100), 4), np.repeat(np.arange(100), 4)
    assert score(x, labels, "knn").value > 0.6
    assert score(x, labels, "knn", groups=groups).value == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("name", SCORES.names())
def test_bad_input_is_one_sentence(name):
    x, labels = labelled(100)
    y = labels if SCORES.get(name).predicts == "labels" else x.copy()
    wrong = x if SCORES.get(name).predicts == "labels" else labels
    with pytest.raises(InputError, match=f"The score '{name}' predicts .* Scores that can: "):
        score(x, wrong, name)
    with pytest.raises(InputError, match="X must be finite"):
        score(x * np.nan, y, name)
    with pytest.raises(InputError, match="X has 99 and Y has 100"):
        score(x[1:], y, name)
    with pytest.raises(InputError, match="one of them is constant"):
        score(x * 0, y, name)
