from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from noiselaw.channels.base import Channel
from noiselaw.errors import InputError, UsageError
from noiselaw.signals import Abundances, Labels
from noiselaw.sweep import PROTOCOLS, CellFile, Study

TOML = """
name = "pbmc"
levels = [0.01, 0.1, 1.0]
sizes = 3
seeds = 2
group = "donor"

[data]
path = "cells.h5ad"

[channel]
kind = "hypergeometric"
per = "cell"

[[signals]]
kind = "labels"
column = "cell_type"
missing = ["unknown"]

[[models]]
kind = "pca"
dims = 8
"""


def test_a_file_becomes_typed_objects(tmp_path):
    (tmp_path / "STUDY.toml").write_text(TOML)
    study = Study.read(tmp_path / "STUDY.toml")
    assert study.data == CellFile(str(tmp_path / "cells.h5ad"))
    assert study.signals == (Labels("cell_type", missing=("unknown",)),)
    assert study.levels == (0.01, 0.1, 1.0)
    assert study.models[0].dims == 8
    assert study.channel.per == "cell"
    assert isinstance(study.channel_at(0.1), Channel)
    assert study.channel_at(0.1).level == 0.1
    with pytest.raises(FrozenInstanceError):
        study.name = "other"


def test_what_a_study_writes_reads_back_equal(tmp_path):
    study = Study.from_toml(TOML, tmp_path)
    assert Study.from_toml(study.to_toml()) == study


def test_arguments_replace_what_the_file_says():
    study = Study.from_toml(TOML, levels=4, protocol="paper")
    assert len(study.levels) == 4
    assert study.probes[0].dims == 8
    assert study.channel.per == "cell"  # said by the file, so not the protocol's


def test_the_default_grid_is_the_papers_levels_unrounded():
    study = Study(data="cells.h5ad", signals=[Abundances("protein")])
    np.testing.assert_allclose(study.levels, np.logspace(-3, 0, 10), rtol=0, atol=0)
    assert (study.sizes, study.seeds, study.name) == (5, 3, "cells")
    assert [type(model).__name__ for model in study.models] == ["RandomProjection", "PCA"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_makes_a_study(protocol):
    study = Study(data="cells.h5ad", signals=[Labels("a")], protocol=protocol)
    assert Study.from_toml(study.to_toml()).protocol == protocol


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"levels": [0.1, 1.5]}, "1.5"),
        ({"levels": 0.5}, "count or a list"),
        ({"levels": []}, "levels is empty"),
        ({"sizes": 0}, "at least 1; got 0"),
        ({"sizes": "all"}, "count or a list of training sizes"),
        ({"seeds": -1}, "seeds must be a whole number"),
        ({"models": ["pcs"]}, "no representation called 'pcs'. Nearest: pca"),
        ({"models": ["pca", "pca"]}, "twice"),
        ({"models": []}, "models is empty"),
        ({"probes": ["recomended"]}, "Nearest: recommended"),
        ({"channel": {"kind": "binomial", "lvl": 1}}, "no option 'lvl'"),
        ({"held_out": 1.0}, "held_out must lie between 0 and 1"),
        ({"protocol": "papr"}, "no protocol 'papr'. Nearest: paper"),
        ({"subsets": "random"}, "'nested' or 'fresh'"),
        ({"signals": [Labels("a"), Labels("a", missing=("x",))]}, "Two signals are called 'a'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(change, message):
    with pytest.raises(UsageError, match=message):
        Study(**{"data": "cells.h5ad", "signals": [Labels("a")], **change})


def test_data_known_by_name_survive_the_file():
    for data in ('simulator = "cells"\nn_cells = 500', 'dataset = "pbmc68k_reduced"'):
        study = Study.from_toml(f'signals = [{{kind = "labels", column = "a"}}]\n[data]\n{data}\n')
        assert Study.from_toml(study.to_toml()) == study
    assert study.name == "pbmc68k_reduced"
    with pytest.raises(UsageError, match="no dataset called 'pbmc68'. Nearest: pbmc68k_reduced"):
        Study.from_toml('signals = ["labels"]\n[data]\ndataset = "pbmc68"\n')


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(UsageError, match="no key 'level'. Nearest: levels"):
        Study.from_toml("level = 3\n")
    with pytest.raises(UsageError, match="A study needs 'data'"):
        Study.from_toml("levels = 3\n")
    with pytest.raises(UsageError, match="not valid TOML"):
        Study.from_toml("levels = = 3")
    with pytest.raises(InputError, match="could not be read as a study file"):
        Study.read("absent.toml")
    with pytest.raises(UsageError, match="no option 'pth'. Nearest: path"):
        Study.from_toml('signals = ["labels"]\n[data]\npth = "x"\n')


def test_data_in_memory_cannot_be_run_from_its_file(cells):
    text = Study(data=cells, signals=[Labels("cell_type")]).to_toml()
    with pytest.raises(UsageError, match="only be run again from Python"):
        Study.from_toml(text)
