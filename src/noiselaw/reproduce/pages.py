"""A page for each target and one for them all: files that need no network, written whole or not at all."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from noiselaw.errors import InputError
from noiselaw.plot import style
from noiselaw.reproduce.compute import Footprint, spent
from noiselaw.reproduce.target import STANDINGS, Check, Result, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Template
    from matplotlib.figure import Figure

__all__ = ["Outcome", "outcomes", "write_page", "write_summary"]

#: The record of a page begins so; the summary is made from all records in a folder.
_RECORD = "noiselaw-reproduce"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one target in one mode (``measurements`` or ``data``); a text where nothing could, saying why.

    ``seconds`` are those of a processor, all of them; ``measuring`` those among them that went into studies, whose
    measurements other targets may read too. ``there`` are those of the target's data files that were found.
    """

    target: Target
    mode: str
    result: Result | str
    seconds: float
    measuring: float = 0.0
    there: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name of its page, without the ending."""
        return self.target.name if self.mode == "measurements" else f"{self.target.name}-from-data"

    @property
    def verdict(self) -> str:
        """In a few words, what came of it."""
        return "not possible" if isinstance(self.result, str) else self.result.verdict

    def record(self) -> dict[str, Any]:
        """Return what the summary needs to know, JSON-ready."""
        made = None if isinstance(self.result, str) else self.result
        return {
            "kind": _RECORD,
            "name": self.target.name,
            "title": self.target.title,
            "mode": self.mode,
            "page": f"{self.stem}.html",
            "verdict": self.verdict,
            "made": made is not None,
            "why_not": "" if made else str(self.result),
            "held": [] if made is None else [_told(check) for check in made.checks if _judged(check)],
            "remarks": [] if made is None else list(made.remarks),
            "cpu_seconds": self.seconds,
            "measuring_seconds": self.measuring,
        }


def _judged(check: Check) -> bool:
    return check.standing not in ("unprinted", "elsewhere")


def _told(check: Check) -> dict[str, Any]:
    return {
        "what": check.what,
        "printed": check.printed,
        "ours": _number(check.ours),
        "unit": check.unit,
        "standing": STANDINGS[check.standing][0],
        "agrees": STANDINGS[check.standing][1],
        "reason": check.reason,
    }


def write_page(outcome: Outcome, folder: str | Path, footprint: Footprint | None = None) -> Path:
    """Write the page of one target into ``folder``, its numbers as CSV beside it, and its record for the summary.

    Returns
    -------
    Path
        The page.
    """
    footprint, folder = footprint or Footprint(), Path(folder)
    made = None if isinstance(outcome.result, str) else outcome.result
    drawn = [] if made is None else [(_svg(shown.figure), shown.caption) for shown in made.pictures]
    text = _template("target.html.j2").render(
        name=outcome.target.name,
        title=outcome.target.title,
        mode=outcome.mode,
        simulated=not (outcome.target.files or outcome.target.data),
        verdict=outcome.verdict,
        why_not="" if made else outcome.result,
        checks=[] if made is None else [_row(check) for check in made.checks],
        sound=made is not None and any(np.isfinite([c.low, c.high, c.recommended]).any() for c in made.checks),
        pictures=[(_address(svg), caption) for svg, caption in drawn],
        remarks=() if made is None else made.remarks,
        csv=f"{outcome.stem}.csv" if made is not None else "",
        cost=footprint.told(outcome.seconds),
        needs=", ".join(outcome.there) if outcome.mode == "data" else ", ".join(outcome.target.files),
    )
    if made is not None:
        _write(folder / f"{outcome.stem}.csv", made.rows.to_csv(index=False))
        for i, (svg, _) in enumerate(drawn):
            _write(folder / f"{outcome.stem}{f'-{i + 1}' if i else ''}.svg", svg)
    _write(folder / f"{outcome.stem}.json", json.dumps(outcome.record(), indent=1, ensure_ascii=False))
    return _write(folder / f"{outcome.stem}.html", text)


def outcomes(folder: str | Path) -> list[dict[str, Any]]:
    """Return the records of all pages in ``folder``, in the paper's order, measurements before data."""
    found = []
    for path in sorted(Path(folder).glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict) and record.get("kind") == _RECORD:
            found.append(record)
    from noiselaw.reproduce.targets import TARGETS

    order = list(TARGETS)
    return sorted(found, key=lambda record: (record["mode"] != "measurements", order.index(record["name"])))


def write_summary(folder: str | Path, footprint: Footprint | None = None) -> Path:
    """Write ``index.html``: what reproduces, what does not and why, and what it took, from all pages in ``folder``.

    Raises
    ------
    InputError
        If there is no page yet.
    """
    footprint, folder = footprint or Footprint(), Path(folder)
    records = outcomes(folder)
    if not records:
        raise InputError(f"{folder} holds no page of a reproduced target. Run noiselaw reproduce all --out {folder}.")
    held = [check for record in records for check in record["held"]]
    text = _template("summary.html.j2").render(
        records=records,
        agreeing=sum(check["agrees"] for check in held),
        held=len(held),
        against=[(record, check) for record in records for check in record["held"] if not check["agrees"]],
        impossible=[record for record in records if not record["made"]],
        remarks=_gathered(records),
        cost=footprint.told(_total(folder, records)),
    )
    return _write(folder / "index.html", text)


def _total(folder: Path, records: Sequence[Mapping[str, Any]]) -> float:
    """Return processor seconds: of studies those of every run, and of what was made of them those of the last."""
    made = sum(record["cpu_seconds"] - record.get("measuring_seconds", 0.0) for record in records)
    return float(made) + sum(spent(folder / "studies").values())


def _gathered(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return every remark once, with the targets that it concerns."""
    found: dict[str, list[str]] = {}
    for record in records:
        for remark in record["remarks"]:
            found.setdefault(remark, []).append(record["name"])
    return [(remark, list(dict.fromkeys(names))) for remark, names in found.items()]


def _row(check: Check) -> dict[str, Any]:
    said, agrees = STANDINGS[check.standing]
    low, high = _number(check.low), _number(check.high)
    return {
        "what": check.what,
        "printed": check.printed,
        "ours": _number(check.ours),
        "difference": _number(check.difference, signed=True),
        "standing": said,
        "agrees": agrees,
        "judged": _judged(check),
        "recommended": _number(check.recommended),
        "interval": f"{low} to {'no limit' if check.high == np.inf else high}" if low else "",
        "status": check.status,
        "reason": check.reason,
        "unit": check.unit,
    }


def _number(value: float, *, signed: bool = False) -> str:
    """Return a number as a reader wants it, empty where there is none."""
    if not np.isfinite(value):
        return "no limit" if value == -np.inf else ""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"
    sign = "+" if signed and value > 0 else ""
    return (sign + text).replace("-", "−")


def _svg(figure: Figure) -> str:
    """Return a figure as SVG, its text editable."""
    with style():
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _address(svg: str) -> str:
    """Return an SVG as the address of an image within the page."""
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("noiselaw.reproduce", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)


def _write(path: Path, text: str) -> Path:
    """Write a file in one step: never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)
