"""Networks through a whole sweep, beside models that cannot be fitted there."""

import json

import pytest

torch = pytest.importorskip("torch")

from noiselaw.optional import mend_torchvision  # noqa: E402
from noiselaw.simulate import cells  # noqa: E402
from noiselaw.sweep import Study, run  # noqa: E402

SMALL = {"layers": 1, "dims": 16, "heads": 2, "feed_forward": 16, "epochs": 1, "least_steps": 5, "device": "cpu"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    mend_torchvision()
    transformers = pytest.importorskip("transformers")
    (folder / "model").mkdir()
    genes = {f"gene_{i:05d}": f"ENSG{i:011d}" for i in range(50, 90)}
    tokens = {"<pad>": 0, "<mask>": 1, **{gene: i + 2 for i, gene in enumerate(genes.values())}}
    tables = dict.fromkeys(genes.values(), 1.0)
    dictionaries = {"token_dictionary": tokens, "gene_median_dictionary": tables, "gene_name_id_dict": genes}
    (folder / "model" / "geneformer_dicts.json").write_text(json.dumps(dictionaries))
    config = transformers.BertConfig(
        vocab_size=42, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    transformers.BertForMaskedLM(config).save_pretrained(folder / "model")
    study = Study(
        data=cells(n_cells=400, n_genes=100, depth=500.0, n_types=4, separation=1.0).dataset,
        signals=[{"kind": "labels", "column": "cell_type"}],
        levels=[1e-5, 1.0],
        sizes=[100, 200],
        seeds=1,
        models=[
            {"kind": "random_projection_ranks", "dims": 8},
            {"kind": "txformer", **SMALL},
            {"kind": "txformer", "preset": "as_published", "validate_every": 2, "most_steps": 4, **SMALL, "epochs": 9},
            {"kind": "geneformer", "weights": str(folder / "model")},
            {"kind": "geneformer", "weights": str(folder / "elsewhere")},
        ],
        probes=["classifier"],
        preparation={"kind": "cells", "n_genes": "all", "min_counts": 0},
    )
    return run(study, folder / "study")


def rows(table, text, level):
    return table[table["representation"].str.contains(text, regex=False) & (table["level"] == level)]


@pytest.mark.parametrize("text", ["random_projection_ranks", "txformer(layers=1", "as_published", "/model"])
def test_a_network_is_measured_at_every_size(table, text):
    found = rows(table, text, 1.0)
    assert len(found) == 2
    assert (found["status"] != "failed").all(), list(found["reason"])
    assert found["bits"].notna().all()


def test_facts_of_the_training_stand_in_the_row(table):
    trained = json.loads(rows(table, "txformer(layers=1", 1.0)["diagnostics"].iloc[0])["training"]
    assert trained["steps_of_the_schedule"] >= 5
    assert trained["device"] == "cpu"
    known = json.loads(rows(table, "/model", 1.0)["diagnostics"].iloc[0])["training"]
    assert known["genes_in_vocabulary"] == "40 of 100 genes (40 %)"


def test_what_fails_is_a_row_that_says_why(table):
    failed = rows(table, "elsewhere", 1.0)
    assert (failed["status"] == "failed").all()
    assert failed["reason"].str.contains("there is no folder").all()
    empty = rows(table, "txformer(layers=1", 1e-5)
    assert (empty["status"] == "failed").all()
    assert empty["reason"].str.contains("held-out observations are empty at level 1e-05, so there is nothing").all()
