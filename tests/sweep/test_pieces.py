import anndata
import numpy as np
import pytest

from noiselaw import io
from noiselaw.sweep import Store, pieces
from noiselaw.sweep.store import Stream


@pytest.mark.parametrize("layout", ["csr_matrix", "toarray", "tocsc"])
@pytest.mark.parametrize("rows", [7, 1 << 14])
def test_counts_on_disk_are_streamed_into_the_same_arrays(cells, tmp_path, monkeypatch, layout, rows):
    monkeypatch.setattr(pieces, "_ROWS", rows)
    x = cells.observations if layout == "csr_matrix" else getattr(cells.observations, layout)()
    path = tmp_path / "cells.h5ad"
    anndata.AnnData(x, obs=cells.annotations).write_h5ad(path)
    store = Store.create(tmp_path / "s")
    pieces.write_source(store, "memory", io.read(path))
    pieces.write_source(store, "disk", io.read(path, backed=True))
    memory, disk = (store.read("sources", key, verify=True) for key in ("memory", "disk"))
    assert memory.body["shape"] == disk.body["shape"]
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(memory.arrays[name], disk.arrays[name])
    assert disk.arrays["indptr"].dtype == disk.arrays["indices"].dtype  # or scipy would copy them
    assert (pieces.read_counts(disk) != cells.observations).nnz == 0


def test_a_stream_that_breaks_leaves_nothing(tmp_path):
    def parts():
        yield np.arange(3)
        raise OSError(5, "Input/output error")

    store = Store.create(tmp_path / "s")
    with pytest.raises(OSError, match="Input/output error"):
        store.write("sources", "k", {}, {"data": Stream(np.dtype(np.int64), 6, parts)})
    assert not list((tmp_path / "s" / "sources").iterdir())
