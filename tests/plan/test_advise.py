import json
import math

import numpy as np
import pytest

from noiselaw.errors import UsageError
from noiselaw.fit.outlook import lay
from noiselaw.plan import Costs, Questions, advise, measured, read_measured, to_json
from noiselaw.plan.measured import averaged

SIGNALS = {
    "PBMC_CITEseq_scaling.csv": ("Protein MI", "Cell type fine MI"),
    "LARRY_scaling.csv": ("Clonal MI",),
    "MERFISH_scaling.csv": ("Spatial neighborhood MI",),
}


def test_every_question_is_answered_for_a_run(made_up):
    asked = Questions(budget=20_000.0, costs=Costs(3.0, per_cell=0.3))
    (found,) = advise(measured(made_up()), asked)
    assert {answer.best for answer in found.leaders} == {"pca"} and all(answer.known for answer in found.leaders)
    assert len(found.limits) == 2 and len(found.reach) == 4 and len(found.crossings) == 2 and len(found.budgets) == 2
    assert found.losses[0].most == "protein"
    sentences = [a.sentence for a in (*found.leaders, *found.limits, *found.reach, *found.crossings, *found.losses)]
    assert all(text.endswith(".") and "nan" not in text for text in sentences)


def test_answers_are_json_with_null_for_what_is_unknown(made_up):
    told = to_json(advise(measured(made_up(signals=("cell_type",))), Questions(pilots=False)))
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text)[0]["limits"][0]["depth"][0]["bits"]["extrapolated"] is False
    assert to_json({"a": (np.float64("nan"), math.inf, np.int64(3), np.array([1.0]))}) == {"a": [None, None, 3, [1.0]]}


def test_a_depth_beyond_the_measured_is_planned_for_and_compared_at_the_deepest(made_up):
    (found,) = advise(measured(made_up(signals=("cell_type",))), Questions(depth=20_000.0, pilots=False))
    assert found.limits[0].u == 20_000.0 and found.leaders[0].u < 9000


def test_a_budget_needs_prices(made_up):
    with pytest.raises(UsageError, match="A budget needs prices"):
        advise(measured(made_up()), Questions(budget=1000.0))


def test_an_unknown_representation_names_the_nearest(made_up):
    with pytest.raises(UsageError, match="no representation 'pac' in the table. Nearest: pca"):
        advise(measured(made_up()), Questions(representation="pac"))


@pytest.mark.parametrize(("name", "signal"), [(name, signal) for name, all_ in SIGNALS.items() for signal in all_])
def test_published_pilots_are_held_by_their_intervals(published, name, signal):
    columns = {"x": "UMI per cell", "n": "Cell number", "y": signal}
    whole = read_measured(published(name), **columns)
    for model in ("VAE", "PCA", "RandomProjection"):
        u, n, bits = averaged(whole.about(representation=model).table)
        small = (u <= np.unique(u)[6]) & (n <= np.unique(n)[6])
        (ahead,) = lay(("u", "N"), (u[small], n[small]), bits[small])
        _, low, high = ahead.surface(u[~small], n[~small])
        assert np.mean((low <= bits[~small]) & (bits[~small] <= high)) >= 0.75
        assert np.median(high - low) < 1.6


def test_the_published_grid_says_that_depth_limits_protein(published):
    whole = read_measured(
        published("PBMC_CITEseq_scaling.csv"), x="UMI per cell", n="Cell number", y="Protein MI", error=None
    )
    (found,) = advise(whole, Questions(representation="VAE", pilots=False))
    assert found.limits[0].limited_by == "depth"
    assert found.reach[0].known and found.reach[0].low < 11_500 < found.reach[0].high
    # Without replicates or standard errors, which is best is chance for all that the table says.
    assert not found.leaders[0].known
