"""Telling people, and what each wishes to hear."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal import audit, db, outbox
from portal.notifications.delivery.actions import note_made, note_state
from portal.notifications.delivery.models import Delivery, State, Via
from portal.notifications.habits import Hours, due
from portal.notifications.models import Channel, GroupPreference, Habit, Notice, Preference
from portal.notifications.policy import channels, channels_of, group_channels, hours_of
from portal.notifications.push.policy import wishers
from portal.people.models import Group, Person


def notify(
    people: Iterable[Person], kind: str, *, group: Group | None, path: str, by: Person | None, mailed: Iterable[int] = (),
    about: str | None = None, **details: Any,
) -> None:  # fmt: skip
    """Tell people of something: a notice in the portal each, and a mail to those who wish it, once this is stored.

    Who did it is not told. `details` are short values that can stand as JSON. `mailed` holds ids of people who get a mail
    of another kind about the same thing (a calendar invitation). `about` names the thing, so that whoever reads it has read
    the notice (`read_about`).
    """
    told = {person.id: person for person in people if by is None or person.id != by.id}
    if not told:
        return
    chosen, apart = channels_of(told, kind, group=group), set(mailed)
    hours, at = hours_of(told), db.now()
    notices, by_mail, withheld = [], [], []
    for person in told.values():
        channel = Channel.PORTAL if person.id in apart else chosen[person.id]
        due_at = due(channel, hours[person.id], at)
        notice = Notice(
            person=person,
            group=group,
            kind=kind,
            details=details,
            path=path,
            about=about,
            due_at=due_at,
        )
        db.session.add(notice)
        notices.append(notice)
        if channel is Channel.MAIL and due_at is None:
            by_mail.append(notice)
        elif due_at is not None:
            withheld.append(notice)
    db.session.flush()  # once for all of them: a call goes to hundreds
    states = [*((one, State.QUEUED) for one in by_mail), *((one, State.WITHHELD) for one in withheld)]
    note_made(states, via=Via.MAIL, by=by)
    for notice in by_mail:
        outbox.enqueue("notice_mail", notice_id=notice.id)
    _push(told, kind, group=group, hours=hours, at=at, notices=notices, by=by)


def _push(
    told: Mapping[int, Person], kind: str, *, group: Group | None, hours: Mapping[int, Hours], at: datetime,
    notices: Iterable[Notice], by: Person | None,
) -> None:  # fmt: skip
    """Send to the devices of those who wish it, when their quiet hours are over."""
    wishing = wishers(told, kind, group=group)
    states = []
    for notice in notices:
        if notice.person_id in wishing:
            due_at = due(Channel.MAIL, hours[notice.person_id], at)
            states.append((notice, State.QUEUED if due_at is None else State.WITHHELD))
            outbox.enqueue("notice_push", delay=(due_at or at) - at, notice_id=notice.id)
    note_made(states, via=Via.PUSH, by=by)


def choose_channels(person: Person, channels: Mapping[str, Channel], *, by: Person) -> None:
    """Store how the person wishes to hear of each kind."""
    for kind, channel in channels.items():
        db.session.merge(Preference(person_id=person.id, kind=kind, channel=channel))
    audit.record("notification_preferences_chosen", by=by, on=person)


def choose_group_channels(person: Person, chosen: Mapping[int, Channel | None], *, by: Person) -> None:
    """Store how the person wishes to hear of whole groups, by the group's id; None: as each kind says."""
    for group_id, channel in chosen.items():
        if channel is not None:
            db.session.merge(GroupPreference(person_id=person.id, group_id=group_id, channel=channel))
        elif (row := db.session.get(GroupPreference, (person.id, group_id))) is not None:
            db.session.delete(row)
    audit.record("notification_groups_chosen", by=by, on=person)


