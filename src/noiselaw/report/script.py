"""The page's scripts: the plotting library where it is installed, the numbers, and what may run at all."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from noiselaw.errors import MissingDependency
from noiselaw.optional import require

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_data", "only_these", "own_script", "plotting_library"]


@lru_cache(maxsize=1)
def plotting_library() -> tuple[str, str]:
    """Return Vega with Vega-Lite and Vega-Embed as one script, and what it is; two empty texts where not installed."""
    try:
        found = require("vl_convert", "Curves that answer to a reader")
    except MissingDependency:
        return "", ""
    # A script ends at the first thing that looks like its end, wherever it stands.
    return found.javascript_bundle().replace("</script", "<\\/script"), f"Vega {found.get_vega_version()}"


def own_script(codes: Sequence[str]) -> str:
    """Return the page's own script, with the formulas that were written out for it."""
    text = files(__package__).joinpath("page.js").read_text(encoding="utf-8")
    return f"const CODES=[{','.join(codes)}];\n{text}".replace("</script", "<\\/script")


def as_data(value: Any) -> str:
    """Return ``value`` as JSON that may stand inside a page."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def only_these(scripts: Sequence[str]) -> str:
    """Return which scripts a browser may run: these, by their hashes, and no other."""
    hashes = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts if script]
    return " ".join(hashes) or "'none'"
