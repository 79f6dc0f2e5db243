"""Formulas for bits as a function of depth, of size, or of both."""

from __future__ import annotations

from noiselaw.laws.base import Law, OpenEnd, Parameter, Working
from noiselaw.laws.depth import StretchedLaw, TwoSidedLaw
from noiselaw.laws.noise import NoiseLaw, bits_from_snr, saturation, snr_from_bits
from noiselaw.laws.rivals import HillLaw, HyperbolaLaw, LogLinearLaw, PowerLaw
from noiselaw.laws.size import SizeLaw
from noiselaw.registry import Registry

__all__ = [
    "LAWS",
    "HillLaw",
    "HyperbolaLaw",
    "Law",
    "LogLinearLaw",
    "NoiseLaw",
    "OpenEnd",
    "Parameter",
    "PowerLaw",
    "SizeLaw",
    "StretchedLaw",
    "TwoSidedLaw",
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
        "two_sided": TwoSidedLaw,
        "stretched": StretchedLaw,
        "log_linear": LogLinearLaw,
        "power": PowerLaw,
        "hyperbola": HyperbolaLaw,
        "hill": HillLaw,
    },
)
