"""Telling people, and what each wishes to hear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from portal import audit, db, outbox
from portal.notifications.models import Channel, Notice, Preference
from portal.notifications.policy import channels_of
from portal.people.models import Group, Person


def notify(
    people: Iterable[Person], kind: str, *, group: Group | None, path: str, by: Person | None, mailed: Iterable[int] = (),
    **details: Any,
) -> None:  # fmt: skip
    """Tell people of something: a notice in the portal each, and a mail to those who wish it, once this is stored.

    Who did it is not told. `details` are short values that can stand as JSON. `mailed` holds ids of people who get a mail
    of another kind about the same thing (a calendar invitation).
    """
    told = {person.id: person for person in people if by is None or person.id != by.id}
    if not told:
        return
    chosen, apart = channels_of(told, kind), set(mailed)
    by_mail = []
    for person in told.values():
        channel = Channel.PORTAL if person.id in apart else chosen[person.id]
        notice = Notice(
            person=person, group=group, kind=kind, details=details, path=path, in_daily=channel is Channel.DAILY
        )
        db.session.add(notice)
        if channel is Channel.MAIL:
            by_mail.append(notice)
    db.session.flush()  # once for all of them: a call goes to hundreds
    for notice in by_mail:
        outbox.enqueue("notice_mail", notice_id=notice.id)


def choose_channels(person: Person, channels: Mapping[str, Channel], *, by: Person) -> None:
    """Store how the person wishes to hear of each kind."""
    for kind, channel in channels.items():
        db.session.merge(Preference(person_id=person.id, kind=kind, channel=channel))
    audit.record("notification_preferences_chosen", by=by, on=person)


def read_notices(*, until_id: int, by: Person) -> None:
    """Note that the person has seen the own notices up to that one."""
    unread = sa.update(Notice).where(Notice.person_id == by.id, Notice.id <= until_id, Notice.read_at.is_(None))
    db.session.execute(unread.values(read_at=db.now()).execution_options(synchronize_session=False))
