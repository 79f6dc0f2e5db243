import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from socket import gethostname

import numpy as np
import pytest

from noiselaw.errors import StoreError
from noiselaw.sweep.store import FORMAT, Store, identity


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "study")


def test_a_piece_comes_back_as_it_was_written_and_its_arrays_are_mapped(store):
    values = np.arange(6.0).reshape(2, 3)
    store.write("embeddings", "k", {"u": 0.1}, {"values": values, "empty": np.zeros((0, 4))})
    piece = store.read("embeddings", "k", verify=True)
    assert piece.body == {"u": 0.1}
    np.testing.assert_array_equal(piece.arrays["values"], values)
    assert isinstance(piece.arrays["values"], np.memmap)
    assert piece.arrays["empty"].shape == (0, 4)
    assert store.keys("embeddings") == {"k"}


def test_writing_again_keeps_the_first(store):
    store.write("measurements", "k", {"bits": 1.0})
    store.write("measurements", "k", {"bits": 2.0})
    assert store.read("measurements", "k").body == {"bits": 1.0}
    assert not list((store.root / "measurements").glob(".*"))


def test_two_writers_at_once_leave_one_whole_piece(store):
    def write(number):
        store.write("embeddings", "k", {"n": number}, {"values": np.full(1000, number)})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    piece = store.read("embeddings", "k", verify=True)
    assert (piece.arrays["values"] == piece.body["n"]).all()


@pytest.mark.parametrize("damage", ["truncate", "empty", "flip"])
def test_damage_is_found_by_checksum(store, damage):
    store.write("embeddings", "k", {"u": 1.0}, {"values": np.arange(1000.0)})
    path = store.path("embeddings", "k") / "values.npy"
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[4000] ^= 1
    path.write_bytes({"truncate": content[:4000], "empty": b"", "flip": bytes(content)}[damage])
    with pytest.raises(StoreError, match="embeddings/k .* damaged"):
        store.read("embeddings", "k", verify=True)


def test_a_damaged_body_is_found_without_asking(store):
    store.write("measurements", "k", {"row": {"bits": 1.25}})
    path = store.path("measurements", "k") / "piece.json"
    path.write_text(path.read_text().replace("1.25", "9.25"))
    with pytest.raises(StoreError, match="checksum"):
        store.read("measurements", "k")
    aside = store.quarantine("measurements", "k")
    assert aside.is_dir()
    assert not store.has("measurements", "k")


def test_nothing_half_written_remains_when_the_disk_is_full(store, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StoreError, match="No space left on device.*what was finished is kept"):
        store.write("embeddings", "k", {}, {"values": np.ones(3)})
    assert not store.has("embeddings", "k")
    assert not list((store.root / "embeddings").iterdir())


def test_a_piece_that_lost_its_body_is_made_again(store):
    store.write("embeddings", "k", {"u": 1.0}, {"values": np.ones(3)})
    (store.path("embeddings", "k") / "piece.json").unlink()
    store.write("embeddings", "k", {"u": 2.0}, {"values": np.zeros(3)})
    assert store.read("embeddings", "k", verify=True).body == {"u": 2.0}
    assert len(list((store.root / "quarantine").iterdir())) == 1


def test_a_piece_that_cannot_be_removed_is_said_in_one_sentence(store, monkeypatch):
    def fixed(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    store.write("conditions", "k", {})
    monkeypatch.setattr(Path, "rename", fixed)
    with pytest.raises(StoreError, match="Read-only file system.*what was finished is kept"):
        store.remove("conditions", "k")


def test_arrays_of_objects_are_refused(store):
    with pytest.raises(ValueError, match="allow_pickle"):
        store.write("embeddings", "k", {}, {"values": np.array([{}], dtype=object)})
    assert not store.has("embeddings", "k")


def test_another_format_is_refused(store):
    (store.root / "store.json").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(StoreError, match=f"format {FORMAT + 1}.* reads format {FORMAT}"):
        Store.open(store.root)


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(StoreError, match="neither empty nor a study's folder"):
        Store.create(tmp_path)
    with pytest.raises(StoreError, match="is not a study's folder"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match="is a file"):
        Store.create(tmp_path / "thesis.txt")


def test_removing_is_quiet_about_what_is_absent(store):
    store.remove("conditions", "absent")
    store.write("conditions", "k", {}, {"data": np.ones(2)})
    store.remove("conditions", "k")
    assert not list((store.root / "conditions").iterdir())


def test_identity_depends_on_content_not_order():
    assert identity({"a": 1, "b": [2]}) == identity({"b": [2], "a": 1})
    assert identity({"a": 1}) != identity({"a": 1.5})


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(store):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = store.root / "embeddings"
    mine, theirs = folder / f".k.{gethostname()}.{os.getpid()}.abc", folder / f".k.{gethostname()}.{gone.pid}.abc"
    elsewhere = folder / f".k.another-machine.{gone.pid}.abc"
    for path in (mine, theirs, elsewhere):
        path.mkdir(parents=True)
    (store.root / f".plan.json.{gethostname()}.{gone.pid}.abc").write_text("{")
    store.tidy()
    assert mine.is_dir()
    assert elsewhere.is_dir()
    assert not theirs.exists()
    assert not [entry for entry in store.root.iterdir() if entry.name[0] == "."]
