import json

import numpy as np
import pytest
from scipy import sparse

from noiselaw.optional import mend_torchvision

torch = pytest.importorskip("torch")
mend_torchvision()
transformers = pytest.importorskip("transformers")

from noiselaw.errors import InputError  # noqa: E402
from noiselaw.prepare import GeneSelection  # noqa: E402
from noiselaw.randomness import generator  # noqa: E402
from noiselaw.records import Prepared  # noqa: E402
from noiselaw.represent import REPRESENTATIONS, Geneformer  # noqa: E402
from noiselaw.sweep import Study  # noqa: E402

GENES = [f"ENSG{i:011d}" for i in range(1, 13)]
SYMBOLS = {f"SYM{i}": gene for i, gene in enumerate(GENES)}


def dictionaries(special=False):
    names = ["<pad>", "<mask>", *(["<cls>", "<eos>"] if special else []), *GENES]
    medians = {gene: 1.0 + 0.5 * i for i, gene in enumerate(GENES)}
    return {
        "token_dictionary": {name: i for i, name in enumerate(names)},
        "gene_median_dictionary": medians,
        "gene_name_id_dict": SYMBOLS,
    }


def save(folder, n_tokens, positions=32, seed=0):
    """Save a small BERT of random weights as a user would find it."""
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=n_tokens, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=positions, pad_token_id=0,
    )  # fmt: skip
    transformers.BertForMaskedLM(config).save_pretrained(folder)


@pytest.fixture(params=[False, True], ids=["first version", "with cls and eos"])
def folder(request, tmp_path):
    tables = dictionaries(request.param)
    save(tmp_path, len(tables["token_dictionary"]))
    (tmp_path / "geneformer_dicts.json").write_text(json.dumps(tables))
    return tmp_path


def cells(names=None, n=6, seed=0):
    names = np.array([*SYMBOLS, "UNKNOWN"] if names is None else names)
    counts = np.random.default_rng(seed).poisson(1.5, size=(n, len(names)))
    counts[2] = 0
    x = sparse.csr_matrix(counts, dtype=np.float32)
    return Prepared("counts", x, np.arange(n).astype(str), names, counts.sum(axis=1).astype(float))


def embed(folder, prepared, **options):
    encoder = Geneformer(str(folder), **options).fit(prepared, generator(0, "fit"))
    return encoder, encoder.embed(prepared)


def by_hand(folder, prepared, layer=2):
    """Tokens one cell at a time, as the published tools make them, through transformers itself."""
    tables = json.loads((folder / "geneformer_dicts.json").read_text())
    token, median, names = (tables[name] for name in tables)
    model = transformers.BertForMaskedLM.from_pretrained(folder).eval()
    special = "<cls>" in token
    rows = []
    for row in prepared.values.toarray():
        known = [j for j, name in enumerate(prepared.features) if names.get(name) in token and row[j]]
        genes = [names[str(prepared.features[j])] for j in known]
        scaled = np.array([row[j] / median[gene] for j, gene in zip(known, genes, strict=True)])
        ids = [token[genes[i]] for i in np.argsort(-scaled, kind="stable")]
        if not ids:
            rows.append(np.zeros(16))
            continue
        ids = [token["<cls>"], *ids, token["<eos>"]] if special else ids
        with torch.no_grad():
            states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[layer][0]
        rows.append((states[1:-1] if special else states).mean(0).numpy())
    return np.array(rows)


def test_it_is_the_second_to_last_layer_of_the_published_tokens(folder):
    prepared = cells()
    encoder, embedding = embed(folder, prepared, batch=4)
    np.testing.assert_allclose(embedding.values, by_hand(folder, prepared), rtol=1e-4, atol=1e-5)
    assert encoder.history.notes["genes_in_vocabulary"] == "12 of 13 genes (92 %)"
    assert encoder.history.stop_reason == "zero-shot: nothing trained"
    assert embedding.notes["cells_without_a_known_gene"] == 1
    _, last = embed(folder, prepared, layer=0)
    np.testing.assert_allclose(last.values, by_hand(folder, prepared, layer=3), rtol=1e-4, atol=1e-5)


