"""Formulas for bits as a function of depth, of size, or of both."""

from __future__ import annotations

from functools import lru_cache

from noiselaw.errors import UsageError
from noiselaw.laws.base import Law, OpenEnd, Parameter, Working
from noiselaw.laws.depth import StretchedLaw, TwoSidedLaw
from noiselaw.laws.gaussian import (
    asymptotic_collapse,
    asymptotic_noise_law,
    bits_lost,
    collapse,
    collapse_coordinate,
    gaussian_channel,
    noise_parameters,
    spike_snr,
)
from noiselaw.laws.joint import BilinearLaw, CapacityLaw, EstimationLaw, JointLaw, JointTwoSidedLaw, SpikeLaw
from noiselaw.laws.noise import NoiseLaw, bits_from_snr, saturation, snr_from_bits
from noiselaw.laws.rivals import HillLaw, HyperbolaLaw, LogLinearLaw, PowerLaw
from noiselaw.laws.size import SizeLaw
from noiselaw.laws.spectrum import SpectrumLaw, spectrum_bits
from noiselaw.registry import Registry

__all__ = [
    "LAWS",
    "BilinearLaw",
    "CapacityLaw",
    "EstimationLaw",
    "HillLaw",
    "HyperbolaLaw",
    "JointLaw",
    "JointTwoSidedLaw",
    "Law",
    "LogLinearLaw",
    "NoiseLaw",
    "OpenEnd",
    "Parameter",
    "PowerLaw",
    "SizeLaw",
    "SpectrumLaw",
    "SpikeLaw",
    "StretchedLaw",
    "TwoSidedLaw",
    "Working",
    "asymptotic_collapse",
    "asymptotic_noise_law",
    "bits_from_snr",
    "bits_lost",
    "collapse",
    "collapse_coordinate",
    "gaussian_channel",
    "law_of",
    "noise_parameters",
    "saturation",
    "snr_from_bits",
    "spectrum_bits",
    "spike_snr",
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
        "joint": JointLaw,
        "joint_estimation": EstimationLaw,
        "joint_capacity": CapacityLaw,
        "joint_two_sided": JointTwoSidedLaw,
        "joint_spike": SpikeLaw,
        "joint_spectrum": SpectrumLaw,
        "joint_bilinear": BilinearLaw,
    },
)


def law_of(law: str | Law) -> Law:
    """Return the law called so, or the law itself.

    Raises
    ------
    UsageError
        If there is no law of that name, or ``law`` is neither a name nor a law.
    """
    if isinstance(law, str):
        return _built(law)
    if isinstance(law, type) or not callable(law):
        came = f"the class {law.__name__}" if isinstance(law, type) else repr(law)
        raise UsageError(f"A law is a registered name or an object such as NoiseLaw(); got {came}.")
    return law


@lru_cache(maxsize=64)
def _built(name: str) -> Law:
    return LAWS.build(name)
