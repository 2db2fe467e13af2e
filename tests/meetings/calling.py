"""What tests of calls share: a called meeting, and the mail about it."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from icalendar import Calendar

from portal import db, outbox
from portal.meetings import actions
from portal.meetings.actions import PLANNED, Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.models import Invitation, Meeting
from portal.people.models import Group, Person
from portal.web import Edge
from tests import mail_server

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
REPLY_TO = "answer@portal.example"


def call(group: Group, by: Person, *, items: bool = True, **more: Any) -> Meeting:
    """A meeting on 24 November 2026, called."""
    plan = Plan("LAMP-möte", START, START + timedelta(hours=6), place="Rosenbad 4", link="https://video.example/lamp")
    meeting = actions.plan_meeting(group, replace(plan, **more), by=by)
    if items:
        agenda.add_item(meeting, ItemPlan("Lägesbilder från länen"), by=by)
    actions.call_meeting(meeting, by=by)
    db.commit()
    return meeting


def change(meeting: Meeting, *, by: Person, **more: Any) -> None:
    """Change what is planned."""
    plan = Plan(**{name: getattr(meeting, name) for name in PLANNED})
    actions.change_meeting(meeting, replace(plan, **more), based_on=meeting.revision, by=by)
    db.commit()


def invitation_of(meeting: Meeting, person: Person) -> Invitation:
    """The person's invitation."""
    found = sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.person_id == person.id)
    return db.session.scalars(found).one()


def invite_guest(meeting: Meeting, name: str = "Gäst Talare", email: str = "gast@utanfor.example") -> Invitation:
    """Somebody without an account, called and mailed as the others are."""
    made = Invitation(meeting=meeting, guest_name=name, guest_email=email)
    db.session.add(made)
    db.session.flush()
    outbox.enqueue("invitation_mail", key=str(made.id), invitation_id=made.id)
    db.commit()
    return made


def mail_to(app: Edge, email: str) -> list[EmailMessage]:
    """What has been mailed to one person, oldest first."""
    outbox.run_all()
    return [made for made in mail_server.kept(app) if made["To"].addresses[0].addr_spec == email]


def text_of(made: EmailMessage) -> str:
    """The text of a mail."""
    body = made.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").replace("\N{NO-BREAK SPACE}", " ")


def calendar_of(made: EmailMessage) -> Any:
    """The calendar part of a mail."""
    (part,) = [part for part in made.walk() if part.get_content_type() == "text/calendar"]
    content: Any = part.get_payload(decode=True)
    calendar: Any = Calendar.from_ical(content)
    assert part.get_param("method") == calendar["METHOD"]
    return calendar


def event_of(made: EmailMessage) -> Any:
    """The one meeting in the calendar part of a mail."""
    (event,) = calendar_of(made).walk("VEVENT")
    return event


FOLDER = Path(__file__).parent / "calendars"
STAMP = "20261102T090500Z"


def program_answer(
    program: str, *, to: str, sender: str, uid: str, sequence: int, partstat: str = "ACCEPTED", stamp: str = STAMP,
    **replaced: str,
) -> bytes:  # fmt: skip
    """The answer as one of the mail programs writes it; `replaced` changes single lines of it, from one text to another."""

    def filled(text: str) -> str:
        for name, value in (
            ("TO", to), ("FROM", sender), ("UID", uid), ("SEQUENCE", str(sequence)), ("PARTSTAT", partstat), ("STAMP", stamp),
        ):  # fmt: skip
            text = text.replace(f"@@{name}@@", value)
        return text.replace(replaced["old"], replaced["new"]) if replaced else text

    text = filled((FOLDER / f"{program}.eml").read_text(encoding="utf-8"))
    inner = filled((FOLDER / "apple.ics").read_text(encoding="utf-8"))
    text = text.replace("@@BASE64@@", base64.encodebytes(inner.encode()).decode())
    return text.replace("\n", "\r\n").encode()