def choose_hours(person: Person, hours: Hours, *, by: Person) -> None:
    """Store when the person wishes to be written to. What waits already keeps its time."""
    db.session.merge(
        Habit(
            person_id=person.id, hour=hours.hour, weekday=hours.weekday, quiet_from=hours.quiet_from, quiet_to=hours.quiet_to,
        )
    )  # fmt: skip
    audit.record("notification_hours_chosen", by=by, on=person)


def unsubscribe(person: Person, what: str, which: str, *, by: Person) -> None:
    """Send no more mail of one sort (`tokens.py`); in the portal it is shown as before. Asked twice, it stays so."""
    if what == "group":
        choose_group_channels(person, {int(which): Channel.PORTAL}, by=by)
        stopped = Notice.group_id == int(which)
    elif what == "kind":
        choose_channels(person, {which: Channel.PORTAL}, by=by)
        stopped = Notice.kind == which
    else:
        gathered = Channel(which)
        kinds = {kind: Channel.PORTAL for kind, channel in channels(person).items() if channel is gathered}
        choose_channels(person, kinds, by=by)
        groups = {group: Channel.PORTAL for group, channel in group_channels(person).items() if channel is gathered}
        choose_group_channels(person, groups, by=by)
        stopped = Notice.kind.in_(kinds) | Notice.group_id.in_(groups)
    stopped_ids = db.session.scalars(
        sa.select(Notice.id).where(Notice.person_id == person.id, Notice.due_at.is_not(None), stopped)
    ).all()
    note_state(stopped_ids, State.DROPPED, via=Via.MAIL, by=by)
    waiting = sa.update(Notice).where(Notice.person_id == person.id, stopped)
    db.session.execute(waiting.values(due_at=None).execution_options(synchronize_session=False))


def read_notices(*, until_id: int, by: Person) -> None:
    """Note that the person has seen the own notices up to that one."""
    unread = sa.update(Notice).where(Notice.person_id == by.id, Notice.id <= until_id, Notice.read_at.is_(None))
    db.session.execute(unread.values(read_at=db.now()).execution_options(synchronize_session=False))


def mark_notice(notice: Notice, *, is_read: bool, by: Person) -> None:
    """Note that the person has seen one of the own notices, or wishes to come back to it. No record of what was done: a mark of
    one's own reading; `by` is whose it is.
    """
    if by.id == notice.person_id:
        notice.read_at = (notice.read_at or db.now()) if is_read else None


def read_now(session: Session, notice_ids: Iterable[int]) -> None:
    """Note that these notices have been read."""
    unread = sa.update(Notice).where(Notice.id.in_(list(notice_ids)), Notice.read_at.is_(None))
    session.execute(unread.values(read_at=db.now()).execution_options(synchronize_session=False))


def tell_of(notice_ids: Collection[int], about: str, *, by: Person) -> None:
    """These notices are about another thing from now on: whoever reads that has read them."""
    change = sa.update(Notice).where(Notice.id.in_(notice_ids)).values(about=about)
    db.session.execute(change.execution_options(synchronize_session=False))
    audit.record("notices_turned", by=by, about=about, count=len(notice_ids))


def regroup(about: Iterable[str], group: Group, *, by: Person) -> None:
    """What was told of the things belongs to another group from now on: who may read it, and what mail may say, follows that group."""
    moved = sa.select(Notice.id).where(Notice.about.in_(list(about)))
    ids = list(db.session.scalars(moved))
    for table, column in ((Notice, Notice.id), (Delivery, Delivery.notice_id)):
        change = sa.update(table).where(column.in_(ids)).values(group_id=group.id)
        db.session.execute(change.execution_options(synchronize_session=False))
    db.session.expire_all()
    audit.record("notices_moved", by=by, on=group, count=len(ids))


def read_about(session: Session, *, person_id: int, about: Iterable[str]) -> None:
    """Note that the person has read the things themselves, and so what was told of them."""
    unread = sa.update(Notice).where(
        Notice.person_id == person_id, Notice.about.in_(list(about)), Notice.read_at.is_(None)
    )
    session.execute(unread.values(read_at=db.now()).execution_options(synchronize_session=False))
