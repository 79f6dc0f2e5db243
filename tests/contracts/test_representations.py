"""Every representation keeps the contract."""

import json
from dataclasses import MISSING, FrozenInstanceError, fields, replace

import numpy as np
import pytest
from scipy import sparse

from noiselaw.errors import InputError
from noiselaw.optional import mend_torchvision
from noiselaw.prepare import GeneSelection
from noiselaw.randomness import generator
from noiselaw.represent import REPRESENTATIONS, Representation, Wrapped
from noiselaw.represent.base import Encoder
from noiselaw.testing import check_representation


def needs_files(name):
    """Say whether its own tests make what it needs: images, or options without a default (weights, embeddings)."""
    strategy = REPRESENTATIONS.get(name)
    without = any(f.default is MISSING and f.default_factory is MISSING for f in fields(strategy))
    return without or getattr(strategy, "takes", "") == "image"


#: Pretrained models, whose weights a test saves as a user would find them.
PRETRAINED = ["geneformer", "scgpt"]
NAMES = [name for name in REPRESENTATIONS.names() if not needs_files(name)] + PRETRAINED
SIZES = [3, 40, 120]
#: Options with which slow representations keep the contract as well, faster.
QUICK = {
    "scvi": {"n_hidden": 16, "max_epochs": 2, "device": "cpu"},
    "txformer": {"layers": 1, "dims": 8, "heads": 2, "feed_forward": 8, "least_steps": 4, "epochs": 1, "device": "cpu"},
}
#: Libraries that some of them need.
NEEDS = {"scvi": "scvi", "txformer": "torch", "geneformer": "transformers", "scgpt": "safetensors"}
#: The genes that a pretrained model knows, of those of the cells.
KNOWN = [f"g{i}" for i in range(40)]


def save_geneformer(folder):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    genes = {name: f"ENSG{i:011d}" for i, name in enumerate(KNOWN)}
    tables = {
        "token_dictionary": {name: i for i, name in enumerate(["<pad>", "<mask>", *genes.values()])},
        "gene_median_dictionary": dict.fromkeys(genes.values(), 1.5),
        "gene_name_id_dict": genes,
    }
    (folder / "geneformer_dicts.json").write_text(json.dumps(tables))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.BertConfig(
            vocab_size=42, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8,
            max_position_embeddings=20, pad_token_id=0,
        )  # fmt: skip
        transformers.BertForMaskedLM(config).save_pretrained(folder)


def save_scgpt(folder):
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    from noiselaw.represent.foundation_scgpt import Network

    config = {"embsize": 8, "nheads": 2, "d_hid": 8, "nlayers": 2, "n_bins": 11}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        safetensors.save_file(Network(43, config).state_dict(), folder / "model.safetensors")
    (folder / "args.json").write_text(json.dumps(config))
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(KNOWN)}))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Save small models of the true architectures, random weights; return their options by name."""
    mend_torchvision()
    folders = {name: tmp_path_factory.mktemp(name) for name in PRETRAINED}
    save_geneformer(folders["geneformer"])
    save_scgpt(folders["scgpt"])
    few = {"geneformer": {}, "scgpt": {"max_tokens": 12}}
    return {name: {"weights": str(folder), "device": "cpu", **few[name]} for name, folder in folders.items()}


@pytest.fixture(params=NAMES)
def representation(request) -> Representation:
    if request.param in NEEDS:
        mend_torchvision()
        pytest.importorskip(NEEDS[request.param])
    options = (
        request.getfixturevalue("weights")[request.param] if request.param in PRETRAINED else QUICK.get(request.param)
    )
    return REPRESENTATIONS.build(request.param, options)


@pytest.fixture
def cells(representation):
    """Training and held-out cells as the representation takes them; one of each is empty."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(0.5, 2.0, size=50) * np.exp(rng.normal(size=(160, 1))), size=(160, 50))
    counts[[0, 150]] = 0
    noisy = sparse.csr_matrix(counts)
    fitted = GeneSelection(n_genes=30).fit(noisy, np.arange(120), np.array([f"g{i}" for i in range(50)]))
    whole = fitted.as_view(fitted.apply(noisy, np.array([f"c{i}" for i in range(160)])), representation.takes)
    return whole.take(slice(120)), whole.take(slice(120, 160))


