"""What people are told about trainings: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.notifications.models import Channel
from portal.times import day


def _decided(title: str, state: str) -> str:
    if state == "admitted":
        return str(_("%(title)s: somebody you nominated is admitted.", title=title))
    if state == "waiting":
        return str(_("%(title)s: somebody you nominated is on the waiting list.", title=title))
    return str(_("%(title)s: somebody you nominated was not admitted.", title=title))


def register() -> None:
    """Make the kinds known, in the order in which the preferences list them. No notice names who was nominated."""
    section = _l("Trainings")
    kinds.register(
        "cohort_opened", label=_l("A training takes nominations"), section=section,
        text=lambda title, until: _("%(title)s: nominate by %(day)s.", title=title, day=day(date.fromisoformat(until))),
    )  # fmt: skip
    kinds.register(
        "nomination_made", label=_l("Somebody was nominated to a training that you lead"), section=section, default=Channel.PORTAL,
        text=lambda title, organisation: _("%(title)s: %(organisation)s has nominated somebody.", title=title, organisation=organisation),
    )  # fmt: skip
    kinds.register("nomination_decided", label=_l("A nomination of yours was decided"), section=section, text=_decided)
    kinds.register(
        "nomination_moved_up", label=_l("Somebody you nominated got a free place"), section=section,
        text=lambda title: _("%(title)s: a place became free and went to somebody you nominated.", title=title),
    )  # fmt: skip
    kinds.register(
        "cohort_cancelled", label=_l("A training was cancelled"), section=section,
        text=lambda title: _("%(title)s has been cancelled.", title=title),
    )  # fmt: skip
    kinds.register(
        "consent_asked", label=_l("You are invited to a network after a training"), section=section,
        text=lambda title: _("You have completed %(title)s. Do you wish to join the network?", title=title),
    )  # fmt: skip
