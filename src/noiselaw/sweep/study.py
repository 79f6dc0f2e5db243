"""The frozen description of a whole sweep: what is measured, at which levels and sizes, how often, by what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from noiselaw.channels import CHANNELS
from noiselaw.errors import InputError, UsageError, nearest
from noiselaw.prepare import PREPARATIONS
from noiselaw.probes import PROBES
from noiselaw.represent import REPRESENTATIONS, as_representation
from noiselaw.signals import SIGNALS
from noiselaw.sweep.kinds import check_kinds, for_images
from noiselaw.sweep.sources import data_of, described, kind_of, name_of, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noiselaw.channels.base import Channel
    from noiselaw.registry import Registry
    from noiselaw.signals.base import Signal

__all__ = ["PROTOCOLS", "Study"]

#: What each protocol sets where a study does not say otherwise (docs/protocols.md lists the reasons).
PROTOCOLS: Mapping[str, Mapping[str, Any]] = {
    "recommended": {
        "channel": {"kind": "binomial"},
        "preparation": {"kind": "cells"},
        "models": ("random_projection", "pca"),
        "probes": ("recommended",),
        "sizes": 5,
        "seeds": 3,
        "splits": "complementary",
        "subsets": "nested",
    },
    # As the paper's authors ran it, choice by choice.
    "paper": {
        "channel": {"kind": "hypergeometric", "per": "matrix"},
        "preparation": {"kind": "cells", "fitted_on": "all", "span": 1.0},
        "models": ("random_projection", "pca"),
        "probes": ({"kind": "latent_mi", "protocol": "as_published", "dims": 8},),
        "sizes": 10,
        "seeds": 1,
        "splits": "random",
        "subsets": "fresh",
    },
}


@dataclass(frozen=True)
class Study:
    """A whole sweep.

    Parameters
    ----------
    data
        A path (of cells, or of images by class folders), an AnnData or MuData object, a
        :class:`~noiselaw.records.Dataset`, a simulator, or a dataset by name
        (``noiselaw.datasets.DATASETS.build("pbmc68k_reduced")``).
    signals
        What every representation is asked about.
    name
        How tables call the dataset; by default the file's name.
    protocol
        ``recommended`` or ``paper``: sets what is left out below.
    channel
        The noise process; its level is set by ``levels``.
    levels
        The levels themselves, or how many: of the shares that thinning keeps, log-spaced from 0.001 to 1; each channel
        for images has a range of its own.
    sizes
        Training sizes, or how many, log-spaced from 200 to all training observations.
    seeds
        How many replicates (numbered from 0).
    models, probes
        Representations and estimators, as objects or registered names.
    preparation
        From noisy counts to what the models take.
    held_out
        Share of observations held out for measuring.
    group
        Annotation column whose groups (donors) stay on one side of the split.
    splits
        ``complementary``: successive seeds hold out successive parts, so that few of them measure every observation;
        or ``random``.
    subsets
        ``nested`` training sets, or a ``fresh`` draw for each size.
    """

    data: Any
    signals: Sequence[Signal]
    name: str = ""
    protocol: str = "recommended"
    # Names, tables and counts become what they mean when a study is made: one Channel, a tuple of levels, ...
    channel: Any = None
    levels: Any = 10
    sizes: Any = None
    seeds: Any = None
    models: Any = None
    probes: Any = None
    preparation: Any = None
    held_out: float = 0.25
    group: str | None = None
    splits: Any = None
    subsets: Any = None

    def __post_init__(self) -> None:
        """Fill what the protocol sets, turn names into objects, and refuse what cannot be meant."""
        if self.protocol not in PROTOCOLS:
            raise UsageError(f"There is no protocol {self.protocol!r}. {nearest(self.protocol, PROTOCOLS)}")
        preset = PROTOCOLS[self.protocol]

        def settle(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        def given(name: str) -> Any:
            value = getattr(self, name)
            return preset[name] if value is None else value

        settle("data", source_of(self.data))
        settle("name", self.name or name_of(self.data))
        if kind_of(self.data) == "images":
            preset = {**preset, **for_images(self.protocol, self.models)}
        settle("channel", _channel(given("channel")))
        settle("preparation", _one(PREPARATIONS, given("preparation")))
        settle("models", _many(REPRESENTATIONS, _wrapped(given("models")), "models"))
        settle("probes", _many(PROBES, given("probes"), "probes"))
        settle("signals", _many(SIGNALS, self.signals, "signals"))
        settle("splits", given("splits"))
        settle("subsets", given("subsets"))
        settle("seeds", _count(given("seeds"), "seeds"))
        settle("sizes", _sizes(given("sizes")))
        check_kinds(self)
        settle("levels", self._checked_levels())
        for key, choices in (("splits", ("complementary", "random")), ("subsets", ("nested", "fresh"))):
            if getattr(self, key) not in choices:
                raise UsageError(f"{key} is {' or '.join(map(repr, choices))}; got {getattr(self, key)!r}.")
        if not isinstance(self.held_out, float | int) or not 0 < self.held_out < 1:
            raise UsageError(f"held_out must lie between 0 and 1; got {self.held_out!r}. Pass a share, e.g. 0.25.")
        twice = _repeated([signal.name for signal in self.signals])
        if twice:
            raise UsageError(f"Two signals are called {twice!r}. Give one of them another name.")

    def _checked_levels(self) -> tuple[float, ...]:
        levels = self.levels
        if isinstance(levels, int | np.integer) and not isinstance(levels, bool):
            count = _count(levels, "levels")
            values: tuple[float, ...] = self.channel.default_levels(count)
        elif isinstance(levels, str | bool | float):
            raise UsageError(f"levels must be a count or a list of levels; got {levels!r}. Pass 10 or [0.01, 0.1, 1].")
        else:
            try:
                values = tuple(sorted({float(level) for level in levels}))
            except (TypeError, ValueError) as error:
                raise UsageError(f"levels must be a count or a list of numbers; got {levels!r}.") from error
        if not values:
            raise UsageError("levels is empty; expected at least one. Pass a count or values such as 0.01,0.1,1.")
        for level in values:
            self.channel_at(level)
        return values

    def channel_at(self, level: float) -> Channel:
        """Return the channel at ``level``."""
        at: Channel = replace(self.channel, level=level)
        return at

    @property
    def signal_names(self) -> list[str]:
        """Names of the signals, as tables show them."""
        return [signal.name for signal in self.signals]

    @classmethod
    def read(cls, path: str | Path, **instead: Any) -> Study:
        """Read a study from a TOML file; ``instead`` replaces what the file says.

        Raises
        ------
        UsageError
            If it is no TOML, or has a key that means nothing (naming the nearest that does).
        InputError
            If there is no such file.
        """
        path = Path(path)
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} could not be read as a study file ({error}). Pass a STUDY.toml.") from error
        return cls.from_toml(text, path.parent, **instead)

    @classmethod
    def from_toml(cls, text: str, folder: Path = Path(), **instead: Any) -> Study:
        """Return the study that ``text`` describes; relative paths are taken from ``folder``."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"The study file is not valid TOML: {error}.") from error
        known = [f.name for f in fields(cls)]
        for key in table:
            if key not in known:
                raise UsageError(f"A study has no key {key!r}. {nearest(key, known)}")
        table = {**table, **instead}
        for key in ("data", "signals"):
            if key not in table:
                raise UsageError(f"A study needs {key!r}; the file has {', '.join(table) or 'nothing'}.")
        if "models" in table:
            table["models"] = _placed(table["models"], folder)
        return cls(**{**table, "data": data_of(table["data"], folder)})

    def to_toml(self) -> str:
        """Return the study as the text of a TOML file, every option spelled out."""
        table: dict[str, Any] = {
            "name": self.name,
            "protocol": self.protocol,
            "levels": list(self.levels),
            "sizes": self.sizes if isinstance(self.sizes, int) else list(self.sizes),
            "seeds": self.seeds,
            "held_out": self.held_out,
            "splits": self.splits,
            "subsets": self.subsets,
        }
        if self.group is not None:
            table["group"] = self.group
        table["data"] = described(self.data)
        table["channel"] = _without_level(CHANNELS.describe(self.channel, all_options=True))
        table["preparation"] = PREPARATIONS.describe(self.preparation, all_options=True)
        table["signals"] = [SIGNALS.describe(item, all_options=True) for item in self.signals]
        table["models"] = [REPRESENTATIONS.describe(item, all_options=True) for item in self.models]
        table["probes"] = [PROBES.describe(item, all_options=True) for item in self.probes]
        return tomli_w.dumps(_tomlable(table))


