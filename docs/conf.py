"""How the site is built: ``make docs``."""

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


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", escape_names, priority=900)
    app.connect("autodoc-skip-member", skip_fields)