def tolerance(representation):
    """Networks compute in single precision, with sums that follow the shape of a batch."""
    return 1e-5 if representation.accelerated else 1e-9


def values(encoder, prepared):
    return encoder.embed(prepared).values


def test_it_passes_the_public_check(representation, cells):
    check_representation(representation, cells, tolerance=tolerance(representation))


def test_its_name_survives_a_round_trip(representation):
    table = REPRESENTATIONS.describe(representation, all_options=True)
    assert REPRESENTATIONS.build(table.pop("kind"), table) == representation


def test_it_is_frozen(representation):
    for field in fields(representation):
        with pytest.raises(FrozenInstanceError):
            setattr(representation, field.name, None)


def test_the_same_seed_gives_the_same_numbers(representation, cells):
    train, test = cells
    one, two = (values(representation.fit(train, generator(5, "fit")), test) for _ in range(2))
    assert np.array_equal(one, two)


def test_sizes_together_are_sizes_alone(representation, cells):
    train, test = cells
    for size, encoder in zip(SIZES, representation.fit_sizes(train, SIZES, generator(5, "fit")), strict=True):
        alone = representation.fit(train.take(slice(size)), generator(5, "fit"))
        assert np.array_equal(values(encoder, test), values(alone, test))


def test_an_embedding_is_finite_with_a_row_for_each_observation(representation, cells):
    train, test = cells
    embedded = values(representation.fit(train, generator(5, "fit")), test)
    assert embedded.shape[0] == len(test)
    assert embedded.shape[1] >= 1
    assert np.isfinite(embedded).all()


def test_rows_keep_their_order(representation, cells):
    train, test = cells
    encoder = representation.fit(train, generator(5, "fit"))
    order = np.random.default_rng(0).permutation(len(test))
    expected, close = values(encoder, test)[order], tolerance(representation)
    np.testing.assert_allclose(values(encoder, test.take(order)), expected, rtol=close, atol=close)


def test_held_out_observations_do_not_depend_on_their_company(representation, cells):
    train, test = cells
    encoder = representation.fit(train, generator(5, "fit"))
    expected, close = values(encoder, test)[:3], tolerance(representation)
    np.testing.assert_allclose(values(encoder, test.take(slice(3))), expected, rtol=close, atol=close)


def test_sparse_and_dense_give_the_same(representation, cells):
    train, test = cells
    dense = [replace(part, values=part.values.toarray()) for part in cells]
    one = values(representation.fit(train, generator(5, "fit")), test)
    two = values(representation.fit(dense[0], generator(5, "fit")), dense[1])
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_the_input_is_untouched(representation, cells):
    before = [part.values.copy() for part in cells]
    values(representation.fit(cells[0], generator(5, "fit")), cells[1])
    for part, copy in zip(cells, before, strict=True):
        assert (part.values != copy).nnz == 0


def test_its_history_says_why_it_stopped(representation, cells):
    encoder = representation.fit(cells[0], generator(5, "fit"))
    assert isinstance(encoder, Encoder)
    assert encoder.history.stop_reason


def test_what_it_does_not_take_is_refused(representation, cells):
    with pytest.raises(InputError, match=f"takes '{representation.takes}'; got 'image'"):
        representation.fit(replace(cells[0], view="image"), generator(5, "fit"))
    for size in (1, 121):
        with pytest.raises(InputError, match=f"between 2 and the 120 training observations; got {size}"):
            representation.fit_sizes(cells[0], [size], generator(5, "fit"))


class Broken:
    """Embeds some observations as NaN, or forgets some."""

    def __init__(self, forgets):
        self.forgets = forgets

    def fit(self, x):
        pass

    def transform(self, x):
        return x[1:] if self.forgets else np.where(np.arange(len(x))[:, None] == 2, np.nan, x)


@pytest.mark.parametrize(
    ("forgets", "message"),
    [(False, "1 of 40 rows have NaN .* first that of c122"), (True, "one row for each of the 40")],
)
@pytest.mark.parametrize("representation", [REPRESENTATIONS.build("none")])
def test_a_broken_embedding_is_refused(cells, forgets, message):
    encoder = Wrapped(Broken(forgets)).fit(cells[0], generator(5, "fit"))
    with pytest.raises(InputError, match=message):
        encoder.embed(cells[1])
