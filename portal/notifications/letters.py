"""Notices as mail: what a message says follows the group's handling class (house rule 9)."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from flask import current_app, render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import audit, db, i18n, mail, outbox
from portal.notifications import tokens
from portal.notifications.delivery import actions as deliveries
from portal.notifications.delivery.bounces import bounce_address, letter_key
from portal.notifications.delivery.models import State, Via
from portal.notifications.delivery.policy import has_dead_address
from portal.notifications.kinds import Content, content_of, text_of, texts_of
from portal.notifications.models import GATHERED, Channel, Notice
from portal.notifications.policy import channels, group_channels, visible_notices
from portal.people.models import HandlingClass, Person

log = logging.getLogger("portal.mail")

EXCERPT = 300  # characters of each in a mail that gathers
MOST_ROWS = 50  # in one


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
        deliveries.note_state([notice_id], State.DROPPED, via=Via.MAIL, by=None)
        return  # no longer a member
    _send(notice.person, [notice])


def _name(notices: Sequence[Notice]) -> str:
    """The same for the same notices: a mail that goes out again after a crash is shown once."""
    return f"notice.{notices[0].id}.{len(notices)}"


def _stop_address(person: Person, sort: str) -> str:
    base: str = current_app.config["SETTINGS"].base_url
    return base + "/unsubscribe/" + tokens.unsubscribe_token(person, sort)


def _sorts(notices: Sequence[Notice], gathered: Channel | None) -> list[tuple[str, str]]:
    """How this mail can be stopped: the sort and the words for it, the narrowest first. Of a sensitive group only that it is
    one of one's groups. Empty if quiet hours gathered things that no one sort covers.
    """
    if len(notices) > 1 and gathered is not None:
        return [(f"gathered-{gathered.value}", _("No more gathered mail:"))]
    kinds, groups = {notice.kind for notice in notices}, {notice.group_id for notice in notices}
    is_of_group = len(groups) == 1 and None not in groups
    of_group = (f"group-{notices[0].group_id}", _("No more mail about this group:"))
    if any(says_nothing(notice) for notice in notices):
        return [of_group] if is_of_group else []
    if len(kinds) > 1:
        return []
    return [(f"kind-{notices[0].kind}", _("No more mail of this kind:")), *([of_group] if is_of_group else [])]


def _stops(person: Person, notices: Sequence[Notice]) -> tuple[list[tuple[str, str]], bool]:
    """Words and addresses by which mail is stopped, and whether the first does it at once. Where one click would stop more or
    less than what the mail is about, there is only the way to the preferences (RFC 2369 without RFC 8058).
    """
    sorts = _sorts(notices, _gathered_as(person, notices) if len(notices) > 1 else None)
    if sorts:
        return [(words, _stop_address(person, sort)) for sort, words in sorts], True
    base: str = current_app.config["SETTINGS"].base_url
    return [(_("Choose what comes by mail:"), f"{base}/account/notifications")], False


def _headers(stop: str, notices: Sequence[Notice], content: Content | None, *, is_one_click: bool) -> dict[str, str]:
    """List headers (RFC 2369, 2919, 8058), and the conversation that the message belongs to (RFC 5322, 3.6.4)."""
    domain, groups = mail.sender().domain, {notice.group_id for notice in notices}
    group = notices[0].group
    of_group = len(groups) == 1 and group is not None and not says_nothing(notices[0])
    made = {
        "List-Id": f"<group-{notices[0].group_id}.{domain}>" if of_group else f"<notices.{domain}>",
        "List-Unsubscribe": f"<{stop}>",
        "Precedence": "list",  # for programs that answer by themselves and are older than Auto-Submitted
    }
    if is_one_click:
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if content is not None:
        made |= {"In-Reply-To": f"<{content.thread}@{domain}>", "References": f"<{content.thread}@{domain}>"}
    return made


def _excerpts(person: Person, notices: Sequence[Notice]) -> dict[int, str]:
    """The beginning of what these notices are about, by their ids: a constant number of queries for each kind."""
    by_kind: dict[str, list[Notice]] = {}
    for notice in notices:
        if not says_nothing(notice):
            by_kind.setdefault(notice.kind, []).append(notice)
    return {
        notice.id: textwrap.shorten(text, EXCERPT, placeholder=" …")
        for kind, some in by_kind.items()
        for notice, text in zip(some, texts_of(kind, person, [one.details for one in some]), strict=True)
    }


def _rows(person: Person, notices: Sequence[Notice]) -> tuple[list[tuple[str, str, str]], int]:
    """Line, address and beginning of each up to a number, and how many more there are. A sensitive group's all say the same, and
    say it once.
    """
    rows: dict[tuple[str, str, str], None] = {}
    for start in range(0, len(notices), MOST_ROWS):
        some = notices[start : start + MOST_ROWS]
        excerpts = _excerpts(person, some)
        for number, notice in enumerate(some, start):
            if len(rows) == MOST_ROWS:
                return list(rows), len(notices) - number
            rows[line(notice), _address(notice), excerpts.get(notice.id, "")] = None
    return list(rows), 0


def _letter(person: Person, notices: Sequence[Notice]) -> mail.Mail:
    """One notice with what it is about, or several with the beginning of each."""
    first, content, more = notices[0], None, 0
    if len(notices) == 1:
        content = None if says_nothing(first) else content_of(first.kind, person, first.details)
        rows = [(line(first), _address(first), content.text if content else "")]
        subject = content.subject if content else rows[0][0]
    else:
        rows, more = _rows(person, notices)
        subject = ngettext(
            "%(num)s thing from Samverkansportalen", "%(num)s things from Samverkansportalen", len(notices)
        )
    stops, is_one_click = _stops(person, notices)
    reply_to = content.reply_to if content else ""
    text = render_template(
        "mail/notices.txt",
        lines=rows,
        more=more,
        base=current_app.config["SETTINGS"].base_url,
        stops=stops,
        may_answer=bool(reply_to),
    )
    return mail.Mail(
        person.name, person.email, subject, text, name=content.name if content else _name(notices),
        headers=_headers(stops[0][1], notices, content, is_one_click=is_one_click), reply_to=reply_to,
    )  # fmt: skip


def _gathered_as(person: Person, notices: Sequence[Notice]) -> Channel | None:
    """How most of them are gathered by choice: what the mail's address for stopping it stops. None: by quiet hours."""
    chosen, groups = channels(person), group_channels(person)
    found = [groups.get(notice.group_id or 0, chosen.get(notice.kind, Channel.DAILY)) for notice in notices]
    most = max(sorted(set(found)), key=found.count)
    return most if most in GATHERED else None