def test_symbols_and_ensembl_ids_with_versions_are_the_same(folder):
    prepared = cells(list(SYMBOLS))
    ids = np.array([f"{gene}.{i}" for i, gene in enumerate(GENES)])
    other = Prepared("counts", prepared.values, prepared.names, ids, prepared.library_size)
    assert np.array_equal(embed(folder, prepared)[1].values, embed(folder, other)[1].values)


def test_counts_of_one_gene_under_two_names_are_added(folder):
    one = cells([*list(SYMBOLS)[:5]])
    doubled = sparse.hstack([one.values, one.values], format="csr")
    names = np.array([*list(SYMBOLS)[:5], *GENES[:5]])
    two = Prepared("counts", doubled, one.names, names, 2 * one.library_size)
    np.testing.assert_allclose(embed(folder, one)[1].values, embed(folder, two)[1].values, rtol=1e-6)


def test_long_cells_are_cut_and_rows_are_their_own(folder):
    prepared = cells()
    _, cut = embed(folder, prepared, max_tokens=5)
    _, whole = embed(folder, prepared)
    assert not np.allclose(cut.values, whole.values)
    encoder, _ = embed(folder, prepared)
    alone = encoder.embed(prepared.take(np.array([3]))).values
    np.testing.assert_allclose(alone, whole.values[3:4], rtol=1e-5, atol=1e-6)


def test_the_cls_token_where_there_is_one(folder):
    prepared = cells()
    if "<cls>" in json.loads((folder / "geneformer_dicts.json").read_text())["token_dictionary"]:
        assert embed(folder, prepared, pool="cls")[1].values.shape == (6, 16)
    else:
        with pytest.raises(InputError, match="has no <cls> token. Use pool"):
            embed(folder, prepared, pool="cls")


def test_dictionaries_can_be_files_of_their_own(folder, tmp_path_factory):
    prepared, apart = cells(), tmp_path_factory.mktemp("dictionaries")
    tables = json.loads((folder / "geneformer_dicts.json").read_text())
    for name, table in tables.items():
        (apart / f"{name}_gc30M.json").write_text(json.dumps(table))
    expected = embed(folder, prepared)[1].values
    assert np.array_equal(embed(folder, prepared, dictionaries=str(apart))[1].values, expected)
    together = folder / "geneformer_dicts.json"
    assert np.array_equal(embed(folder, prepared, dictionaries=str(together))[1].values, expected)


def test_what_is_missing_is_named(folder, tmp_path_factory):
    prepared, empty = cells(), tmp_path_factory.mktemp("empty")
    with pytest.raises(InputError, match="there is no folder '/nowhere'. Pass one, or a hub id"):
        embed("/nowhere", prepared)
    with pytest.raises(
        InputError, match=r"dictionary: looked for .* which has no files. They are published as pickles"
    ):
        embed(empty, prepared)
    with pytest.raises(InputError, match="None of the 2 genes is in the vocabulary of Geneformer; the first is 'Actb'"):
        embed(folder, cells(["Actb", "Gapdh"]))
    with pytest.raises(InputError, match="has 3 layers; got layer = -4"):
        embed(folder, prepared, layer=-4)
    (folder / "half.json").write_text(json.dumps({"token_dictionary": {}}))
    with pytest.raises(InputError, match="lack gene_median_dictionary, gene_name_id_dict"):
        embed(folder, prepared, dictionaries=str(folder / "half.json"))
    (folder / "half.json").write_text("no json")
    with pytest.raises(InputError, match=r"half.json could not be read as JSON"):
        embed(folder, prepared, dictionaries=str(folder / "half.json"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="Geneformer's weights: looked for model.safetensors"):
        embed(folder, prepared)


def test_weights_of_another_model_are_refused(folder):
    from safetensors.torch import load_file, save_file

    prepared, path = cells(), folder / "model.safetensors"
    tensors = load_file(path)
    save_file({name: x for name, x in tensors.items() if "layer.1.attention" not in name}, path, {"format": "pt"})
    with pytest.raises(InputError, match=r"lack \d+ tensors of a Geneformer, first bert.encoder.layer.1"):
        embed(folder, prepared)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="could not be read as a Geneformer"):
        embed(folder, prepared)
    save(folder, 5)
    with pytest.raises(InputError, match="tokens up to 1., the model only 5"):
        embed(folder, prepared)


