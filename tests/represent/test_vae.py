"""scVI: the same steps as scvi-tools takes on the same batches, and what surrounds them."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from noiselaw.errors import InputError, UsageError
from noiselaw.optional import mend_torchvision
from noiselaw.randomness import draw_seed, generator
from noiselaw.records import Prepared
from noiselaw.registry import checked
from noiselaw.represent import REPRESENTATIONS, VAE

torch = pytest.importorskip("torch")
mend_torchvision()
pytest.importorskip("scvi", reason="scvi-tools is absent")

QUICK = VAE(n_latent=4, n_hidden=16, batch=64, max_epochs=6, device="cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small networks run many times slower where threads wait for one another on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def cells(n=200, genes=30, depth=3.0, seed=0):
    """Counts of two kinds of cells; the first cell is empty."""
    rng = np.random.default_rng(seed)
    kinds = np.exp(rng.normal(size=(2, genes)))
    counts = rng.poisson(depth * kinds[np.arange(n) % 2] / kinds.mean())
    counts[0] = 0
    return prepared(counts)


def prepared(counts):
    names = [np.array([f"{letter}{i}" for i in range(size)]) for letter, size in zip("cg", counts.shape, strict=True)]
    values = sparse.csr_array(counts.astype(np.float32))
    return Prepared("counts", values, *names, np.asarray(counts.sum(axis=1), dtype=float))


def fitted(options=QUICK, train=None, seed=5):
    return options.fit(cells() if train is None else train, generator(seed, "fit"))


class EachEpoch:
    """Scvi-tools' own loader, with the order of cells of each epoch given."""

    def __init__(self, manager, order, batch):
        self.manager, self.order, self.batch = manager, order, batch

    def __len__(self):
        return -(-len(self.order()) // self.batch)

    def __iter__(self):
        from scvi.dataloaders import AnnDataLoader

        # A generator of its own: torch's loader would draw from the one that dropout draws from.
        own = torch.Generator().manual_seed(0)
        return iter(
            AnnDataLoader(self.manager, indices=self.order(), batch_size=self.batch, shuffle=False, generator=own)
        )


def by_scvi_tools(options, train, seed):
    """Train by scvi-tools' model, loader, plan and trainer, on the batches that the package takes."""
    import anndata
    import scvi

    from noiselaw.represent.vae_training import divide

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    rng = generator(draw_seed(generator(seed, "fit")), "fit")
    fit_rows, stop_rows = divide(len(train), options.batch, rng)
    weights = draw_seed(rng)
    orders = [fit_rows[rng.permutation(len(fit_rows))] for _ in range(options.max_epochs)]
    adata = anndata.AnnData(sparse.csr_matrix(train.values))
    scvi.model.SCVI.setup_anndata(adata)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(weights)
        model = scvi.model.SCVI(
            adata,
            n_latent=options.n_latent,
            n_hidden=options.n_hidden,
            n_layers=options.n_layers,
            dropout_rate=options.dropout,
            gene_likelihood=options.likelihood,
        )
        plan = scvi.train.TrainingPlan(model.module, n_epochs_kl_warmup=options.kl_warmup)
        trainer = scvi.train.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=options.max_epochs,
            early_stopping=True,
            early_stopping_patience=options.patience,
            enable_progress_bar=False,
        )
        rows = (lambda: orders[min(plan.current_epoch, options.max_epochs - 1)], lambda: stop_rows)
        loaders = [EachEpoch(model.adata_manager, order, options.batch) for order in rows]
        trainer.fit(plan, *loaders)
    model.module.eval()
    model.is_trained_ = True
    history = {name: frame.iloc[:, 0].astype(float).to_numpy() for name, frame in trainer.logger.history.items()}
    return model, history


@pytest.mark.filterwarnings("ignore")  # Lightning's advice about loaders, threads and its own future
@pytest.mark.parametrize(
    "options",
    [
        VAE.as_published(n_latent=4, n_hidden=16, batch=64, max_epochs=5, device="cpu"),
        replace(QUICK, likelihood="nb", n_layers=2, kl_warmup=2, keep="last", max_epochs=3),
    ],
    ids=["as published", "negative binomial"],
)
def test_on_the_same_batches_it_is_scvi_tools(options):
    train = cells()
    model, theirs = by_scvi_tools(options, train, seed=5)
    ours = fitted(options, train)
    np.testing.assert_allclose(ours.history.curves["train_loss"], theirs["train_loss"], rtol=1e-4)
    np.testing.assert_allclose(ours.history.curves["validation_loss"], theirs["elbo_validation"], rtol=1e-4)
    np.testing.assert_allclose(ours.history.curves["kl"], theirs["kl_local_validation"], rtol=1e-3)
    np.testing.assert_allclose(ours.embed(train).values, model.get_latent_representation(), atol=2e-4)


