"""Notices as mail: what a message says follows the group's handling class (house rule 9)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from flask import current_app, render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import audit, db, i18n, mail, outbox
from portal.notifications.kinds import text_of
from portal.notifications.models import Notice
from portal.notifications.policy import visible_notices
from portal.people.models import HandlingClass, Person
from portal.times import local

log = logging.getLogger("portal.mail")

DAILY_HOUR = 7  # in Sweden


def says_nothing(notice: Notice) -> bool:
    """Whether mail about it must only say that there is something: the group is sensitive (domain.md)."""
    return notice.group is not None and notice.group.handling_class is HandlingClass.SENSITIVE


def line(notice: Notice) -> str:
    """What a mail says about a notice, in the present language."""
    if says_nothing(notice):
        return str(_("There is something new in one of your groups."))
    return text_of(notice.kind, notice.details)


def _address(notice: Notice) -> str:
    base: str = current_app.config["SETTINGS"].base_url
    return base if says_nothing(notice) else base + notice.path


@outbox.handler("notice_mail")
def send_notice(*, notice_id: int) -> None:
    """Mail one notice, if its reader may still read of it. Runs twice without harm: at worst a mail comes twice."""
    notice = db.session.get(Notice, notice_id)
    if notice is None or not notice.person.is_active:
        return
    if db.session.scalar(visible_notices(notice.person).where(Notice.id == notice_id)) is None:
        return  # no longer a member
    _send(notice.person, [notice])


def _name(notices: Sequence[Notice]) -> str:
    """The same for the same notices: a mail that goes out again after a crash is shown once."""
    return f"notice.{notices[0].id}.{len(notices)}"


def _send(person: Person, notices: Sequence[Notice]) -> None:
    with force_locale(i18n.known(person.language)):
        lines = [(line(notice), _address(notice)) for notice in notices]
        lines = list(dict.fromkeys(lines))  # a sensitive group's notices all say the same
        first = lines[0][0]
        subject = (
            first
            if len(notices) == 1
            else ngettext(
                "%(num)s thing from Samverkansportalen", "%(num)s things from Samverkansportalen", len(notices)
            )
        )
        text = render_template("mail/notices.txt", lines=lines)
        letter = mail.Mail(person.name, person.email, subject, text, name=_name(notices))
    person_id = person.id
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable:
        log.warning("mail to person %s was refused", person_id)
        audit.record("mail_refused", by=None, person_id=person_id)


@outbox.every(timedelta(minutes=20))
def gather_daily() -> None:
    """Every morning, or later if no worker ran then: one job for each person who was told something before that hour."""
    at = local(db.now())
    if at.hour < DAILY_HOUR:
        return
    morning = at.replace(hour=DAILY_HOUR, minute=0, second=0, microsecond=0)
    waiting = sa.select(Notice.person_id).where(Notice.in_daily.is_(True), Notice.created_at < morning).distinct()
    for person_id in db.session.scalars(waiting).all():
        outbox.enqueue("daily_mail", key=f"{person_id}:{at.date()}", person_id=person_id)


@outbox.handler("daily_mail")
def send_daily(*, person_id: int) -> None:
    """One mail with what has come since yesterday and has not been read in the portal."""
    waiting = sa.select(Notice.id).where(Notice.person_id == person_id, Notice.in_daily.is_(True))
    gathered = db.session.scalars(waiting).all()
    person = db.session.get(Person, person_id)
    if person is not None and person.is_active:
        unread = visible_notices(person).where(Notice.id.in_(gathered), Notice.read_at.is_(None))
        notices = db.session.scalars(unread.options(joinedload(Notice.group), joinedload(Notice.person))).all()
        if notices:
            _send(person, notices)
    db.session.execute(
        sa.update(Notice)
        .where(Notice.id.in_(gathered))  # and not what came meanwhile
        .values(in_daily=False)
        .execution_options(synchronize_session=False)
    )