def test_a_hub_that_gives_nothing_is_told(monkeypatch):
    import huggingface_hub

    def refuse(repo, **_):
        raise OSError(f"offline, so no {repo}\nand more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(InputError, match=r"the hub gave no such model \(offline, so no someone/model\)"):
        embed("someone/model", cells())


def test_a_hub_id_is_fetched(folder, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repo, allow_patterns: str(folder))
    prepared = cells()
    assert np.array_equal(embed("someone/model", prepared)[1].values, embed(folder, prepared)[1].values)


def test_relative_paths_are_taken_from_the_study_files_folder(folder):
    prepared = cells()
    expected = embed(folder, prepared)[1].values
    (folder / "apart.json").write_text((folder / "geneformer_dicts.json").read_text())
    apart = Geneformer(folder.name, dictionaries=f"{folder.name}/apart.json", folder=str(folder.parent))
    assert np.array_equal(apart.fit(prepared, generator(0, "fit")).embed(prepared).values, expected)
    study = (
        'levels = [1.0]\n[data]\npath = "cells.h5ad"\n[[signals]]\nkind = "labels"\ncolumn = "kind"\n'
        f'[[models]]\nkind = "geneformer"\nweights = "{folder.name}"\n'
    )
    (model,) = Study.from_toml(study, folder.parent).models
    assert model == Geneformer(folder.name, folder=str(folder.parent))
    assert REPRESENTATIONS.label(model) == f"geneformer(weights={folder.name})"


def test_other_weights_are_another_revision(folder):
    model = Geneformer(str(folder))
    before = model.revision
    assert Geneformer(folder.name, folder=str(folder.parent)).revision == before
    save(folder, 20, seed=1)
    assert model.revision != before
    assert Geneformer("someone/model").revision == "1"


def test_no_progress_is_shown_beside_the_sweeps_own(folder, capfd):
    embed(folder, cells())
    assert capfd.readouterr().err == ""
    assert transformers.utils.logging.is_progress_bar_enabled()


def test_a_sweep_loads_and_embeds_once_for_all_sizes(folder):
    prepared = cells()
    one, two = Geneformer(str(folder)).fit_sizes(prepared, [2, 4], generator(0, "fit"))
    assert one.embed(prepared).values is two.embed(prepared).values


def test_the_published_dictionaries_and_real_cells(real_data, tmp_path):
    """All genes of real cells through the whole path: prepare, published dictionaries, a model of random weights."""
    anndata = pytest.importorskip("anndata")
    tables = real_data("foundation_model_dicts/geneformer_dicts.json.gz")
    data = anndata.read_h5ad(real_data("scrna_pbmc_facs_sorted2140.h5ad"))[:30]
    save(tmp_path, 25426, positions=512)
    selection = GeneSelection(n_genes="all", min_counts=0)
    fitted = selection.fit(data.X, np.arange(20), data.var_names.to_numpy().astype(str))
    prepared = fitted.apply(data.X, data.obs_names.to_numpy().astype(str))
    encoder, embedding = embed(tmp_path, prepared, dictionaries=str(tables))
    assert embedding.values.shape == (30, 16)
    known = int(encoder.history.notes["genes_in_vocabulary"].split()[0])
    assert 0.8 * data.n_vars < known <= data.n_vars
    assert embedding.notes["tokens_per_cell"] > 200
