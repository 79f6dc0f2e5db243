"""A model of an installed package: a study file names it like one of our own."""

import sys

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from noiselaw.errors import UsageError
from noiselaw.represent import REPRESENTATIONS
from noiselaw.sweep import Study, run
from noiselaw.testing import check_representation

MODULE = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noiselaw.arrays import as_dense
from noiselaw.records import Embedding, History
from noiselaw.represent import Encoder, Representation


@dataclass(frozen=True, eq=False)
class Kept(Encoder):
    columns: np.ndarray
    history: History = History(stop_reason="nothing to learn")

    def _embed(self, prepared):
        return Embedding(as_dense(prepared.values[:, self.columns]))


@dataclass(frozen=True)
class FewGenes(Representation):
    """The genes with most counts."""

    takes: ClassVar[str] = "counts"
    genes: int = 3

    def _fit(self, prepared, rng):
        return Kept(np.sort(np.argsort(-np.asarray(prepared.values.sum(0)).ravel(), kind="stable")[: self.genes]))
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package on the path as an installer leaves it: its module, and metadata that name an entry point."""
    (tmp_path / "few_genes_model.py").write_text(MODULE)
    info = tmp_path / "few_genes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: few-genes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[noiselaw.representations]\nfew_genes = few_genes_model:FewGenes\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("few_genes_model", None)


def test_a_study_file_names_an_installed_model(installed):
    assert "few_genes" in REPRESENTATIONS.names()
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 240)
    counts = rng.poisson(np.where(kinds[:, None] == np.arange(20) % 2, 9.0, 2.0)).astype(np.float32)
    about = pd.DataFrame({"kind": np.array(["a", "b"])[kinds]}, index=[f"cell{i}" for i in range(240)])
    anndata.AnnData(sparse.csr_matrix(counts), obs=about).write_h5ad(installed / "cells.h5ad")
    (installed / "study.toml").write_text(
        'levels = [1.0]\nsizes = 1\nseeds = 1\n[data]\npath = "cells.h5ad"\n'
        '[[signals]]\nkind = "labels"\ncolumn = "kind"\n[[models]]\nkind = "few_genes"\ngenes = 4\n'
    )
    table = run(Study.read(installed / "study.toml"), installed / "out")
    assert list(table["representation"]) == ["few_genes(genes=4)"]
    assert table["bits"].iloc[0] == pytest.approx(1, abs=0.3)


def test_it_keeps_the_contract_and_its_options_are_checked(installed):
    check_representation(REPRESENTATIONS.build("few_genes"))
    with pytest.raises(UsageError, match="'few_genes' has no option 'gene'. Nearest: genes"):
        REPRESENTATIONS.build("few_genes", {"gene": 4})