def _channel(given: Any) -> Any:
    """Return the channel that is described; which level stands in for those of the study is the channel's to say."""
    name = given["kind"] if isinstance(given, dict) and "kind" in given else given
    stands_in = CHANNELS.get(name).default_levels(1)[0] if isinstance(name, str) else None
    return _one(CHANNELS, given, {"level": stands_in})


def _one(registry: Registry[Any], given: Any, defaults: Mapping[str, Any] | None = None) -> Any:
    """Turn a name or a table into the strategy it describes; a strategy stays what it is."""
    if isinstance(given, str):
        given = {"kind": given}
    if not isinstance(given, dict):
        if not is_dataclass(given) or isinstance(given, type):
            raise UsageError(
                f"A {registry.noun} is a name ({', '.join(registry.names())}), a table with a kind, or an object of "
                f"such a class; got {given!r}."
            )
        return given
    if "kind" not in given:
        raise UsageError(f"A {registry.noun} needs a kind. There are: {', '.join(registry.names())}.")
    options = {key: value for key, value in given.items() if key != "kind"}
    return registry.build(given["kind"], {**(defaults or {}), **options})


def _many(registry: Registry[Any], given: Any, key: str) -> tuple[Any, ...]:
    if isinstance(given, str | dict) or not hasattr(given, "__iter__"):
        given = [given]
    items = tuple(_one(registry, item) for item in given)
    if not items:
        raise UsageError(f"{key} is empty; expected at least one of: {', '.join(registry.names())}.")
    twice = _repeated([repr(item) for item in items])
    if twice:
        raise UsageError(f"{key} lists {twice} twice. Keep one.")
    return items


