"""Counts and images take different parts; a study that mixes them up is refused before anything is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noiselaw.channels import CHANNELS, ImageChannel
from noiselaw.errors import InputError, UsageError
from noiselaw.prepare import PREPARATIONS
from noiselaw.represent import REPRESENTATIONS, ImageClassifier, Precomputed
from noiselaw.sweep.sources import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noiselaw.records import Dataset
    from noiselaw.registry import Registry
    from noiselaw.sweep.study import Study

__all__ = ["check_kinds", "check_observations", "for_images"]

_CLASSIFIER = {"kind": "image_classifier", "labels": "class"}
#: What each protocol sets for images, in place of its parts for counts; the probe of predicted labels goes with the
#: model that predicts them.
_OF_IMAGES: Mapping[str, Mapping[str, Any]] = {
    "recommended": {"models": (_CLASSIFIER,)},
    # As the paper's authors ran it under Gaussian noise.
    "paper": {"models": ({**_CLASSIFIER, "head": 101, "epochs": 5, "validation_share": 0, "keep": "last"},)},
}
_COMMON = {"channel": {"kind": "pixel_noise"}, "preparation": {"kind": "images"}}
_COUNTING = {"probes": ({"kind": "discrete", "correction": "given_labels"},)}


def for_images(protocol: str, models: Any) -> dict[str, Any]:
    """Return what ``protocol`` sets for images where a study says nothing; ``models`` are the study's own, or None."""
    return {**_COMMON, **_OF_IMAGES[protocol], **(_COUNTING if models is None or _predict(models) else {})}


def _predict(models: Any) -> bool:
    """Say whether every one of ``models`` embeds an image as the class that it predicts, a number without an order."""
    several = models if isinstance(models, list | tuple) else [models]
    return bool(several) and all(
        model == _CLASSIFIER["kind"]
        or (isinstance(model, dict) and model.get("kind") == _CLASSIFIER["kind"] and model.get("output") != "hidden")
        or (isinstance(model, ImageClassifier) and model.output == "label")
        for model in several
    )


def check_kinds(study: Study) -> None:
    """Refuse a channel, preparation or model for images where the data are counts, and the reverse.

    Raises
    ------
    UsageError
        Naming what takes the data instead.
    """
    kind = kind_of(study.data)
    channel, preparation = study.channel, study.preparation
    if channel.takes != kind:
        _refuse(CHANNELS, channel, kind, channel.takes, "takes")
    if preparation.prepares != kind:
        _refuse(PREPARATIONS, preparation, kind, preparation.prepares, "prepares")
    for model in study.models:
        if model.takes not in preparation.views:
            fitting = [name for name in REPRESENTATIONS.builtin if _takes(name) in preparation.views]
            raise UsageError(
                f"The model {REPRESENTATIONS.name_of(model)!r} takes {model.takes!r}, and the preparation "
                f"{PREPARATIONS.name_of(preparation)!r} gives {_listed(preparation.views)}. Models for {kind}: "
                f"{', '.join(fitting) or 'none is built in'}.{_computed_elsewhere(model, kind)}"
            )


def _refuse(registry: Registry[Any], part: Any, kind: str, takes: str, verb: str) -> None:
    fitting = [name for name, cls in registry.builtin.items() if getattr(cls, verb) == kind]
    raise UsageError(
        f"The data are {kind}, and the {registry.noun} {registry.name_of(part)!r} takes {takes}. For {kind} there "
        f"{'is' if len(fitting) == 1 else 'are'}: {', '.join(fitting)}."
    )


def _computed_elsewhere(model: Any, kind: str) -> str:
    """Return how a file of embeddings is to be read for images, where that was forgotten."""
    forgotten = kind == "images" and isinstance(model, Precomputed)
    return ' A file of embedded images is read with takes = "image".' if forgotten else ""


def _takes(name: str) -> str:
    """Return what a built-in model takes; one that wraps others takes what they do, which are models for counts."""
    takes = REPRESENTATIONS.get(name).takes
    return takes if isinstance(takes, str) else "counts"


def _listed(views: tuple[str, ...]) -> str:
    return " or ".join(map(repr, views))


def check_observations(study: Study, dataset: Dataset) -> None:
    """Refuse images that are too small for one of the levels, and data that are not what they were said to be.

    Raises
    ------
    InputError
        Naming the first level that does not fit.
    """
    if dataset.kind != kind_of(study.data):
        raise InputError(
            f"{study.name} was to hold {kind_of(study.data)}, and holds {dataset.kind}. Its class must say so (kind)."
        )
    if dataset.kind == "images":
        height, width = (int(length) for length in dataset.observations.shape[1:3])
        for level in study.levels:
            channel = study.channel_at(level)
            if isinstance(channel, ImageChannel):
                channel.size_after(height, width)
