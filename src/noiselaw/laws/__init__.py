"""Formulas for bits as a function of depth, of size, or of both."""

from __future__ import annotations

from noiselaw.laws.base import Law, OpenEnd, Parameter, Working
from noiselaw.laws.noise import NoiseLaw, bits_from_snr, saturation, snr_from_bits
from noiselaw.laws.size import SizeLaw
from noiselaw.registry import Registry

__all__ = [
    "LAWS",
    "Law",
    "NoiseLaw",
    "OpenEnd",
    "Parameter",
    "SizeLaw",
    "Working",
    "bits_from_snr",
    "saturation",
    "snr_from_bits",
]

LAWS: Registry[Law] = Registry(
    "law",
    "noiselaw.laws",
    {
        "noise": NoiseLaw,
        "size": SizeLaw,
    },
)