def _wrapped(models: Any) -> Any:
    """Take ordinary objects with ``fit`` and ``transform`` (scikit-learn's) as models."""
    if isinstance(models, list | tuple):
        return [
            as_representation(model) if hasattr(model, "transform") and not is_dataclass(model) else model
            for model in models
        ]
    return models


def _placed(models: Any, folder: Path) -> Any:
    """Say where the study file lies to each model that takes relative paths from there."""
    here = {"folder": str(folder.resolve())}
    return [
        {**here, **model}
        if isinstance(model, dict) and "folder" in REPRESENTATIONS.options(model.get("kind"))
        else model
        for model in (models if isinstance(models, list) else [models])
    ]


def _repeated(names: list[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")


def _count(value: Any, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise UsageError(f"{key} must be a whole number of at least 1; got {value!r}.")
    return int(value)


def _sizes(value: Any) -> int | tuple[int, ...]:
    if isinstance(value, int | np.integer):
        return _count(value, "sizes")
    if isinstance(value, str | float):
        raise UsageError(f"sizes must be a count or a list of training sizes; got {value!r}. Pass 5 or [500, 2000].")
    sizes = tuple(sorted({_count(size, "each of sizes") for size in value}))
    if not sizes:
        raise UsageError("sizes is empty; expected a count or at least one training size.")
    return sizes


def _without_level(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "level"}


def _tomlable(value: Any) -> Any:
    """TOML has no null and no tuples: leave the former out, write the latter as lists."""
    if isinstance(value, dict):
        return {key: _tomlable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_tomlable(item) for item in value]
    return value if isinstance(value, str | int | float) else repr(value)
