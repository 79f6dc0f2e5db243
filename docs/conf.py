"""How the site is built: ``make docs``."""

import dataclasses
import inspect
import re
from importlib.metadata import version as installed

project = "noiselaw"
author = "The noiselaw developers"
version = release = installed("noiselaw")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "noiselaw"

myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
# Pages also read as plain Markdown beside the code: links that leave docs/ go to the files there.
suppress_warnings = ["myst.xref_missing"]

autodoc_typehints = "none"  # docstrings say types with their shapes and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False


def skip_fields(app, what, name, value, skip, options):
    """Leave out a dataclass's fields: its docstring's Parameters describe them."""
    return skip or (what == "class" and not callable(value) and not isinstance(value, property | classmethod))


def escape_names(app, what, name, value, options, lines):
    """Keep a type's last underscore from being read as a link."""
    lines[:] = [line.replace("np.str_]", "np.str\\_]").replace("numpy.str_]", "numpy.str\\_]") for line in lines]


def unsaid(obj, text):
    """Return the parameters of ``obj`` that ``text`` does not name, each with its type, and the errors it does not."""
    try:
        parameters = inspect.signature(obj).parameters.values()
        told = obj.__dict__.get("__post_init__", obj) if inspect.isclass(obj) else obj
        source = "" if inspect.isclass(told) else inspect.getsource(told)
    except (TypeError, ValueError, OSError):
        return [], []
    named = [(one.name, str(one.annotation)) for one in parameters if one.name not in ("self", "cls", "args", "kwargs")]
    raised = sorted(set(re.findall(r"raise (\w+Error|MissingDependency)\(", source)))
    return (
        [(name, kind) for name, kind in named if not re.search(rf"\b{re.escape(name)}\b", text)],
        [error for error in raised if error not in text],
    )


def say_the_rest(app, what, name, obj, options, lines):
    """Add what a docstring takes for granted: parameters (a result's fields) with their types, and errors."""
    if what not in ("function", "method", "class") or (inspect.isclass(obj) and issubclass(obj, BaseException)):
        return
    inherited = [
        base.__doc__ or "" for base in getattr(obj, "__mro__", ())[1:] if base.__module__.startswith("noiselaw")
    ]
    parameters, errors = unsaid(obj, "\n".join([*lines, *inherited]))
    if parameters:
        said = "Fields" if dataclasses.is_dataclass(obj) else "Parameters"
        listed = ", ".join(f"``{name}`` (``{kind}``)" for name, kind in parameters)
        lines += ["", f"{said} besides: {listed}."]
    if errors:
        lines += ["", f"Raises {', '.join(f'``{error}``' for error in errors)} for a value that cannot be meant.", ""]


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", escape_names, priority=900)
    app.connect("autodoc-process-docstring", say_the_rest, priority=950)
    app.connect("autodoc-skip-member", skip_fields)
