"""What people are told of moderation."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.notifications import kinds
from portal.times import day


def register() -> None:
    """Let leaders hear of reports, and authors of what was done and why."""
    section = _l("Threads")
    kinds.register(
        "post_reported", section=section, label=_l("Somebody reports a post in a group that you lead"),
        text=lambda title: _("A post in ”%(title)s” is reported. Look at it and decide.", title=title),
    )  # fmt: skip
    kinds.register(
        "author_warned", section=section, label=_l("A leader of a group has something to say about your post"),
        text=lambda title, reason: _(
            "A leader of the group asks you to mind how you write in ”%(title)s”: ”%(reason)s” If you think that this is wrong, "
            "write to the support.", title=title, reason=reason,
        ),
    )  # fmt: skip
    kinds.register(
        "thread_closed", section=section, label=_l("A thread is closed because of your post"),
        text=lambda title, reason: _(
            "”%(title)s” is closed because of your post: ”%(reason)s” If you think that this is wrong, write to the support.",
            title=title, reason=reason,
        ),
    )  # fmt: skip
    kinds.register(
        "person_suspended", section=section, label=_l("You may not write in a group for a while"),
        text=lambda name, until, reason: _(
            "You can read but not write in %(name)s until and including %(day)s: ”%(reason)s” If you think that this is wrong, "
            "write to the support.", name=name, day=day(date.fromisoformat(until)), reason=reason,
        ),
    )  # fmt: skip
    kinds.register(
        "person_released", section=section, label=_l("You may write in a group again"),
        text=lambda name: _("You can write in %(name)s again.", name=name),
    )  # fmt: skip