def test_batches_are_those_of_scvi_tools_loader():
    import anndata
    import scvi

    from noiselaw.represent.zinb import Counts

    train = cells()
    adata = anndata.AnnData(sparse.csr_matrix(train.values))
    scvi.model.SCVI.setup_anndata(adata)
    order = np.random.default_rng(0).permutation(len(train))
    loader = EachEpoch(scvi.model.SCVI(adata).adata_manager, lambda: order, 64)
    counts = Counts(sparse.csr_matrix(train.values))
    for position, theirs in enumerate(loader):
        ours = counts.batch(order[64 * position : 64 * (position + 1)])
        assert torch.equal(ours.dense, theirs["X"])
        assert torch.equal(ours.dense.view(-1)[ours.where], ours.counts)


@pytest.mark.parametrize("likelihood", ["zinb", "nb"])
def test_the_likelihood_and_its_gradients_are_scvi_tools(likelihood):
    from scvi.distributions import NegativeBinomial, ZeroInflatedNegativeBinomial

    from noiselaw.represent.zinb import Counts, nb_loss, zinb_loss

    draw = torch.Generator().manual_seed(0)
    counts = cells(60).values
    batch = Counts(sparse.csr_matrix(counts)).batch(np.arange(60))
    mean, logits = (torch.rand(60, 30, generator=draw).mul(5).requires_grad_() for _ in range(2))
    with torch.no_grad():
        mean[0] = 0.0  # as for an empty cell
    dispersion = torch.exp(torch.randn(30, generator=draw)).requires_grad_()
    if likelihood == "zinb":
        theirs = ZeroInflatedNegativeBinomial(mu=mean, theta=dispersion, zi_logits=logits)
        ours = zinb_loss(batch, mean, dispersion, logits, gradients=True)
        silent = zinb_loss(batch, mean, dispersion, logits, gradients=False)
    else:
        theirs = NegativeBinomial(mu=mean, theta=dispersion)
        ours = nb_loss(batch, mean, dispersion, gradients=True)
        silent = nb_loss(batch, mean, dispersion, gradients=False)
    loss = -theirs.log_prob(batch.dense).sum()
    loss.backward()
    torch.testing.assert_close(ours.loss, loss.detach())
    torch.testing.assert_close(silent.loss, ours.loss)
    assert silent.to_mean is None
    torch.testing.assert_close(ours.to_mean, mean.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.to_dispersion, dispersion.grad, rtol=1e-4, atol=1e-4)
    if likelihood == "zinb":
        torch.testing.assert_close(ours.to_logits, logits.grad, rtol=1e-4, atol=1e-5)


def test_it_finds_the_kinds_of_cells():
    train, test = cells(400), cells(100, seed=0)
    embedded = fitted(replace(QUICK, max_epochs=60), train).embed(test).values
    kinds = np.arange(100)[1:] % 2
    apart = np.abs(np.subtract(*[embedded[1:][kinds == kind].mean(0) for kind in (0, 1)])) / embedded[1:].std(0)
    assert apart.max() > 1.5


def test_a_row_says_how_the_training_went():
    notes = (encoder := fitted()).history.notes
    assert encoder.history.stop_reason == "max_epochs"
    assert encoder.history.epochs == notes["max_epochs"] == 6
    assert encoder.history.best_epoch == notes["kept_epoch"]
    assert notes["kept_validation_loss"] == min(encoder.history.curves["validation_loss"])
    assert notes["kept_validation_loss"] == pytest.approx(notes["kept_reconstruction_loss"] + notes["kept_kl"])
    assert (notes["weights"], notes["kl_warmup"], notes["empty_cells"]) == ("best", 20, 1)
    assert notes["cells_trained_on"] + notes["cells_that_stop"] == 200
    assert {"final_train_loss", "final_validation_loss", "device"} <= set(notes)
    assert {len(curve) for curve in encoder.history.curves.values()} == {6}


def test_it_stops_for_want_of_improvement_and_keeps_what_was_asked_for():
    impatient = replace(QUICK, max_epochs=200, patience=2, learning_rate=0.05, kl_warmup=0)
    best, last = (fitted(replace(impatient, keep=keep)) for keep in ("best", "last"))
    assert best.history.stop_reason == "patience"
    assert best.history.epochs == best.history.best_epoch + 2
    assert best.history.curves == last.history.curves
    assert last.history.notes["kept_epoch"] == last.history.epochs
    assert np.abs(best.embed(cells()).values - last.embed(cells()).values).max() > 1e-3


def test_nobody_elses_random_numbers_change():
    before, legacy = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - that it stays
    fitted(replace(QUICK, max_epochs=1)).embed(cells())
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(legacy, np.random.get_state()[1])  # noqa: NPY002


def test_the_rule_for_epochs_is_scvi_tools():
    from scvi.model._utils import get_max_epochs_heuristic

    from noiselaw.represent.vae import epochs_by_rule

    for n_cells in (114, 20_000, 20_001, 114_070, 3_000_000):
        assert epochs_by_rule(n_cells) == get_max_epochs_heuristic(n_cells)


