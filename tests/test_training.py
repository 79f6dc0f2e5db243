import math

import pytest

torch = pytest.importorskip("torch")

from noiselaw.errors import InputError, UsageError  # noqa: E402
from noiselaw.randomness import generator  # noqa: E402
from noiselaw.training import Fitting, Stopping, batches, choose_device, train  # noqa: E402


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


@pytest.mark.parametrize(("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_takes_the_first_device_there_is(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device() == chosen
    assert choose_device("cpu") == "cpu"


def test_a_device_is_taken_as_told_or_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("cuda:1") == "cuda:1"
    with pytest.raises(UsageError, match="no device 'cuda:2' on this machine, which has cuda, cpu"):
        choose_device("cuda:2")
    with pytest.raises(UsageError, match="no device 'mps'"):
        choose_device("mps")
    for unknown in ("gpu", "cuda:x", "cpu:1"):
        with pytest.raises(UsageError, match=f"must be auto, cpu, mps, cuda or cuda:N; got '{unknown}'"):
            choose_device(unknown)


class Device:
    """Holds so many rows at once."""

    def __init__(self, room, error=torch.OutOfMemoryError):
        self.room, self.error, self.done, self.restarts = room, error, [], 0

    def work(self, part):
        if part.stop - part.start > self.room:
            raise self.error("MPS backend out of memory" if self.error is RuntimeError else "")
        self.done.extend(range(part.start, part.stop))

    def restart(self):
        self.done, self.restarts = [], self.restarts + 1


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_where_memory_runs_out_batches_are_halved_and_stay_so(error):
    fitting, device = Fitting(), Device(9, error)
    fitting.run(32, device.work, device.restart)
    assert device.done == list(range(32))
    assert (fitting.parts, device.restarts) == (4, 3)
    fitting.run(31, device.work, device.restart)
    assert device.done == list(range(31))
    assert device.restarts == 4
    assert fitting.note == "memory ran out: every batch was computed in 4 parts"


def test_a_batch_that_fits_is_whole():
    fitting, device = Fitting(), Device(32)
    fitting.run(32, device.work, device.restart)
    assert (fitting.parts, fitting.note) == (1, "")


def test_an_observation_that_does_not_fit_and_other_failures_are_told():
    with pytest.raises(InputError, match="too little memory for a single observation"):
        Fitting().run(5, Device(0).work, lambda: None)

    def broken(part):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        Fitting().run(5, broken, lambda: None)
