"""What people are told about activities: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.notifications.models import Channel
from portal.times import day


def register() -> None:
    """Make the kinds known, in the order in which the preferences list them."""
    section = _l("Activities")
    kinds.register(
        "activity_made", label=_l("An activity was planned in a group of yours"), section=section, default=Channel.PORTAL,
        text=lambda title, organisation, days: _(
            "%(organisation)s plans %(title)s from %(day)s.", organisation=organisation, title=title, day=day(date.fromisoformat(days))
        ),
    )  # fmt: skip
    kinds.register(
        "activity_joined", label=_l("An organisation joined an activity that yours takes part in"), section=section,
        default=Channel.PORTAL,
        text=lambda title, organisation: _("%(organisation)s takes part in %(title)s.", organisation=organisation, title=title),
    )  # fmt: skip
    kinds.register(
        "activity_cancelled", label=_l("An activity was cancelled"), section=section,
        text=lambda title, organisation: _("%(organisation)s has cancelled %(title)s.", organisation=organisation, title=title),
    )  # fmt: skip
