"""Checks that third parties can run on their own channels, representations, probes and signals.

Each runs a strategy on small made-up data and raises :class:`BrokenPromise`, an AssertionError that names the first
promise of the contract that it breaks::

    def test_my_model():
        check_representation(MyModel(dims=4))
"""

from __future__ import annotations

from noiselaw.testing.channels import check_channel
from noiselaw.testing.probes import check_probe
from noiselaw.testing.promises import BrokenPromise
from noiselaw.testing.representations import check_representation, example_cells, example_images
from noiselaw.testing.signals import check_signal

__all__ = [
    "BrokenPromise",
    "check_channel",
    "check_probe",
    "check_representation",
    "check_signal",
    "example_cells",
    "example_images",
]
