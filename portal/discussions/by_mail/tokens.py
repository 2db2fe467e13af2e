"""The address to which one person answers in one thread, by mail."""

from __future__ import annotations

from flask import current_app

from portal import db
from portal.discussions.models import Thread
from portal.people.models import HandlingClass, Person
from portal.signed_addresses import address_with, is_signature, part_of, signature
from portal.web import LARGEST_NUMBER


def _bound_to(person_id: int, thread_id: int) -> str:
    return f"discussions.by_mail:{person_id}:{thread_id}"


def is_on() -> bool:
    """Whether posts can be answered by mail: mail comes in, and the mail server that hands it in has a name that is believed."""
    settings = current_app.config["SETTINGS"]
    return bool(settings.reply_to and settings.mail_checked_by)


def reply_address(person: Person, thread: Thread) -> str:
    """Where the person's answers go; empty if there can be none: of sensitive groups never (domain.md)."""
    if not is_on() or thread.group.handling_class is HandlingClass.SENSITIVE:
        return ""
    return address_with(f"r{person.id}.{thread.id}-{signature(_bound_to(person.id, thread.id))}")


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_NUMBER)):
        return None
    return int(text) if int(text) <= LARGEST_NUMBER else None


def whose(address: str) -> tuple[Person, Thread] | None:
    """Who answers, and in which thread; None if the address was not made here, or one of them is gone."""
    part, _dash, signed = part_of(address).rpartition("-")
    first, _dot, second = part.removeprefix("r").partition(".")
    person_id, thread_id = _number(first), _number(second)
    if not part.startswith("r") or person_id is None or thread_id is None:
        return None
    if not is_signature(signed, _bound_to(person_id, thread_id)):
        return None
    person, thread = db.session.get(Person, person_id), db.session.get(Thread, thread_id)
    return (person, thread) if person is not None and thread is not None else None
