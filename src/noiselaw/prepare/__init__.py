"""From noisy observations to what a representation takes; every choice is fitted on training observations."""

from __future__ import annotations

from noiselaw.prepare.base import FittedPreparation, Preparation
from noiselaw.prepare.cells import GeneSelection
from noiselaw.prepare.images import ImageScaling, ImageView
from noiselaw.registry import Registry

__all__ = ["PREPARATIONS", "FittedPreparation", "GeneSelection", "ImageScaling", "ImageView", "Preparation"]

PREPARATIONS: Registry[Preparation] = Registry(
    "preparation", "noiselaw.preparations", {"cells": GeneSelection, "images": ImageScaling}
)
