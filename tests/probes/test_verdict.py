import numpy as np
import pytest

from noiselaw.probes.verdict import estimate_of


def _estimate(gain, familiar):
    n = len(gain)
    return estimate_of(gain, familiar, np.arange(n), np.arange(n) % 5, {"base": "gaussian"})


def test_extrapolation_is_the_middle_of_held_out_and_familiar():
    estimate = _estimate(1 + 0.1 * np.random.default_rng(0).normal(size=1000), 1.1)
    assert estimate.extrapolated_bits == pytest.approx(0.5 * (estimate.bits + 1.1))
    assert estimate.status == "ok"


def test_a_large_gap_is_warned_of():
    estimate = _estimate(np.full(1000, 1.0) + 0.01 * np.random.default_rng(1).normal(size=1000), 2.0)
    assert estimate.status == "warned"
    assert "More pairs would show more" in estimate.reason


def test_saturation_is_warned_of():
    estimate = _estimate(np.full(200, 5.0), 5.0)
    assert estimate.diagnostics["saturated"]
    assert "close to what 200 pairs can show" in estimate.reason


def test_nothing_found_is_not_known_without_error():
    assert _estimate(np.zeros(500), 0.0).standard_error == pytest.approx(1 / 500)


def test_a_gap_of_a_few_hundredths_of_a_bit_is_not_worth_a_warning():
    assert _estimate(np.zeros(500), 0.05).status == "ok"
    assert _estimate(np.zeros(500), 0.1).status == "warned"
