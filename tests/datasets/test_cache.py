from __future__ import annotations

import json
from hashlib import md5, sha256

import numpy as np
import pytest

from noiselaw.datasets.cache import RemoteFile, bring, folder_of, remember
from noiselaw.errors import InputError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
HASH = f"sha256:{sha256(CONTENT).hexdigest()}"


def remote(server, known_hash=HASH):
    server.contents["cells.h5ad"] = CONTENT
    return RemoteFile("cells.h5ad", f"{server.url}/cells.h5ad", known_hash)


@pytest.mark.parametrize("known_hash", [HASH, f"md5:{md5(CONTENT).hexdigest()}", ""])
def test_a_file_comes_once_and_is_there_offline(known_hash, server, tmp_path):
    file = remote(server, known_hash)
    bring([file], tmp_path / "new" / "folder")
    server.contents.clear()
    bring([file], tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder" / "cells.h5ad").read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_broke(ranges, server, tmp_path):
    file = remote(server)
    server.ranges = ranges
    server.breaks_after["cells.h5ad"] = 2_000_000
    with pytest.raises(InputError, match=r"cells.h5ad could not be downloaded from http.* bytes are kept for the next"):
        bring([file], tmp_path)
    assert not (tmp_path / "cells.h5ad").exists(), "nothing is cached half"
    bring([file], tmp_path)
    assert (tmp_path / "cells.h5ad").read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.part"))
    assert server.asked[1][1] is not None


def test_a_download_that_was_only_not_renamed(server, tmp_path):
    (tmp_path / "cells.h5ad.part").write_bytes(CONTENT)
    bring([remote(server)], tmp_path)
    assert (tmp_path / "cells.h5ad").read_bytes() == CONTENT


def test_another_file_is_not_kept(server, tmp_path):
    file = remote(server)
    server.contents["cells.h5ad"] = CONTENT[:-1] + b"x"
    with pytest.raises(InputError, match="cells.h5ad is not the published file: its hash differs.*Nothing was kept"):
        bring([file], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known_hash", [HASH, ""])
def test_a_file_that_changed_in_the_cache(known_hash, server, tmp_path):
    file = remote(server, known_hash)
    bring([file], tmp_path)
    remember([file], tmp_path)
    (tmp_path / "cells.h5ad").write_bytes(CONTENT[:1000])
    with pytest.raises(InputError, match=r"cells.h5ad is not the published file: expected sha256 .*, got .* Remove"):
        bring([file], tmp_path)


def test_the_first_hash_is_remembered_where_none_is_published(server, tmp_path):
    file = remote(server, "")
    bring([file], tmp_path)
    assert not (tmp_path / "hashes.json").exists(), "only what could be read is remembered"
    remember([file], tmp_path)
    assert json.loads((tmp_path / "hashes.json").read_text()) == {"cells.h5ad": HASH}
    (tmp_path / "cells.h5ad").unlink()
    server.contents["cells.h5ad"] = b"another"
    with pytest.raises(InputError, match=r"its hash differs.*changed; if so, remove .*hashes.json to take the new one"):
        bring([file], tmp_path)
    (tmp_path / "hashes.json").unlink()
    bring([file], tmp_path)


def test_a_published_hash_needs_no_memory(server, tmp_path):
    bring([remote(server)], tmp_path)
    remember([remote(server)], tmp_path)
    assert not (tmp_path / "hashes.json").exists()


def test_offline_leaves_no_folder(tmp_path):
    nowhere = RemoteFile("cells.h5ad", "http://127.0.0.1:9/cells.h5ad")
    with pytest.raises(InputError, match="Connect to the internet"):
        bring([nowhere], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_offline_and_absent(server, tmp_path):
    missing = RemoteFile("other", f"{server.url}/other")
    with pytest.raises(InputError, match=r"other could not be downloaded .*HTTPError.*Connect to the internet, or put"):
        bring([missing], tmp_path)
    nowhere = RemoteFile("cells.h5ad", "http://127.0.0.1:9/cells.h5ad")
    with pytest.raises(InputError, match=r"could not be downloaded .*\(ConnectionError\). Connect to the internet"):
        bring([nowhere], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_put_there_by_hand_is_taken(tmp_path):
    (tmp_path / "cells.h5ad").write_bytes(CONTENT)
    bring([RemoteFile("cells.h5ad", "http://127.0.0.1:9/cells.h5ad", HASH)], tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file cannot be a dataset's folder \(File exists\)\. Pass another one"):
        bring([RemoteFile("cells.h5ad", "http://localhost:1/none")], tmp_path / "file")


def test_the_folder(tmp_path):
    assert folder_of("larry_in_vitro", tmp_path) == tmp_path
    assert folder_of("larry_in_vitro", None).name == "larry_in_vitro"
