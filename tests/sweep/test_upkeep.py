from dataclasses import replace

import pandas as pd
import pytest

from noiselaw.cli import main
from noiselaw.errors import StoreError
from noiselaw.signals import Labels
from noiselaw.simulate import Cells
from noiselaw.sweep import Store, Study, collect, run
from noiselaw.sweep.upkeep import clean, merge, verify


def study_of(cells, **options):
    defaults = {"levels": [0.1, 1.0], "sizes": [300], "seeds": 1, "models": ["pca"], "signals": [Labels("cell_type")]}
    return Study(data=cells, **{**defaults, **options})


def test_a_check_finds_a_flipped_bit_and_puts_the_piece_aside(cells, tmp_path, capsys):
    table = run(study_of(cells), tmp_path / "s")
    store = Store.open(tmp_path / "s")
    assert not verify(store).damaged
    key = next(iter(store.keys("embeddings")))
    path = store.path("embeddings", key) / "values.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert main(["verify", str(tmp_path / "s")]) == 3
    said = capsys.readouterr().out
    assert f"embeddings/{key}" in said
    assert f"Next: noiselaw run {tmp_path / 's' / 'study.toml'}" in said
    assert main(["verify", str(tmp_path / "s"), "--json"]) == 0
    pd.testing.assert_frame_equal(run(study_of(cells), tmp_path / "s"), table)


def test_a_check_finds_a_piece_without_its_body(cells, tmp_path):
    run(study_of(cells), tmp_path / "s")
    store = Store.open(tmp_path / "s")
    key = next(iter(store.keys("embeddings")))
    (store.path("embeddings", key) / "piece.json").unlink()
    assert verify(store).damaged == (f"embeddings/{key}",)
    assert not verify(store).damaged


def test_cleaning_frees_what_can_be_made_again_and_keeps_every_measurement(cells, tmp_path, capsys):
    table = run(study_of(cells), tmp_path / "s")
    store = Store.open(tmp_path / "s")
    assert clean(store) == 0  # a finished run has freed its conditions itself
    freed = clean(store, embeddings=True)
    assert freed > 10_000
    assert not store.keys("embeddings")
    pd.testing.assert_frame_equal(collect(store), table)
    more = run(study_of(cells, signals=[Labels("cell_type"), Labels("donor")]), tmp_path / "s")
    pd.testing.assert_frame_equal(more[more["signal"] == "cell_type"].reset_index(drop=True), table)
    assert main(["clean", str(tmp_path / "s")]) == 0
    assert "Every measurement is kept" in capsys.readouterr().out


def test_stores_of_one_data_set_join(cells, tmp_path):
    run(study_of(cells, levels=[0.1]), tmp_path / "one")
    run(study_of(cells, levels=[1.0]), tmp_path / "two")
    one, two = Store.open(tmp_path / "one"), Store.open(tmp_path / "two")
    assert merge(one, [two]) > 0
    assert merge(one, [two]) == 0
    pd.testing.assert_frame_equal(collect(one), run(study_of(cells), tmp_path / "whole"))


def test_what_is_known_of_the_truth_joins_too(tmp_path):
    data = Cells(n_cells=300, n_genes=60, n_types=3, seed=1)
    for name, levels in (("one", [0.1]), ("two", [1.0])):
        options = {"levels": levels, "sizes": 1, "seeds": 1, "models": ["pca"]}
        run(Study(data=data, signals=[Labels("cell_type")], **options), tmp_path / name)
    merge(Store.open(tmp_path / "one"), [Store.open(tmp_path / "two")])
    assert sorted(pd.read_parquet(tmp_path / "one" / "truth.parquet")["level"]) == [0.1, 1.0]


def test_a_good_measurement_takes_the_place_of_a_failed_one(cells, tmp_path):
    for name in ("one", "two"):
        run(study_of(cells), tmp_path / name)
    one, two = Store.open(tmp_path / "one"), Store.open(tmp_path / "two")
    key = sorted(one.keys("measurements"))[0]
    piece = one.read("measurements", key)
    one.remove("measurements", key)
    row = {**piece.body["row"], "status": "failed", "bits": None, "reason": "its worker was killed"}
    one.write("measurements", key, {**piece.body, "row": row})
    assert merge(one, [two]) == 1
    pd.testing.assert_frame_equal(collect(one), collect(two))
    assert merge(two, [one]) == 0


def test_stores_of_other_data_do_not_join(cells, tmp_path):
    counts = cells.observations.copy()
    counts.data[0] += 1
    run(study_of(cells), tmp_path / "one")
    run(study_of(replace(cells, observations=counts)), tmp_path / "two")
    with pytest.raises(StoreError, match="measures other data"):
        merge(Store.open(tmp_path / "one"), [Store.open(tmp_path / "two")])
    with pytest.raises(StoreError, match="nothing to merge"):
        merge(Store.open(tmp_path / "one"), [Store.create(tmp_path / "empty")])


def test_stores_that_measure_one_thing_in_two_ways_do_not_join(cells, tmp_path):
    run(study_of(cells), tmp_path / "one")
    run(study_of(cells, preparation={"kind": "cells", "n_genes": 50}), tmp_path / "two")
    one = Store.open(tmp_path / "one")
    before = one.keys("measurements")
    with pytest.raises(StoreError, match="in different ways"):
        merge(one, [Store.open(tmp_path / "two")])
    assert one.keys("measurements") == before
    assert len(collect(one)) == 2
