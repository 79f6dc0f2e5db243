"""What a reader takes away: the table as CSV and Parquet and the study file, inside the page while it stays small."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from noiselaw.table import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["embedded", "told_without_folders", "without_folders"]

#: Where an absolute path begins, on any system.
_ROOT = r"(?:file://)?(?:/|[A-Za-z]:[/\\]|~/|\\{2,4}(?=\w))"
#: A folder's name outside quotes: up to four words, none of which but the last ends as a file's name does.
_FOLDER = r"""(?:(?![^/\\\s]*\.\w{1,8}[ ])[^/\\\s"'<>|:;,]+[ ]){0,3}[^/\\\s"'<>|:;,]+[/\\]+"""
#: The folders of an absolute path before a file's name: in quotes all of them, else as far as they look like folders.
_FOLDERS = re.compile(
    rf"""(?<=")(?:{_ROOT})[^"\n]*[/\\](?=[^/\\"\n]+")|(?<=')(?:{_ROOT})[^'\n]*[/\\](?=[^/\\'\n]+')"""
    rf"""|(?<![\w.:/\\]){_ROOT}(?:{_FOLDER})+(?=[^/\\\s"'])"""
)


def without_folders(value: Any) -> Any:
    """Return ``value`` with every absolute path in its texts cut to the file's name: a page tells nobody's folders."""
    if isinstance(value, str):
        return _FOLDERS.sub("", value)
    if isinstance(value, dict):
        return {name: without_folders(part) for name, part in value.items()}
    return [without_folders(part) for part in value] if isinstance(value, list | tuple) else value


def told_without_folders(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` with the paths in its reasons and diagnostics cut to file names."""
    found = {
        name: table[name].map(without_folders, na_action="ignore")
        for name in ("reason", "diagnostics")
        if name in table
    }
    return table.assign(**{name: own.astype(table[name].dtype) for name, own in found.items()}) if found else table


def embedded(
    table: pd.DataFrame, provenance: Mapping[str, Any], beside: Path | None, room: int
) -> tuple[list[dict[str, str]], list[str]]:
    """Return links to what the page holds, and sentences about what it has no room for.

    Parameters
    ----------
    table
        The measurements.
    provenance
        Where they come from; goes into the Parquet file.
    beside
        The table's file where it lies in the page's folder: linked when the page cannot hold the table.
    room
        Bytes that may be added.
    """
    parts = [
        (
            "measurements.parquet",
            "application/vnd.apache.parquet",
            _parquet(table, provenance),
            "Measurements (Parquet)",
        )
    ]
    parts.append(
        ("measurements.csv", "text/csv;charset=utf-8", table.to_csv(index=False).encode(), "Measurements (CSV)")
    )
    if provenance.get("study"):
        text = str(provenance["study"]).encode()
        parts.insert(0, ("study.toml", "application/toml;charset=utf-8", text, "Study file (TOML)"))
    links, left_out = [], []
    for name, kind, content, label in parts:
        size = 4 * len(content) // 3
        if size > room:
            left_out.append(f"{label} would take {len(content) / 1e6:.1f} MB and is not inside this page.")
            continue
        room -= size
        href = f"data:{kind};base64,{b64encode(content).decode()}"
        links.append({"name": name, "href": href, "label": label})
    if left_out and beside is not None:
        links.append({"name": beside.name, "href": beside.name, "label": f"{beside.name}, beside this page"})
    return sorted(links, key=lambda link: link["name"]), left_out


def _parquet(table: pd.DataFrame, provenance: Mapping[str, Any]) -> bytes:
    with TemporaryDirectory() as folder:
        return write_table(table, Path(folder) / "measurements.parquet", provenance).read_bytes()
