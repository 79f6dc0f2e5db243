"""The forms that bits over depth and training size may have; the planner asks all of them and believes none alone.

No form is established as *the* joint law, which the paper calls open: on the published grids each errs where another
does not, and their average errs least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noiselaw.laws import LAWS

if TYPE_CHECKING:
    from noiselaw.laws import Law

__all__ = ["FORMS", "forms_for"]

#: By what they are functions of, registered names.
FORMS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("u",): ("noise", "two_sided", "stretched", "log_linear"),
    ("u", "N"): ("joint", "joint_two_sided", "joint_capacity", "joint_bilinear"),
}


def forms_for(variables: tuple[str, ...]) -> dict[str, Law]:
    """Return the forms, by name, that describe bits as a function of ``variables``."""
    return {name: LAWS.build(name) for name in FORMS[variables]}
