"""The contract of a published dataset: what it is, where it comes from, and how its files become observations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from noiselaw.datasets.cache import RemoteFile, bring, folder_of, remember

if TYPE_CHECKING:
    from pathlib import Path

    from noiselaw.records import Dataset, Kind

__all__ = ["About", "PublishedDataset"]


@dataclass(frozen=True)
class About:
    """What a reader needs to know about a dataset before fetching it."""

    title: str
    size: str
    signals: str
    source: str
    licence: str
    #: How the files get here when nobody may download them for the user; empty where they are fetched.
    by_hand: str = ""


@dataclass(frozen=True)
class PublishedDataset(ABC):
    """A dataset by name. Strategies are frozen dataclasses; they write ``about``, ``files`` and ``_parse``.

    Parameters
    ----------
    folder
        Where its files lie or shall lie; a folder of its own in the user's cache by default.
    """

    folder: str = field(default="", kw_only=True)

    #: As the registry calls it: the folder in the cache, and the dataset's name in tables.
    key: ClassVar[str]
    about: ClassVar[About]
    #: What its observations are.
    kind: ClassVar[Kind] = "counts"
    files: ClassVar[tuple[RemoteFile, ...]] = ()

    def fetch(self, folder: str | Path | None = None) -> Path:
        """Bring what is missing of the files and return their folder.

        Parameters
        ----------
        folder
            Where they lie or shall lie, in place of the dataset's own ``folder``.

        Raises
        ------
        InputError
            If a file cannot be downloaded, is not what was published, or must be downloaded by hand.
        """
        place = folder_of(self.key, folder or self.folder or None)
        bring(self.files, place)
        self._check(place)
        return place

    def load(self, folder: str | Path | None = None) -> Dataset:
        """Fetch what is missing and return the cells or images."""
        place = self.fetch(folder)
        dataset = self._parse(place)
        remember(self.files, place)
        about = {"source": self.about.source, "licence": self.about.licence}
        return replace(dataset, name=self.key, provenance={**about, **dataset.provenance})

    def _check(self, folder: Path) -> None:
        """Refuse a folder that lacks what nobody can download for the user."""
        return

    @abstractmethod
    def _parse(self, folder: Path) -> Dataset: ...
