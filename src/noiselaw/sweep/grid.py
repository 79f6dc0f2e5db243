"""Which measurements a study asks for, and what each of them is made from.

Every measurement has an identity: the hash of everything that can change its number. Two studies that share a
measurement share its identity, so a study that grows computes only what is new.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from noiselaw.channels import CHANNELS
from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.io import content_hash
from noiselaw.prepare import PREPARATIONS
from noiselaw.probes import PROBES
from noiselaw.probes.inputs import MIN_GROUPS, MIN_PAIRS
from noiselaw.randomness import generator
from noiselaw.represent import PCA, REPRESENTATIONS
from noiselaw.sweep.lessons import lessons_of
from noiselaw.sweep.split import make_split, merge_groups
from noiselaw.sweep.store import identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noiselaw.channels.base import Channel
    from noiselaw.prepare.base import Preparation
    from noiselaw.probes.base import Probe
    from noiselaw.records import Dataset, Pairs, Split
    from noiselaw.represent.base import Representation
    from noiselaw.sweep.study import Study

__all__ = ["Condition", "Embed", "Grid", "Measure", "Profile", "lay_out"]

#: Smallest training set of a default grid (where there are that many observations).
SMALLEST_SIZE = 200
#: With fewer groups held out, a probe's folds divide them, and its standard error does not know of their differences.
LEAST_GROUPS = 10


@dataclass(frozen=True, eq=False)
class Condition:
    """One dataset, one channel level, one seed: thinned and prepared once (for one size where genes follow it)."""

    key: str
    source: str
    split: str
    channel: Channel
    preparation: Preparation
    seed: int
    subsets: str
    size: int | None


@dataclass(frozen=True, eq=False)
class Embed:
    """One representation of one condition at one training size; ``labels`` are what it learns from, if it does."""

    key: str
    condition: Condition
    model: Representation
    size: int
    labels: str = ""


@dataclass(frozen=True, eq=False)
class Profile:
    """Held-out observations before the channel, as Y: prepared and reduced on the training observations of a split."""

    key: str
    source: str
    split: str
    preparation: Preparation
    components: int


@dataclass(frozen=True, eq=False)
class Measure:
    """One measurement: one embedding, one signal, one probe. ``row`` holds what identifies it in the table.

    ``folds`` is what the probe's random numbers are keyed by.
    """

    key: str
    embed: Embed
    pairs: str
    probe: Probe
    row: Mapping[str, Any]
    folds: str
    profile: Profile | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """Every measurement of a study, and what they share."""

    measures: tuple[Measure, ...]
    splits: Mapping[str, Split]
    pairs: Mapping[str, Pairs]
    source: str
    sizes: tuple[int, ...]
    dropped: Mapping[str, Mapping[str, int]]

    @property
    def conditions(self) -> list[Condition]:
        """The distinct conditions, in order."""
        return list({m.embed.condition.key: m.embed.condition for m in self.measures}.values())

    @property
    def embeds(self) -> list[Embed]:
        """The distinct embeddings, in order."""
        return list({m.embed.key: m.embed for m in self.measures}.values())


def lay_out(study: Study, dataset: Dataset) -> Grid:
    """Lay out every measurement of ``study`` on ``dataset``.

    Raises
    ------
    InputError
        If the dataset lacks a signal or the group column, or has too few observations for a training size.
    """
    for signal in study.signals:
        signal.check(dataset)
    groups = _kept_together(study, dataset)
    # Sizes look at one whole cycle of splits, however few seeds are asked for, so that more seeds keep the sizes.
    cycle = max(study.seeds, ceil(1 / study.held_out))
    splits = [make_split(len(dataset.names), study.held_out, seed, groups, study.splits) for seed in range(cycle)]
    sizes = training_sizes(study.sizes, min(len(split.train) for split in splits))
    source = content_hash(dataset)
    taught = lessons_of(study.models, dataset)
    lessons = {column: _array_key(pairs.rows, pairs.values) for column, pairs in taught.items()}
    measures: list[Measure] = []
    all_splits: dict[str, Split] = {}
    all_pairs = {lessons[column]: pairs for column, pairs in taught.items()}
    dropped: dict[str, dict[str, int]] = {}
    for seed, split in enumerate(splits[: study.seeds]):
        split_key = _array_key(split.train, split.test)
        all_splits[split_key] = split
        paired = {}
        for signal in study.signals:
            pairs = signal.pair(dataset, split.test, generator(seed, "pairs", signal.drawn_as))
            if pairs.profile is not None and dataset.kind == "images":
                raise InputError(f"The signal {signal.name!r} asks for a profile of counts; images have none.")
            pairs = _grouped(pairs, study, dataset, groups)
            if len(pairs.rows) < MIN_PAIRS:
                raise InputError(
                    f"The signal {signal.name!r} has {len(pairs.rows)} pairs among the {len(split.test)} held-out "
                    f"observations; a probe needs at least {MIN_PAIRS}. Bring more observations, or hold out more "
                    "(held_out = 0.5)."
                )
            _refuse_few_groups(signal.name, pairs)
            told = np.array(json.dumps(dict(pairs.dropped), sort_keys=True))
            of_profile = [] if pairs.profile is None else [np.array(pairs.profile)]
            of_class = [np.array(pairs.against_all)] if pairs.against_all else []
            key = _array_key(pairs.rows, pairs.values, pairs.partners, pairs.groups, told, *of_profile, *of_class)
            all_pairs[key] = pairs
            profile = _profile_of(study.preparation, source, split_key, pairs)
            paired[signal.name] = key, signal.drawn_as, profile
            for reason, count in pairs.dropped.items():
                total = dropped.setdefault(signal.name, {})
                total[reason] = total.get(reason, 0) + count
        for level in study.levels:
            channel = study.channel_at(level)
            measures += _measures_of(study, channel, seed, source, split_key, split, sizes, paired, lessons)
    return Grid(tuple(measures), all_splits, all_pairs, source, sizes, dropped)


def _refuse_few_groups(signal: str, pairs: Pairs) -> None:
    n_groups = MIN_GROUPS if pairs.groups is None else len(np.unique(pairs.groups))
    if n_groups < MIN_GROUPS:
        raise InputError(
            f"The {len(pairs.rows)} pairs of the signal {signal!r} fall into {n_groups} groups that are not "
            f"independent of one another; a probe needs at least {MIN_GROUPS}. Make the groups smaller (block = ... of "
            "spatial neighbours), or hold out more."
        )


def _profile_of(preparation: Preparation, source: str, split: str, pairs: Pairs) -> Profile | None:
    """Return the clean Y that ``pairs`` ask for, if they do: the same for every level, size and model of a split."""
    if pairs.profile is None:
        return None
    described = {
        "source": source,
        "split": split,
        "preparation": _described(PREPARATIONS, preparation),
        "components": pairs.profile,
        "pca": PCA.revision,
    }
    return Profile(identity(described), source, split, preparation, pairs.profile)


def _kept_together(study: Study, dataset: Dataset) -> np.ndarray | None:
    groupings = [signal.kept_together(dataset) for signal in study.signals]
    if study.group is not None:
        if study.group not in dataset.annotations:
            hint = nearest(study.group, dataset.annotations)
            raise InputError(f"There is no annotation column {study.group!r} to group by. {hint}")
        groupings.append(dataset.annotations[study.group].astype("category").cat.codes.to_numpy())
    return merge_groups([grouping for grouping in groupings if grouping is not None])


def _grouped(pairs: Pairs, study: Study, dataset: Dataset, together: np.ndarray | None) -> Pairs:
    """Keep a study's groups together inside the probe too, where enough of them are held out to make folds of.

    ``together`` is what the split keeps on one side: donors with all their clones, say.
    """
    if study.group is None or together is None:
        return pairs
    if pairs.groups is not None:
        joined = merge_groups([pairs.groups, together[pairs.rows]])
        assert joined is not None
        return replace(pairs, groups=joined) if len(np.unique(joined)) >= LEAST_GROUPS else pairs
    groups = dataset.annotations[study.group].astype("category").cat.codes.to_numpy()[pairs.rows].astype(np.int64)
    # A missing group is a group of its own.
    groups = np.where(groups < 0, groups.max() + 1 + np.arange(len(groups)), groups)
    return replace(pairs, groups=groups) if len(np.unique(groups)) >= LEAST_GROUPS else pairs


def training_sizes(wanted: Any, available: int) -> tuple[int, ...]:
    """Return the training sizes themselves: those given, or as many as wanted from 200 to all, log-spaced.

    Raises
    ------
    InputError
        If a size exceeds the training observations there are.
    """
    if not isinstance(wanted, int):
        if max(wanted) > available:
            raise InputError(
                f"A training size of {max(wanted):,} was asked for, but the split leaves {available:,} observations to "
                "train on. Ask for smaller sizes, hold out less, or bring more observations."
            )
        return tuple(wanted)
    smallest = min(SMALLEST_SIZE, max(2, available // 4))
    if wanted == 1:
        return (available,)
    return tuple(sorted({round(size) for size in np.geomspace(smallest, available, wanted)}))


def _measures_of(
    study: Study,
    channel: Channel,
    seed: int,
    source: str,
    split_key: str,
    split: Split,
    sizes: tuple[int, ...],
    paired: Mapping[str, tuple[str, str, Profile | None]],
    lessons: Mapping[str, str],
) -> list[Measure]:
    preparation = study.preparation
    shared = {
        "source": source,
        "split": split_key,
        "seed": seed,
        "channel": _described(CHANNELS, channel.as_drawn()),
        "preparation": _described(PREPARATIONS, preparation),
    }
    measures = []
    for size in sizes:
        # Genes chosen anew for each training set make one preparation for each size.
        own_size = size if preparation.genes == "each" else None
        key = identity({**shared, "size": own_size, "subsets": study.subsets if own_size else None})
        condition = Condition(
            key,
            source,
            split_key,
            channel,
            preparation,
            seed,
            str(study.subsets),
            own_size,
        )
        for model in study.models:
            described = _described(REPRESENTATIONS, model)
            labels = lessons.get(model.learns_from, "")
            taught = {"labels": labels} if labels else {}
            embed_key = identity(
                {"condition": key, "model": described, "size": size, "subsets": study.subsets, **taught}
            )
            embed = Embed(embed_key, condition, model, size, labels)
            for signal, (pairs, folds, profile) in paired.items():
                clean = {} if profile is None else {"profile": profile.key}
                # Said only where it is not the signal's name, so that what was measured before keeps its identity.
                clean |= {} if folds == signal else {"folds": folds}
                for probe in study.probes:
                    description = {"embedding": embed_key, "pairs": pairs, "probe": _described(PROBES, probe), **clean}
                    row = {
                        "dataset": study.name,
                        "signal": signal,
                        "channel": CHANNELS.name_of(channel),
                        "level": channel.level,
                        "u_unit": channel.unit,
                        "n_train": size,
                        "n_test": len(split.test),
                        "representation": REPRESENTATIONS.label(model),
                        "probe": PROBES.label(probe),
                        "seed": seed,
                    }
                    # The names in the row do not change the number, but a table must not mix them up.
                    key_of_row = identity({**description, "row": row})
                    measures.append(Measure(key_of_row, embed, pairs, probe, row, folds, profile))
    return measures


def _described(registry: Any, strategy: Any) -> dict[str, Any]:
    """Return a strategy with all its options and its revision: what its numbers depend on."""
    described = {**registry.describe(strategy, all_options=True), "revision": strategy.revision}
    if " at 0x" in repr(described):
        raise UsageError(
            f"{registry.label(strategy)} holds an object that does not say what it is, so its results could not be "
            "told from another's. Give its class a __repr__ that shows its options."
        )
    plain: dict[str, Any] = json.loads(json.dumps(described, default=repr))
    return plain


def _array_key(*arrays: np.ndarray | None) -> str:
    """Return the hash of arrays: their types, shapes and bytes."""
    digest = blake2b(digest_size=16)
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