def _send(person: Person, notices: Sequence[Notice]) -> None:
    """Mail these notices, unless the person's address no longer works, and note how it went."""
    ids, person_id = [notice.id for notice in notices], person.id
    if has_dead_address(person):
        deliveries.note_state(ids, State.BLOCKED, via=Via.MAIL, by=None)
        return
    with force_locale(i18n.known(person.language)):
        letter = _letter(person, notices)
    key = letter_key(letter.name)
    letter = replace(letter, bounce_to=bounce_address(person_id, key))
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable as error:
        log.warning("mail to person %s was refused", person_id)
        audit.record("mail_refused", by=None, person_id=person_id)
        refused(person_id, error)
        deliveries.note_state(ids, State.REFUSED, via=Via.MAIL, code=str(error.code or ""), by=None)
    else:
        deliveries.note_state(ids, State.SENT, via=Via.MAIL, letter=key, by=None)


def refused(person_id: int, error: mail.Undeliverable) -> None:
    """A mail server did not take a mail; if that was about the address, the address is marked."""
    if error.is_address:
        deliveries.mark_dead(db.session.get_one(Person, person_id), code=str(error.code or ""), by=None)


@outbox.handler("notice_mail" + outbox.GIVEN_UP)
def note_given_up_mail(*, notice_id: int) -> None:
    """The mail server was away for longer than anything is tried."""
    deliveries.note_state([notice_id], State.REFUSED, via=Via.MAIL, code="given up", by=None)


@outbox.handler("address_mail")
def send_address_mail(*, person_id: int) -> None:
    """Show a person that the own address works."""
    person = db.session.get(Person, person_id)
    if person is None or not person.is_active:
        return
    with force_locale(i18n.known(person.language)):
        subject = str(_("Your address works"))
        text = render_template("mail/address_works.txt")
    bounce_to = bounce_address(person_id, letter_key(""))
    letter = mail.Mail(person.name, person.email, subject, text, bounce_to=bounce_to)
    db.pause()
    try:
        mail.deliver(letter)
    except mail.Undeliverable as error:
        refused(person_id, error)


@outbox.every(timedelta(minutes=5))
def gather_due() -> None:
    """One job for each person for whom something is due, unless there is one already."""
    under_way = sa.select(outbox.Job.key).where(outbox.Job.kind == "gathered_mail", outbox.Job.key.is_not(None))
    waited_for = set(db.session.scalars(under_way))
    for person_id in db.session.scalars(sa.select(Notice.person_id).where(Notice.due_at <= db.now()).distinct()).all():
        if str(person_id) not in waited_for:
            outbox.enqueue("gathered_mail", key=str(person_id), person_id=person_id)


@outbox.handler("gathered_mail")
def send_gathered(*, person_id: int) -> None:
    """One mail with all that is due and has not been read in the portal."""
    waiting = sa.select(Notice.id).where(Notice.person_id == person_id, Notice.due_at <= db.now())
    gathered = db.session.scalars(waiting).all()
    person = db.session.get(Person, person_id)
    if person is not None and person.is_active:
        unread = visible_notices(person).where(Notice.id.in_(gathered), Notice.read_at.is_(None))
        notices = db.session.scalars(unread.options(joinedload(Notice.group), joinedload(Notice.person))).all()
        read = [one for one in gathered if one not in {notice.id for notice in notices}]
        if notices:
            _send(person, notices)
        deliveries.note_state(read, State.SEEN, via=Via.MAIL, by=None)
    db.session.execute(
        sa.update(Notice)
        .where(Notice.id.in_(gathered))  # and not what came meanwhile
        .values(due_at=None)
        .execution_options(synchronize_session=False)
    )