@pytest.mark.parametrize(("n_cells", "batch"), [(3, 512), (10, 4), (114, 512), (572, 512), (1000, 64), (569, 512)])
def test_cells_are_divided_as_scvi_tools_does(n_cells, batch):
    from noiselaw.represent.vae_training import divide

    fit_rows, stop_rows = divide(n_cells, batch, np.random.default_rng(0))
    assert sorted([*fit_rows, *stop_rows]) == list(range(n_cells))
    assert len(stop_rows) >= max(1, n_cells // 10)
    assert len(fit_rows) % batch not in (1, 2) or len(fit_rows) <= batch


def test_fewer_cells_than_a_usual_batch_are_one_batch_and_the_row_says_so():
    notes = fitted(replace(QUICK, batch="auto")).history.notes
    assert notes["batch"] == "one batch of all 180 cells trained on, fewer than the usual 512"
    assert "batch" not in fitted().history.notes


def test_a_brief_training_knows_how_long_the_whole_one_is():
    assert VAE().brief(5141, 3) == (VAE(max_epochs=3), 3 * 5141, 400 * 5141)
    assert VAE().brief(40_000, 3)[2] == 200 * 40_000
    assert VAE(max_epochs=2).brief(10, 3) == (VAE(max_epochs=2), 20, 20)


def test_fewer_cells_than_a_batch_that_was_asked_for_are_refused():
    fitted(replace(QUICK, batch=180, max_epochs=1))
    words = 'batch = 181 needs as many cells to train on; got 180 .* a smaller batch, or batch = "auto"'
    with pytest.raises(InputError, match=words):
        fitted(replace(QUICK, batch=181))


def test_memory_that_runs_out_is_told(monkeypatch):
    from noiselaw.represent.zinb import Counts

    whole = Counts.batch

    def small(self, rows):
        if len(rows) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, rows)

    monkeypatch.setattr(Counts, "batch", small)
    encoder = fitted(replace(QUICK, max_epochs=2))
    assert encoder.history.notes["memory"] == "memory ran out: every batch was computed in 4 parts"
    assert np.isfinite(encoder.embed(cells()).values).all()


@pytest.mark.parametrize(
    ("train", "options", "words"),
    [
        (cells(2), QUICK, "at least 3 training cells .*; got 2. Ask for a larger training size"),
        (cells(genes=3), QUICK, "4 latent dimensions needs at least as many genes; got 3"),
        (prepared(np.zeros((50, 30))), QUICK, "All 50 training cells are empty"),
        (prepared(np.full((50, 30), 0.5)), QUICK, "whole numbers, none negative"),
        (cells(), replace(QUICK, learning_rate=1e30), "loss stopped being a number in epoch 1"),
        (cells(), replace(QUICK, device="gpu"), "device must be auto, cpu"),
    ],
    ids=["few cells", "few genes", "empty cells", "no counts", "diverged", "device"],
)
def test_what_cannot_be_trained_is_one_sentence(train, options, words):
    with pytest.raises((InputError, UsageError), match=words):
        fitted(options, train)


def test_empty_held_out_cells_are_embedded_alike():
    embedded = fitted().embed(prepared(np.zeros((3, 30)))).values
    assert np.ptp(embedded, axis=0).max() == 0


def test_a_study_file_can_name_it():
    published = REPRESENTATIONS.build("scvi", {"kl_warmup": 400, "keep": "last"})
    assert published == VAE.as_published()
    assert REPRESENTATIONS.build("scvi", {"max_epochs": 10}).max_epochs == 10
    for wrong, words in [({"max_epochs": 0}, "greater than or equal to 1"), ({"n_latnt": 3}, "Nearest: n_latent")]:
        with pytest.raises(UsageError, match=words):
            checked(VAE, wrong, "scvi")


def test_a_sweep_goes_on_where_every_cell_is_empty(tmp_path):
    """At an extreme level no training cell has a molecule left: a failed row says so, another is measured."""
    import pandas as pd

    from noiselaw.records import Dataset
    from noiselaw.signals import Labels
    from noiselaw.sweep import Study, run

    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 240)
    counts = sparse.csr_matrix(rng.poisson(np.where(kinds[:, None] == np.arange(20) % 2, 6.0, 2.0)))
    names = np.array([f"cell{i}" for i in range(240)])
    about = pd.DataFrame({"kind": np.array(["a", "b"])[kinds]}, index=names)
    data = Dataset("cells", counts, names, np.array([f"g{i}" for i in range(20)]), about)
    model = replace(QUICK, max_epochs=40)
    study = Study(data, [Labels("kind")], levels=[1e-9, 1.0], sizes=1, seeds=1, models=[model])
    table = run(study, tmp_path / "out").sort_values("level")
    assert list(table["status"].isin(["ok", "warned"])) == [False, True]
    assert "All 60 held-out observations are empty at level 1e-09" in table["reason"].iloc[0]
    assert table["bits"].iloc[1] > 0.5
