import json

import numpy as np
import pytest
from scipy import sparse

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from torch import nn  # noqa: E402

from noiselaw.errors import InputError  # noqa: E402
from noiselaw.randomness import generator  # noqa: E402
from noiselaw.records import Prepared  # noqa: E402
from noiselaw.represent import ScGPT  # noqa: E402
from noiselaw.represent.foundation_scgpt import Network  # noqa: E402
from noiselaw.represent.scgpt import binned  # noqa: E402

GENES = [f"G{i}" for i in range(12)]
CONFIG = {"embsize": 16, "nheads": 2, "d_hid": 32, "nlayers": 2, "n_bins": 51, "pad_value": -2, "pad_token": "<pad>"}


class Published(nn.Module):
    """The published network, part by part, with heads that an embedding does not pass through."""

    def __init__(self, n_tokens, dims=16):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.embedding, self.encoder.enc_norm = nn.Embedding(n_tokens, dims), nn.LayerNorm(dims)
        self.value_encoder = nn.Module()
        self.value_encoder.linear1, self.value_encoder.linear2 = nn.Linear(1, dims), nn.Linear(dims, dims)
        self.value_encoder.norm = nn.LayerNorm(dims)
        layer = nn.TransformerEncoderLayer(dims, 2, 32, 0.2, batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = nn.Module()
        self.decoder.fc = nn.Sequential(nn.Linear(dims, dims), nn.LeakyReLU(), nn.Linear(dims, 1))
        self.flag_encoder = nn.Embedding(2, dims)

    def encode(self, tokens, values):
        value = self.value_encoder
        x = value.norm(value.linear2(torch.relu(value.linear1(values.unsqueeze(-1).clamp(max=512)))))
        return self.transformer_encoder(self.encoder.enc_norm(self.encoder.embedding(tokens)) + x)


def fast(state):
    """Name tensors as a model with fast attention does."""
    return {name.replace("self_attn.in_proj_", "self_attn.Wqkv."): tensor for name, tensor in state.items()}


def save(folder, as_torch=False, rename=fast, n_tokens=15, config=CONFIG):
    torch.manual_seed(0)
    model = Published(n_tokens).eval()
    state = rename({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    if as_torch:
        torch.save(state, folder / "best_model.pt")
    else:
        safetensors.save_file(state, folder / "model.safetensors")
    (folder / "args.json").write_text(json.dumps(config))
    (folder / "vocab.json").write_text(json.dumps({gene: i for i, gene in enumerate(GENES)}))
    return model


def cells(names=(*GENES, "UNKNOWN"), n=6, seed=0):
    names = np.array(names)
    counts = np.random.default_rng(seed).poisson(1.5, size=(n, len(names)))
    counts[2] = 0
    x = sparse.csr_matrix(counts, dtype=np.float32)
    return Prepared("counts", x, np.array([f"c{i}" for i in range(n)]), names, counts.sum(axis=1).astype(float))


def embed(folder, prepared, **options):
    encoder = ScGPT(str(folder), **options).fit(prepared, generator(0, "fit"))
    return encoder, encoder.embed(prepared)


def by_hand(model, prepared, pool):
    rows = []
    for row in prepared.values.toarray()[:, :12]:
        genes = np.flatnonzero(row)
        if not len(genes):
            rows.append(np.zeros(16))
            continue
        tokens = torch.tensor([[13, *genes]])  # <pad> is 12, <cls> 13, <eoc> 14
        values = torch.tensor([[-2.0, *np.digitize(row[genes], np.quantile(row[genes], np.linspace(0, 1, 50)))]])
        with torch.no_grad():
            last = model.encode(tokens, values)[0]
        one = (last[0] if pool == "cls" else last[1:].mean(0)).numpy()
        rows.append(one / np.linalg.norm(one))
    return np.array(rows)


@pytest.mark.parametrize("pool", ["cls", "mean"])
@pytest.mark.parametrize("as_torch", [False, True], ids=["safetensors", "state dict of torch"])
def test_it_is_the_published_network(tmp_path, pool, as_torch):
    model, prepared = save(tmp_path, as_torch), cells()
    encoder, embedding = embed(tmp_path, prepared, pool=pool, ties="together", batch=4)
    np.testing.assert_allclose(embedding.values, by_hand(model, prepared, pool), rtol=1e-4, atol=1e-5)
    assert encoder.history.notes["genes_in_vocabulary"] == "12 of 13 genes (92 %)"
    assert encoder.history.notes["tensors_of_heads_left"] == 5
    assert embedding.notes["cells_without_a_known_gene"] == 1


def test_names_of_tensors_are_torchs_or_those_of_fast_attention(tmp_path):
    prepared, found = cells(), []
    for rename in (fast, dict, lambda state: {f"module.{name}": tensor for name, tensor in state.items()}):
        save(tmp_path, rename=rename)
        found.append(embed(tmp_path, prepared)[1].values)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_equal_counts_are_spread_over_the_bins_that_they_fill():
    counts = np.array([1.0] * 60 + [2.0] * 30 + [5.0] * 10)
    together = binned(counts, 51, None)
    spread = binned(counts, 51, np.random.default_rng(0))
    assert set(together) == set(np.digitize(np.unique(counts), np.quantile(counts, np.linspace(0, 1, 50))))
    assert len(set(spread[:60])) > 20
    assert spread[:60].max() <= spread[60:90].min()
    assert spread[60:90].max() <= spread[90:].min()
    assert 0 <= spread.min()
    assert spread.max() <= 50
    assert binned(np.array([3.0]), 51, None).tolist() == [50.0]


def test_ties_and_long_cells_are_drawn_for_each_cell_alone(tmp_path):
    save(tmp_path)
    prepared = cells()
    encoder, whole = embed(tmp_path, prepared, max_tokens=5)
    alone = encoder.embed(prepared.take(np.array([4, 1]))).values
    np.testing.assert_allclose(alone, whole.values[[4, 1]], rtol=1e-5, atol=1e-6)
    assert np.array_equal(embed(tmp_path, prepared, max_tokens=5)[1].values, whole.values)
    other = ScGPT(str(tmp_path), max_tokens=5).fit(prepared, generator(1, "fit")).embed(prepared).values
    assert not np.allclose(other, whole.values)
    assert not np.allclose(embed(tmp_path, prepared)[1].values, whole.values)


def test_lengths_are_kept_where_asked_for(tmp_path):
    save(tmp_path)
    prepared = cells()
    unit, raw = (embed(tmp_path, prepared, normalise=normalise)[1].values for normalise in (True, False))
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(unit[[0, 1, 3, 4, 5]], (raw / np.maximum(lengths, 1e-9))[[0, 1, 3, 4, 5]], rtol=1e-5)
    assert not np.allclose(lengths[lengths > 0], 1.0)


def test_values_can_be_categories(tmp_path):
    config = {**CONFIG, "input_emb_style": "category", "pad_value": 51}
    save(tmp_path, config=config)
    net = Network(15, config)
    safetensors.save_file(dict(net.state_dict()), tmp_path / "model.safetensors")
    values = embed(tmp_path, cells())[1].values
    assert np.isfinite(values).all()
    assert values[0].any()
    (tmp_path / "args.json").write_text(json.dumps({**config, "input_emb_style": "scaling"}))
    with pytest.raises(InputError, match="must be continuous or category; got 'scaling'"):
        embed(tmp_path, cells())


class NotATensor:
    """What only unpickling would make."""


def test_a_file_that_holds_more_than_tensors_is_never_unpickled(tmp_path):
    save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"model": NotATensor()}, tmp_path / "best_model.pt")
    with pytest.raises(InputError, match=r"holds no plain tensors that can be read safely .* Save the weights as saf"):
        embed(tmp_path, cells())
    torch.save({"model_state_dict": {"a": torch.ones(1)}}, tmp_path / "best_model.pt")
    with pytest.raises(InputError, match="must hold a state dict of tensors by name"):
        embed(tmp_path, cells())
    (tmp_path / "best_model.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no plain tensors"):
        embed(tmp_path, cells())


def without(part):
    return lambda state: {name: tensor for name, tensor in fast(state).items() if part not in name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rename": without("linear1.weight")}, "lack 3 tensors of an scGPT with these settings, first transf"),
        ({"config": {**CONFIG, "nlayers": 1}}, "have 12 tensors that an scGPT with these settings has not, first"),
        ({"n_tokens": 20}, r"encoder.embedding.weight has shape \(20, 16\); .* ask for \(15, 16\)"),
        ({"config": {"embsize": 16}}, "args.json lacks nheads, d_hid, nlayers"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path, change, message):
    save(tmp_path, **change)
    with pytest.raises(InputError, match=message):
        embed(tmp_path, cells())


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match="scGPT weights: there is no folder '/nowhere'"):
        embed("/nowhere", cells())
    with pytest.raises(InputError, match=r"settings: looked for args.json in .*, which has no files"):
        embed(tmp_path, cells())
    save(tmp_path)
    with pytest.raises(InputError, match="None of the 2 genes is in the vocabulary of scGPT; the first is 'Actb'"):
        embed(tmp_path, cells(["Actb", "Gapdh"]))
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(InputError, match="scGPT's vocabulary: looked for vocab.json"):
        embed(tmp_path, cells())
    save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"Weights of scGPT: looked for \*.safetensors or \*.pt"):
        embed(tmp_path, cells())


def test_the_published_vocabulary_and_real_cells(real_data, tmp_path):
    anndata = pytest.importorskip("anndata")
    data = anndata.read_h5ad(real_data("scrna_pbmc_facs_sorted2140.h5ad"))[:30]
    vocabulary = real_data("foundation_model_dicts/scgpt_default_gene_vocab.json.gz")
    save(tmp_path, n_tokens=48_292 + 3)
    x = sparse.csr_matrix(data.X, dtype=np.float32)
    size = np.asarray(x.sum(axis=1)).ravel()
    prepared = Prepared("counts", x, data.obs_names.to_numpy().astype(str), data.var_names.to_numpy().astype(str), size)
    encoder, embedding = embed(tmp_path, prepared, vocabulary=str(vocabulary), max_tokens=300)
    assert np.isfinite(embedding.values).all()
    known = int(encoder.history.notes["genes_in_vocabulary"].split()[0])
    assert 0.8 * data.n_vars < known <= data.n_vars
