import math

import numpy as np
import pandas as pd

from noiselaw.records import Interval, to_json


def test_records_become_json_and_what_is_unknown_becomes_null():
    value = {"a": (np.float64("nan"), math.inf, np.int64(3)), 1: [pd.NA, pd.NaT, None, True, "x"], "c": np.array([1.5])}
    assert to_json(value) == {"a": [None, None, 3], "1": [None, None, None, True, "x"], "c": [1.5]}
    assert to_json(Interval(0.0, math.inf, 0.95)) == {"low": 0.0, "high": None, "confidence": 0.95}


def test_what_json_does_not_know_becomes_its_text():
    assert to_json(pd.Timestamp("2026-01-02")) == "2026-01-02 00:00:00"
