"""Representations: fitted on training observations, they embed held-out ones."""

from __future__ import annotations

from noiselaw.registry import Registry
from noiselaw.represent.base import Encoder, Representation
from noiselaw.represent.external import External
from noiselaw.represent.geneformer import Geneformer
from noiselaw.represent.harmony import Harmony
from noiselaw.represent.image_classifier import ImageClassifier
from noiselaw.represent.pca import PCA
from noiselaw.represent.precomputed import Precomputed
from noiselaw.represent.projection import PreparedFeatures, RandomProjection, RankProjection
from noiselaw.represent.scgpt import ScGPT
from noiselaw.represent.txformer import Txformer
from noiselaw.represent.vae import VAE
from noiselaw.represent.wrapped import Wrapped, as_representation

__all__ = [
    "PCA",
    "REPRESENTATIONS",
    "VAE",
    "Encoder",
    "External",
    "Geneformer",
    "Harmony",
    "ImageClassifier",
    "Precomputed",
    "PreparedFeatures",
    "RandomProjection",
    "RankProjection",
    "Representation",
    "ScGPT",
    "Txformer",
    "Wrapped",
    "as_representation",
]

REPRESENTATIONS: Registry[Representation] = Registry(
    "representation",
    "noiselaw.representations",
    {
        "random_projection": RandomProjection,
        "random_projection_ranks": RankProjection,
        "pca": PCA,
        "scvi": VAE,
        "txformer": Txformer,
        "geneformer": Geneformer,
        "scgpt": ScGPT,
        "none": PreparedFeatures,
        "harmony": Harmony,
        "image_classifier": ImageClassifier,
        "precomputed": Precomputed,
        "external": External,
    },
)
