"""What people are told about meetings: one line for each kind of notice, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.notifications.models import Channel
from portal.times import day, moment

Add = Callable[..., None]  # `kinds.register` with the part's heading


def _when(starts_at: str) -> str:
    """The day and the hour, or the day alone of what takes the whole day."""
    return moment(datetime.fromisoformat(starts_at)) if "T" in starts_at else day(date.fromisoformat(starts_at))


def _meetings(add: Add) -> None:
    add(
        "meeting_called", label=_l("Call to a meeting"),
        text=lambda title, starts_at: _("You are called to %(title)s, %(when)s.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "meeting_changed", label=_l("A meeting was moved or changed"),
        text=lambda title, starts_at: _("%(title)s has been changed: %(when)s.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "meeting_cancelled", label=_l("A meeting was cancelled"),
        text=lambda title, starts_at, because="": _(
            "%(title)s, %(when)s, is cancelled: %(reason)s", title=title, when=_when(starts_at), reason=because
        )
        if because
        else _("%(title)s, %(when)s, is cancelled.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "answer_missing", label=_l("Your answer to a call is missing"),
        text=lambda title, starts_at: _("Say whether you come to %(title)s, %(when)s.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "meeting_tomorrow", label=_l("You have a meeting tomorrow"),
        text=lambda title, starts_at: _("%(title)s begins %(when)s.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "meeting_due", label=_l("A series has no next meeting"),
        text=lambda series, months: _(
            "%(months)s months since the last meeting of %(series)s, and none is planned.", series=series, months=months
        ),
    )  # fmt: skip
    add(
        "substitute_named", label=_l("You are to come instead of somebody"),
        text=lambda title, starts_at, name: _(
            "You come instead of %(name)s to %(title)s, %(when)s.", name=name, title=title, when=_when(starts_at)
        ),
    )  # fmt: skip
    add(
        "substitute_recalled", label=_l("You need not come instead of somebody any more"),
        text=lambda title, starts_at, name, is_called: _(
            "You need not come to %(title)s, %(when)s, instead of %(name)s any more. You are still called yourself.",
            name=name, title=title, when=_when(starts_at),
        )
        if is_called
        else _("You need not come to %(title)s, %(when)s, instead of %(name)s any more.", name=name, title=title, when=_when(starts_at)),
    )  # fmt: skip


def _polls(add: Add) -> None:
    add(
        "poll_opened", label=_l("Somebody asks which days suit you"),
        text=lambda title, until: _(
            "Which days suit you for %(title)s? Answer by %(day)s.", title=title, day=day(date.fromisoformat(until))
        ),
    )  # fmt: skip
    add(
        "poll_closing", label=_l("Your answer to a date poll is missing"),
        text=lambda title, until: _(
            "Your answer about %(title)s is missing. Answer by %(day)s.", title=title, day=day(date.fromisoformat(until))
        ),
    )  # fmt: skip
    add(
        "poll_time_added", label=_l("A date poll has got one more time"),
        text=lambda title, starts_at, until: _(
            "One more time is proposed for %(title)s: %(when)s. Say by %(day)s whether it suits you.",
            title=title, when=_when(starts_at), day=day(date.fromisoformat(until)),
        ),
    )  # fmt: skip
    add(
        "poll_time_removed", label=_l("A time that suits you is no longer proposed"), default=Channel.PORTAL,
        text=lambda title, starts_at: _("%(when)s is no longer proposed for %(title)s.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "poll_closed", label=_l("A date poll waits for you to choose a time"),
        text=lambda title: _("The last day to answer about %(title)s has passed. Choose a time.", title=title),
    )  # fmt: skip
    add(
        "poll_cancelled", label=_l("A date poll was ended without a meeting"), default=Channel.PORTAL,
        text=lambda title: _("The date poll about %(title)s was ended without a meeting.", title=title),
    )  # fmt: skip


def _agendas(add: Add) -> None:
    add(
        "agenda_sent", label=_l("The agenda was sent"),
        text=lambda title, starts_at, number: _("The agenda of %(title)s, %(when)s, has been sent.", title=title, when=_when(starts_at))
        if number == 1
        else _("A new edition of the agenda of %(title)s, %(when)s, has been sent.", title=title, when=_when(starts_at)),
    )  # fmt: skip
    add(
        "item_proposed", label=_l("Somebody proposes an agenda item"),
        text=lambda item, organisation: _("%(organisation)s proposes the item ”%(item)s”.", item=item, organisation=organisation),
    )  # fmt: skip
    add(
        "proposal_answered", label=_l("Your proposal for an agenda was answered"),
        text=lambda item, is_accepted: _("”%(item)s” is on the agenda.", item=item)
        if is_accepted
        else _("”%(item)s” has been put off to a later meeting.", item=item),
    )  # fmt: skip
    add(
        "paper_missing", label=_l("A paper is missing for your item"),
        text=lambda item, title, starts_at: _(
            "A paper is missing for ”%(item)s”, %(title)s, %(when)s.", item=item, title=title, when=_when(starts_at)
        ),
    )  # fmt: skip


def _minutes(add: Add) -> None:
    add(
        "minutes_late", label=_l("Minutes have not been circulated"),
        text=lambda title, days: _("The minutes of %(title)s have not been circulated after %(days)s days.", title=title, days=days),
    )  # fmt: skip
    add(
        "minutes_circulated", label=_l("Minutes were circulated"),
        text=lambda title, edition: _("The minutes of %(title)s have been circulated.", title=title)
        if edition == 1
        else _("The minutes of %(title)s have a new edition, number %(edition)s.", title=title, edition=edition),
    )  # fmt: skip
    add(
        "adjusting_requested", label=_l("You are to adjust minutes"),
        text=lambda title, until: _("Adjust the minutes of %(title)s by %(day)s.", title=title, day=day(date.fromisoformat(until)))
        if until
        else _("Adjust the minutes of %(title)s.", title=title),
    )  # fmt: skip
    add(
        "adjuster_declined", label=_l("An adjuster has declined"),
        text=lambda title, name: _("%(name)s declines to adjust the minutes of %(title)s. Name somebody else.", title=title, name=name),
    )  # fmt: skip
    add(
        "adjuster_gone", label=_l("An adjuster can no longer adjust"),
        text=lambda title, name: _("%(name)s can no longer adjust the minutes of %(title)s. Name somebody else.", title=title, name=name),
    )  # fmt: skip
    add(
        "remark_made", label=_l("A remark on minutes that you write"),
        text=lambda title, paragraph: _("There is a remark on § %(paragraph)s in the minutes of %(title)s.", title=title, paragraph=paragraph),
    )  # fmt: skip
    add(
        "remark_answered", label=_l("Your remark on minutes was answered"),
        text=lambda title, paragraph: _("Your remark on § %(paragraph)s in the minutes of %(title)s is answered.", title=title, paragraph=paragraph),
    )  # fmt: skip
    add(
        "minutes_sealed", label=_l("Minutes were sealed"),
        text=lambda title: _("The minutes of %(title)s are approved and sealed.", title=title),
    )  # fmt: skip
    add(
        "addendum_sealed", label=_l("An addendum to minutes was sealed"),
        text=lambda title, number: _("Addendum %(number)s to the minutes of %(title)s is approved and sealed.", title=title, number=number),
    )  # fmt: skip


def _actions(add: Add) -> None:
    add(
        "action_assigned", label=_l("You are to do something"),
        text=lambda action: _("You are responsible for: %(action)s", action=action),
    )  # fmt: skip
    add(
        "action_fell", label=_l("Your organisation has an action without a name"),
        text=lambda action: _("Nobody is named any more; your organisation answers for: %(action)s", action=action),
    )  # fmt: skip
    add(
        "action_due", label=_l("What you are to do is soon due"),
        text=lambda action, on: _("Due %(day)s: %(action)s", action=action, day=day(date.fromisoformat(on))),
    )  # fmt: skip
    add(
        "action_overdue", label=_l("What you are to do is overdue"),
        text=lambda action, on: _("Overdue since %(day)s: %(action)s", action=action, day=day(date.fromisoformat(on))),
    )  # fmt: skip


def register() -> None:
    """Make the kinds known, in the order in which the preferences list them."""
    for section, part in (
        (_l("Meetings"), _meetings), (_l("Date polls"), _polls), (_l("Agendas"), _agendas), (_l("Minutes"), _minutes),
        (_l("Actions"), _actions),
    ):  # fmt: skip
        part(partial(kinds.register, section=section))
    kinds.register_letter("calendar_mail", label=_l("Calendar invitations"))
