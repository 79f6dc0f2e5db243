"""What a page says was measured: cells or images."""

import pytest

from noiselaw.report.account import facts, methods


@pytest.mark.parametrize(
    ("source", "fact", "sentence"),
    [
        ({"n_observations": 2700, "n_features": 400}, "2,700 × 400 features", "2,700 observations of 400 features"),
        (
            {"n_observations": 2707, "height": 96, "width": 96, "converted to RGB": "7 grey"},
            "2,707 images of 96 × 96 pixels",
            "2,707 images of 96 × 96 pixels, 7 grey converted to RGB",
        ),
        ({"n_observations": 2707}, None, "Data:"),
    ],
)
def test_how_many_observations_of_what_size(made_up, source, fact, sentence):
    table = made_up(levels=3, sizes=1, seeds=1)
    assert dict(facts(table, {"input": source})).get("Observations") == fact
    assert sentence in methods(table, {"input": source})
