"""What things of this room are called, for documents that are made without a page."""

from __future__ import annotations

from flask_babel import gettext as _

from portal.people.models import HandlingClass


def class_name(handling_class: HandlingClass) -> str:
    """A handling class in words."""
    names = {
        HandlingClass.OPEN: _("Open"), HandlingClass.NETWORK: _("The network"), HandlingClass.SENSITIVE: _("Sensitive"),
    }  # fmt: skip
    return str(names[handling_class])
