import numpy as np
import pandas as pd
import pytest

from noiselaw.errors import UsageError
from noiselaw.fit import derive, fit_groups, fit_law
from noiselaw.laws import NoiseLaw

U = np.logspace(0.9, 3.9, 10)
TABLE_3 = {
    ("LARRY_scaling.csv", "Clonal MI"): {"VAE": 2.17, "PCA": 2.15, "nanoTxformer": 0.27, "RandomProjection": None},
    ("MERFISH_scaling.csv", "Spatial neighborhood MI"): {"VAE": None, "PCA": None, "RandomProjection": 0.74},
    ("PBMC_CITEseq_scaling.csv", "Protein MI"): {
        "VAE": 5.29,
        "PCA": 5.29,
        "nanoTxformer": 3.06,
        "RandomProjection": 2.68,
    },
    ("PBMC_CITEseq_scaling.csv", "Cell type fine MI"): {
        "VAE": 3.73,
        "PCA": 3.45,
        "nanoTxformer": 2.84,
        "RandomProjection": 2.38,
    },
}


@pytest.mark.parametrize(("source", "printed"), TABLE_3.items())
def test_table_3_comes_out_as_printed(published, source, printed):
    file, column = source
    rows = pd.read_csv(published(file))
    rows = rows[rows["Fraction"] == 1.0]
    fits = fit_groups(rows, "noise", "UMI per cell", column, by=["Method"], protocol="paper")
    for method, value in printed.items():
        fit = fits[(method,)]
        if value is None:
            assert fit.status == "poorly_constrained"
            assert np.isnan(fit.parameters["I_max"])
        else:
            assert fit.parameters["I_max"] == pytest.approx(value, abs=0.006)


def test_is_what_lmfit_finds():
    lmfit = pytest.importorskip("lmfit")
    rng = np.random.default_rng(0)
    bits = NoiseLaw()(np.array([2.5, 400.0]), U) + 0.05 * rng.standard_normal(10)
    model = lmfit.Model(lambda u, A, B: 0.5 * np.log2((1 + B * u) / (1 + A * u)), independent_vars=["u"])
    start = model.make_params(A={"value": 1e-2, "min": 0}, B={"value": 1e-2, "min": 0})
    theirs = model.fit(bits, start, u=U).params
    ours = fit_law("noise", U, bits, protocol="paper").diagnostics
    for name in ("A", "B"):
        assert ours["published"][name] == pytest.approx(theirs[name].value, rel=1e-6)
        assert ours["published_errors"][name] == pytest.approx(theirs[name].stderr, rel=1e-3)


def test_numbers_can_be_read_off_a_dash_as_the_paper_did():
    rising = fit_law("noise", U, NoiseLaw()(np.array([6.0, 1e7]), U) + 0.01 * np.sin(np.arange(10)), protocol="paper")
    assert rising.status == "poorly_constrained"
    assert derive(rising, "gain").value == pytest.approx(1.6, abs=0.3)


def test_other_laws_were_not_fitted_in_the_paper():
    class Other(NoiseLaw):
        pass

    with pytest.raises(UsageError, match="fitted 'noise' and 'size' only"):
        fit_law(Other(), U, np.log(U), protocol="paper")
