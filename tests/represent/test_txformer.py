from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

torch = pytest.importorskip("torch")

from noiselaw.errors import InputError, UsageError  # noqa: E402
from noiselaw.prepare.ranks import ranked  # noqa: E402
from noiselaw.randomness import generator  # noqa: E402
from noiselaw.records import Prepared  # noqa: E402
from noiselaw.represent import REPRESENTATIONS, Txformer, txformer_training  # noqa: E402
from noiselaw.represent.transformer import Network  # noqa: E402
from noiselaw.represent.txformer_tokens import tokenised  # noqa: E402

SMALL = {"layers": 1, "dims": 16, "heads": 2, "feed_forward": 16, "batch": 16}


def cells(n=120, genes=24, seed=0, empty=()):
    """Cells of two kinds, each with genes of its own on top."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(2, size=n)
    rates = np.where((np.arange(genes) % 2) == kind[:, None], 2.0, 0.2)
    counts = rng.poisson(rates)
    counts[list(empty)] = 0
    x = sparse.csr_matrix(counts, dtype=np.float32)
    names = np.arange(genes).astype(str)
    prepared = Prepared("counts", x, np.arange(n).astype(str), names, counts.sum(axis=1))
    return ranked(prepared, np.ones(genes)), kind


def fit(prepared, seed=1, **options):
    return Txformer(**{**SMALL, "least_steps": 6, "epochs": 2, **options}).fit(prepared, generator(seed, "fit"))


def test_tokens_are_genes_by_rank_and_no_more_than_the_window():
    prepared, _ = cells(empty=[1])
    found = tokenised(prepared.values, 5)
    dense = prepared.values.toarray()
    for row in (0, 1, 2, 50):
        order = [int(np.flatnonzero(dense[row] == rank)[0]) for rank in range(1, int(dense[row].max(initial=0)) + 1)]
        assert found.tokens[found.starts[row] : found.starts[row + 1]].tolist() == order[:5]
    assert found.lengths[1] == 0


def test_training_lowers_the_loss_and_tells_kinds_apart():
    prepared, kind = cells(300)
    encoder = fit(prepared, least_steps=300, learning_rate=5e-3, patience=20)
    losses = encoder.history.curves["validation_loss"]
    assert min(losses) < losses[0] - 0.05
    values = encoder.embed(prepared).values
    assert values.shape == (300, 16)
    middle = [values[kind == k].mean(axis=0) for k in (0, 1)]
    nearer = np.argmin([((values - m) ** 2).sum(axis=1) for m in middle], axis=0)
    assert (nearer == kind).mean() > 0.95


def test_the_same_seed_gives_the_same_numbers_whatever_torch_drew_before():
    prepared, _ = cells()
    torch.manual_seed(5)
    one = fit(prepared).embed(prepared).values
    torch.manual_seed(6)
    before = torch.get_rng_state()
    two = fit(prepared).embed(prepared).values
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(one, two)
    assert not np.array_equal(one, fit(prepared, seed=2).embed(prepared).values)


def test_presets_set_what_is_left_open():
    corrected, published = Txformer().settled, Txformer(preset="as_published").settled
    assert (corrected.pads, corrected.dropout_lasts, corrected.keep) == ("ignored", True, "best")
    assert (published.pads, published.dropout_lasts, published.keep) == ("tokens", False, "last")
    assert (published.epochs, published.validate_every, published.patience) == (10_000, 1000, 1)
    assert Txformer(preset="as_published", pads="ignored").settled.pads == "ignored"
    assert REPRESENTATIONS.label(Txformer(preset="as_published")) == "txformer(preset=as_published)"


def test_as_published_drops_out_until_the_first_validation_and_ends_within_the_warm_up(monkeypatch):
    modes = []
    loss = Network.loss
    monkeypatch.setattr(Network, "loss", lambda net, batch: modes.append(net.training) or loss(net, batch))
    prepared, _ = cells(100)
    options = {"epochs": None, "least_steps": None, "validate_every": 3, "most_steps": 20}
    encoder = fit(prepared, preset="as_published", **options)
    assert modes[:3] == [True] * 3
    assert not any(modes[3:])
    notes, rates = encoder.history.notes, encoder.history.curves["learning_rate"]
    assert notes["steps_of_the_schedule"] == 10_000 * 5
    assert notes["steps"] == min(20, 3 * len(rates))
    steps = np.minimum(20, 3 * np.arange(1, len(rates) + 1))
    np.testing.assert_allclose(rates, 1e-4 * steps / 5000, rtol=1e-9)
    assert notes["weights"] == "last"


def test_corrected_keeps_dropout_on_and_ends_its_schedule(monkeypatch):
    modes = []
    loss = Network.loss
    monkeypatch.setattr(Network, "loss", lambda net, batch: modes.append(net.training) or loss(net, batch))
    prepared, _ = cells(100)
    encoder = fit(prepared, least_steps=12, validate_every=4, warm_up=0.25)
    assert modes == 3 * ([True] * 4 + [False])
    assert encoder.history.notes["steps_of_the_schedule"] == 12
    np.testing.assert_allclose(encoder.history.curves["learning_rate"], 1e-4 * np.array([1, 5 / 9, 1 / 9]))


@pytest.mark.parametrize("options", [{}, {"preset": "as_published", "validate_every": 3, "epochs": 3}])
def test_empty_cells_are_embedded(options):
    prepared, _ = cells(empty=[0, 7])
    embedding = fit(prepared, **options).embed(prepared)
    assert np.isfinite(embedding.values).all()
    assert embedding.notes["empty_cells"] == 2
    if not options:
        assert not embedding.values[[0, 7]].any()


def test_cells_without_a_gene_are_refused():
    prepared, _ = cells(20, empty=range(1, 20))
    with pytest.raises(InputError, match="at least 2 training cells with one of the selected genes; got 1 of 20"):
        fit(prepared)


def test_few_cells_and_few_genes_are_enough():
    prepared, _ = cells(3, genes=2)
    assert fit(prepared, max_tokens=1, batch="auto").embed(prepared).values.shape == (3, 16)


def test_checkpoints_are_the_networks_of_each_validation():
    prepared, _ = cells()
    encoder = fit(prepared, checkpoints=True, least_steps=9, validate_every=3, keep="last")
    losses = encoder.history.curves["validation_loss"]
    assert [one.history.notes["validation_loss"] for one in encoder.checkpoints] == list(losses)
    assert [one.history.notes["steps"] for one in encoder.checkpoints] == [3 * (i + 1) for i in range(len(losses))]
    first, last = (encoder.checkpoints[i].embed(prepared).values for i in (0, -1))
    assert not np.array_equal(first, last)
    assert np.array_equal(last, encoder.embed(prepared).values)
    assert fit(prepared).checkpoints == ()


class Full:
    """A device on which more than so many cells of a batch do not fit."""

    def __init__(self, monkeypatch, room):
        self.room = room
        for name in ("loss", "pooled"):
            monkeypatch.setattr(Network, name, self.limited(getattr(Network, name)))

    def limited(self, work):
        def limited(network, batch, *layer):
            if sum(number for number, _ in batch.groups) > self.room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return work(network, batch, *layer)

        return limited


def test_where_memory_runs_out_batches_are_halved_and_it_says_so(monkeypatch):
    prepared, _ = cells()
    whole = fit(prepared, dropout=0.0)
    expected = whole.embed(prepared).values
    assert "memory" not in whole.history.notes
    Full(monkeypatch, 5)
    halved = fit(prepared, dropout=0.0)
    embedding = halved.embed(prepared)
    assert "memory ran out" in halved.history.notes["memory"]
    assert "memory ran out" in embedding.notes["memory"]
    np.testing.assert_allclose(embedding.values, expected, rtol=1e-3, atol=1e-4)
    Full(monkeypatch, 0)
    with pytest.raises(InputError, match="too little memory for a single observation"):
        fit(prepared)


def test_padded_and_masked_as_on_a_gpu_the_numbers_are_the_same(monkeypatch):
    prepared, _ = cells(empty=[3])
    packed = fit(prepared, dropout=0.0).embed(prepared).values
    monkeypatch.setattr(txformer_training, "_layout", lambda recipe: "masked")
    np.testing.assert_allclose(fit(prepared, dropout=0.0).embed(prepared).values, packed, rtol=1e-3, atol=1e-4)


def test_bfloat16_is_used_where_asked_for():
    prepared, _ = cells()
    one, two = (fit(prepared, precision=precision) for precision in ("float32", "bfloat16"))
    assert two.history.notes["precision"] == "bfloat16"
    np.testing.assert_allclose(one.embed(prepared).values, two.embed(prepared).values, atol=0.1)


def test_the_second_to_last_layer_is_the_last_of_a_network_without_its_last():
    prepared, _ = cells(empty=[3])
    last = fit(prepared, layers=2, checkpoints=True)
    before = last.at_layer(-1)
    np.testing.assert_array_equal(
        fit(prepared, layers=2, layer=-1).embed(prepared).values, before.embed(prepared).values
    )
    assert len(before.checkpoints) == len(last.checkpoints) > 0
    assert not np.allclose(before.embed(prepared).values, last.embed(prepared).values)
    last.trained.network.layers = last.trained.network.layers[:1]
    np.testing.assert_array_equal(before.at_layer(0).embed(prepared).values, last.embed(prepared).values)
    assert not last.embed(prepared).values[3].any()


@pytest.mark.parametrize("layer", [-2, 1])
def test_a_layer_that_is_not_there_is_refused(layer):
    with pytest.raises(UsageError, match=r"layer"):
        Txformer(layers=2, layer=layer)
    prepared, _ = cells()
    with pytest.raises(UsageError, match=rf"layer must be 0 \(the last\) to 0 \(the first\) .* got {layer}"):
        fit(prepared).at_layer(layer)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(UsageError, match="dims must be a multiple of heads; got 100 and 3"):
        Txformer(dims=100, heads=3)
    with pytest.raises(UsageError, match="learning_rate"):
        REPRESENTATIONS.build("txformer", {"learning_rate": 0})
    prepared, _ = cells()
    with pytest.raises(UsageError, match="There is no device 'cuda' on this machine|device"):
        fit(prepared, device="cuda:99")
    with pytest.raises(InputError, match="takes 'ranks'; got 'counts'"):
        fit(replace(prepared, view="counts"))


@pytest.mark.parametrize("options", [{}, {"batch": "auto"}, {"preset": "as_published", "epochs": 3, "least_steps": 1}])
def test_a_brief_training_knows_how_long_the_whole_one_is(options):
    prepared, _ = cells()
    model = Txformer(**{**SMALL, "least_steps": 6, "epochs": 2, **options})
    short, cost, whole = model.brief(120, 1)
    assert short.fit(prepared, generator(1, "fit")).history.notes["steps"] == cost == 4
    assert model.fit(prepared, generator(1, "fit")).history.notes["steps_of_the_schedule"] == whole
    assert replace(model, most_steps=5).brief(120, 9)[1:] == (5, 5)


def test_fewer_cells_than_a_batch():
    prepared, _ = cells(30)
    notes = fit(prepared, batch="auto").history.notes
    assert notes["batch"] == "one batch of all 24 cells trained on, fewer than the usual 32"
    assert "batch" not in fit(prepared, batch=24).history.notes
    with pytest.raises(InputError, match='batch = 25 needs as many cells to train on; got 24 .* or batch = "auto"'):
        fit(prepared, batch=25)
