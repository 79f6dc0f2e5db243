"""Signals whose Y is another observation, through a whole sweep."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import InputError
from noiselaw.signals import ClonalRelatives, Labels, SpatialNeighbours
from noiselaw.simulate import Cells
from noiselaw.sweep import Store, Study, load, run
from noiselaw.sweep.grid import lay_out
from noiselaw.sweep.pieces import read_pairs, write_pairs
from noiselaw.sweep.upkeep import verify

CLONAL = ClonalRelatives("clone", "day", 2, 6)
PROFILE = ClonalRelatives("clone", "day", 2, 6, target="profile", components=4)


@pytest.fixture
def tissue(cells):
    """Cells whose clones and whose neighbourhoods are of one type."""
    n = len(cells.names)
    types = cells.annotations["cell_type"].cat.codes.to_numpy()
    rng = np.random.default_rng(5)
    order = np.argsort(types, kind="stable")
    clone = np.empty(n, dtype=object)
    clone[order] = [f"clone{i // 2}" for i in range(n)]
    day = np.empty(n, dtype=int)
    day[order] = np.where(np.arange(n) % 2, 2, 6)
    places = pd.DataFrame(types[:, None] + 0.8 * rng.random((n, 2)), index=cells.names)
    annotations = cells.annotations.assign(clone=clone, day=day)
    return replace(cells, annotations=annotations, matrices={**cells.matrices, "spatial": places})


def study_of(tissue, signals, **options):
    shared = {"levels": [1.0], "sizes": [200], "seeds": 1, "models": [{"kind": "pca", "dims": 2}], "held_out": 0.4}
    shared["probes"] = ["gaussian"]
    return Study(data=tissue, signals=signals, **{**shared, **options})


@pytest.mark.parametrize(
    "signals",
    [
        [CLONAL, replace(PROFILE, components=2)],
        [SpatialNeighbours(block=40), SpatialNeighbours(block=40, target="profile", components=2)],
        [SpatialNeighbours(hold_out="cells"), SpatialNeighbours(hold_out="cells", target="profile", components=2)],
    ],
)
def test_both_targets_are_measured_and_no_pair_straddles_the_split(tissue, tmp_path, signals):
    table = run(study_of(tissue, signals), tmp_path / "s")
    assert (table["status"] != "failed").all()
    assert (table["bits"] > 0.4).all()
    asked = {
        name: json.loads(facts)["target"] for name, facts in zip(table["signal"], table["diagnostics"], strict=True)
    }
    assert asked == {signal.name: signal.target for signal in signals}
    store = Store.open(tmp_path / "s")
    (split,) = (store.read("splits", key).arrays for key in store.keys("splits"))
    for key in store.keys("pairs"):
        pairs = read_pairs(store, key)
        assert set(pairs.rows) | set(pairs.partners) <= set(split["test"])


def test_a_clean_partner_tells_more_than_a_noisy_one(tissue, tmp_path):
    table = run(study_of(tissue, [CLONAL, replace(PROFILE, components=2)], levels=[0.02], seeds=3), tmp_path / "s")
    bits = table.groupby("signal")["bits"].mean()
    assert bits["clonal_profile"] > bits["clonal"] + 0.05


def test_one_clean_profile_serves_every_level_and_model(tissue, tmp_path):
    run(study_of(tissue, [PROFILE]), tmp_path / "s")
    store = Store.open(tmp_path / "s")
    (key,) = store.keys("profiles")
    values = store.read("profiles", key).arrays["values"]
    assert values.shape == (160, 4)
    run(study_of(tissue, [PROFILE], levels=[0.3, 1.0], models=["random_projection"]), tmp_path / "s")
    assert store.keys("profiles") == {key}
    run(study_of(tissue, [PROFILE], seeds=2), tmp_path / "s")
    assert len(store.keys("profiles")) == 2


def test_a_whole_profile_has_every_prepared_feature(tissue, tmp_path):
    raw = replace(PROFILE, components=0, name="")
    options = {"preparation": {"kind": "cells", "n_genes": 30}}
    table = run(study_of(tissue, [raw], **options), tmp_path / "s")
    assert (table["status"] != "failed").all()
    store = Store.open(tmp_path / "s")
    assert store.read("profiles", store.keys("profiles").pop()).arrays["values"].shape == (160, 30)


def test_a_damaged_profile_is_found_and_made_again(tissue, tmp_path):
    study = study_of(tissue, [PROFILE])
    first = run(study, tmp_path / "s")
    store = Store.open(tmp_path / "s")
    (key,) = store.keys("profiles")
    path = store.path("profiles", key) / "values.npy"
    path.write_bytes(path.read_bytes()[:-8] + b"deadbeef")
    assert verify(store).damaged == (f"profiles/{key}",)
    path = store.path("measurements", sorted(store.keys("measurements"))[0])
    store.remove("measurements", path.name)
    again = run(study, tmp_path / "s")
    pd.testing.assert_frame_equal(first, again)
    assert not verify(store).damaged


def test_the_numbers_do_not_depend_on_the_number_of_workers(tissue, tmp_path):
    study = study_of(tissue, [PROFILE, CLONAL])
    one, two = (run(study, tmp_path / f"{workers}", workers=workers) for workers in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_a_profile_that_cannot_be_made_is_a_failed_row_with_its_reason(tissue, tmp_path, monkeypatch):
    def refuse(*_):
        raise InputError("No profile today.")

    monkeypatch.setattr("noiselaw.sweep.condition._write_profile", refuse)
    table = run(study_of(tissue, [PROFILE, CLONAL]), tmp_path / "s")
    failed = table[table["status"] == "failed"]
    assert set(failed["signal"]) == {"clonal_profile"}
    assert set(failed["reason"]) == {"The partners' profile could not be made: No profile today."}


def test_what_changes_y_changes_the_measurement(tissue):
    def keys(*signals, **options):
        return {item.key for item in lay_out(study_of(tissue, signals, **options), tissue).measures}

    same_name = {"name": "relatives"}
    variants = [
        keys(replace(CLONAL, **same_name)),
        keys(replace(PROFILE, **same_name)),
        keys(replace(PROFILE, components=5, **same_name)),
        keys(replace(CLONAL, early=6, late=2, **same_name)),
    ]
    assert len(set().union(*variants)) == sum(map(len, variants))


def test_a_signal_added_later_keeps_the_measurements_that_were_there(tissue):
    labels = Labels("cell_type")
    together = [CLONAL, PROFILE]
    before = lay_out(study_of(tissue, [CLONAL, labels]), tissue)
    after = lay_out(study_of(tissue, [*together, labels]), tissue)
    assert {item.key for item in before.measures} < {item.key for item in after.measures}


@pytest.mark.parametrize("signal", [CLONAL, SpatialNeighbours(block=40)])
def test_both_targets_are_asked_about_the_same_pairs(tissue, signal):
    grid = lay_out(study_of(tissue, [signal, replace(signal, target="profile", name="")], seeds=2, sizes=[100]), tissue)
    for seed in range(2):
        of_seed = {item.row["signal"]: grid.pairs[item.pairs] for item in grid.measures if item.row["seed"] == seed}
        embedding, profile = of_seed.values()
        assert (embedding.profile, profile.profile) == (None, 16)
        assert np.array_equal(embedding.rows, profile.rows)
        assert np.array_equal(embedding.partners, profile.partners)


def test_donors_stay_together_inside_the_probe_with_all_their_clones(tissue):
    # A donor is ten clones.
    donor = tissue.annotations["clone"].str.removeprefix("clone").astype(int) // 10
    tissue = replace(tissue, annotations=tissue.annotations.assign(donor=donor))
    grid = lay_out(study_of(tissue, [CLONAL], group="donor", held_out=0.6, sizes=[100]), tissue)
    (pairs,) = grid.pairs.values()
    codes = pd.DataFrame({"group": pairs.groups, "donor": donor.to_numpy()[pairs.rows]})
    assert (codes.groupby("donor")["group"].nunique() == 1).all()
    assert codes["group"].nunique() == codes["donor"].nunique() >= 10
    tissue = replace(tissue, annotations=tissue.annotations.assign(donor=donor // 5))
    (pairs,) = lay_out(study_of(tissue, [CLONAL], group="donor", held_out=0.6, sizes=[100]), tissue).pairs.values()
    assert len(set(pairs.groups)) == len(pairs.rows), "of few donors clones are divided, never one clone"


def test_pairs_survive_the_store(tissue, tmp_path):
    store = Store.create(tmp_path / "s")
    pairs = PROFILE.pair(tissue, np.arange(400), np.random.default_rng(0))
    write_pairs(store, "key", pairs)
    back = read_pairs(store, "key")
    assert (back.profile, back.values, dict(back.dropped)) == (4, None, dict(pairs.dropped))
    assert np.array_equal(back.partners, pairs.partners)
    assert np.array_equal(back.groups, pairs.groups)


def test_clones_and_blocks_that_link_everything_are_refused(tissue):
    with pytest.raises(InputError, match="ask about clones and about neighbours in studies of their own"):
        load(study_of(tissue, [CLONAL, SpatialNeighbours(block=20)]))


def test_too_few_pairs_or_groups_are_refused_before_anything_is_written(tissue):
    with pytest.raises(InputError, match=r"'clonal' has \d+ pairs among .* needs at least 50\. Bring more"):
        load(study_of(tissue, [CLONAL], held_out=0.1))
    few = tissue.annotations.assign(clone=np.array([f"c{i % 6}" for i in range(400)]), day=np.repeat([2, 6], 200))
    with pytest.raises(InputError, match=r"fall into \d groups that are not independent .* at least 4"):
        load(study_of(replace(tissue, annotations=few), [replace(CLONAL, pairs="all")]))


@pytest.mark.parametrize(
    ("options", "signal"),
    [
        ({"clone_size": 2}, ClonalRelatives("clone", "time_point", "early", "late")),
        ({"patch_size": 40}, SpatialNeighbours(section="section", block=40)),
    ],
)
def test_simulated_partners_come_with_their_truth(options, signal, tmp_path):
    data = Cells(n_cells=600, n_genes=60, n_types=3, depth=300.0, separation=1.5, fidelity=1.0, **options)
    signals = [signal, replace(signal, target="profile", components=2, name="")]
    table = run(study_of(data, signals), tmp_path / "s")
    truth = pd.read_parquet(tmp_path / "s" / "truth.parquet").set_index("signal")
    assert set(truth.index) == {item.name for item in signals}
    for row in table.itertuples():
        assert 0 < row.bits < truth.loc[row.signal, "bits"] + 3 * row.standard_error
