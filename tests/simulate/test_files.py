import pytest

from noiselaw import io
from noiselaw.errors import InputError
from noiselaw.simulate import Continuum, cells, write_h5ad


@pytest.mark.parametrize("backed", [False, True])
def test_cells_written_by_the_thousand_are_read_back(backed, tmp_path):
    drawn = cells(n_cells=2100, n_genes=40, n_proteins=3, patch_size=30)
    path = write_h5ad(drawn, tmp_path / "cells.h5ad")
    back = io.read(path, backed=backed)
    assert io.content_hash(back) == io.content_hash(drawn.dataset)
    assert back.annotations["cell_type"].tolist() == drawn.dataset.annotations["cell_type"].tolist()
    for key, table in drawn.dataset.matrices.items():
        assert back.matrices[key].to_numpy() == pytest.approx(table.to_numpy())
    assert [entry.name for entry in tmp_path.iterdir()] == ["cells.h5ad"]


def test_cells_along_an_axis_are_written_too(tmp_path):
    drawn = Continuum(n_cells=1100, n_genes=30).draw()
    back = io.read(write_h5ad(drawn, tmp_path / "axis.h5ad"))
    assert io.content_hash(back) == io.content_hash(drawn.dataset)
    assert back.annotations["clone"].nunique() == 550


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"could not be written .* Choose another folder"):
        write_h5ad(cells(n_cells=10, n_genes=5), tmp_path / "absent" / "cells.h5ad")
