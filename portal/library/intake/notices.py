"""What people are told about material: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.notifications.models import Channel


def register() -> None:
    """Add the library's kinds."""
    kinds.register(
        "file_refused", label=_l("A file of yours was not taken in"), section=_l("Material"), default=Channel.DAILY,
        text=lambda title: _("The file for %(title)s was not taken in. See why.", title=title),
    )  # fmt: skip
