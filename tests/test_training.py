import math

import pytest

torch = pytest.importorskip("torch")

from noiselaw.randomness import generator  # noqa: E402
from noiselaw.training import Stopping, batches, train  # noqa: E402


class Counter(torch.nn.Module):
    """A model whose weight is the number of epochs that it was trained."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.modes = []

    def epoch(self, epoch):
        assert self.training
        with torch.no_grad():
            self.weight += 1
        return 1.0 / (epoch + 1)

    def losses(self, curve):
        def validate():
            self.modes.append(self.training)
            assert not torch.is_grad_enabled()
            return curve[int(self.weight.item()) - 1]

        return validate


#: A curve known to overfit: best at epoch 3.
OVERFITS = [3.0, 2.0, 1.0, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]


def test_the_best_weights_are_restored_and_not_referred_to():
    model = Counter()
    history = train(model, model.epoch, model.losses(OVERFITS), Stopping(max_epochs=10, patience=4))
    assert model.weight.item() == 3
    assert (history.best_epoch, history.epochs, history.stop_reason) == (3, 7, "patience")
    assert history.curves["validation_loss"] == tuple(OVERFITS[:7])
    assert len(history.curves["train_loss"]) == 7
    assert not model.training


def test_the_last_weights_are_kept_on_request():
    model = Counter()
    history = train(model, model.epoch, model.losses(OVERFITS), Stopping(max_epochs=10, patience=4, keep="last"))
    assert model.weight.item() == 7
    assert history.best_epoch == 3
    assert history.notes["weights"] == "last"


def test_the_best_of_a_training_that_ran_out_of_epochs_is_restored():
    model = Counter()
    history = train(model, model.epoch, model.losses(OVERFITS), Stopping(max_epochs=5, patience=9))
    assert model.weight.item() == 3
    assert (history.stop_reason, history.epochs) == ("max_epochs", 5)


def test_equal_losses_are_no_improvement():
    model = Counter()
    history = train(model, model.epoch, model.losses([1.0] * 9), Stopping(max_epochs=9, patience=2))
    assert (history.best_epoch, history.epochs) == (1, 3)


def test_validation_may_be_rarer_and_patience_still_counts_epochs():
    model = Counter()
    history = train(model, model.epoch, model.losses(OVERFITS), Stopping(max_epochs=10, patience=4, every=2))
    assert history.curves["validation_loss"] == (2.0, 1.5, 3.5, 5.5)
    assert (history.best_epoch, history.epochs, history.stop_reason) == (4, 8, "patience")
    assert model.weight.item() == 4


def test_the_last_epoch_is_always_validated():
    model = Counter()
    history = train(model, model.epoch, model.losses(OVERFITS), Stopping(max_epochs=3, patience=9, every=2))
    assert history.curves["validation_loss"] == (2.0, 1.0)
    assert (history.best_epoch, history.epochs) == (3, 3)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_training_that_diverges_leaves_the_best_weights_before(keep):
    model = Counter()
    history = train(model, model.epoch, model.losses([2.0, 1.0, math.nan]), Stopping(9, 9, keep))
    assert history.stop_reason == "diverged"
    assert model.weight.item() == 2


def test_a_training_that_diverges_at_once_leaves_the_weights_it_began_with():
    model = Counter()
    assert train(model, model.epoch, model.losses([math.inf]), Stopping()).best_epoch == 0
    assert model.weight.item() == 0


@pytest.mark.parametrize("as_published", [False, True])
def test_dropout_is_off_while_validating_unless_asked(as_published):
    model = Counter()
    train(model, model.epoch, model.losses([1.0, 2.0]), Stopping(2, 9), validate_in_training_mode=as_published)
    assert model.modes == [as_published] * 2


def test_batches_visit_every_row_once():
    parts = list(batches(10, 4, generator(0, "batches")))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert sorted(row for part in parts for row in part) == list(range(10))
